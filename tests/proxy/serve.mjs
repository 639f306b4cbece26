// A server for the tests of the proxy: HTTP/1.1 and HTTP/2 over TLS, HTTP/1.1 alone over TLS,
// the same for clients with a certificate of ROOT, and plain HTTP/1.1.
//
// usage: node serve.mjs KEY CERTIFICATE ROOT
// Prints one line, {"tls": PORT, "old": PORT, "mutual": PORT, "plain": PORT}, and runs until its
// standard input ends.
//
//   GET  /bytes/N   N bytes that follow from N alone
//   GET  /chunked   a body in chunks
//   POST /hash      SHA-256 of what was sent, in hex
//   GET  /page      a page that fetches /bytes/1000 and posts to /hash
// Every response says in `x-version` which version of HTTP was spoken.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';

function bytes(length) {
  const pieces = [];
  for (let at = 0, turn = 0; at < length; turn++) {
    const piece = createHash('sha512').update(`${length} ${turn >> 10}`).digest();
    pieces.push(piece);
    at += piece.length;
  }
  return Buffer.concat(pieces).subarray(0, length);
}

const PAGE = `<!doctype html><title>page</title><p id=out>waiting</p><script>
(async () => {
  await (await fetch('/bytes/1000')).arrayBuffer();
  const posted = await fetch('/hash', { method: 'POST', body: 'from the page' });
  document.getElementById('out').textContent = await posted.text();
})();
</script>`;

function answer(request, response) {
  response.setHeader('x-version', request.httpVersion);
  const path = request.url.split('?')[0];
  const length = path.match(/^\/bytes\/(\d+)$/);
  if (length) {
    const whole = Number(length[1]);
    if (whole <= 1 << 20) return response.end(bytes(whole));
    // What is large is sent piece by piece.
    const piece = bytes(1 << 16);
    let left = whole;
    const more = () => {
      while (left > 0) {
        const next = piece.subarray(0, Math.min(left, piece.length));
        left -= next.length;
        if (!response.write(next)) return response.once('drain', more);
      }
      response.end();
    };
    return more();
  }
  if (path === '/chunked') {
    for (let turn = 0; turn < 20; turn++) response.write(bytes(100 + turn));
    return response.end();
  }
  if (path === '/page') {
    response.setHeader('content-type', 'text/html');
    return response.end(PAGE);
  }
  if (path === '/hash') {
    const hash = createHash('sha256');
    request.on('data', (data) => hash.update(data));
    return request.on('end', () => response.end(hash.digest('hex')));
  }
  response.statusCode = 404;
  response.end();
}

const [key, cert, ca] = process.argv.slice(2).map((file) => readFileSync(file));
const servers = {
  tls: http2.createSecureServer({ key, cert, allowHTTP1: true }, answer),
  old: https.createServer({ key, cert }, answer),
  mutual: https.createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true }, answer),
  plain: http.createServer(answer),
};
await Promise.all(Object.values(servers).map((server) => new Promise((ready) => server.listen(0, '127.0.0.1', ready))));
console.log(JSON.stringify(Object.fromEntries(
  Object.entries(servers).map(([name, server]) => [name, server.address().port]))));
process.stdin.resume().on('end', () => process.exit(0));

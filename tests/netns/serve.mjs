// The server of HTTP/1 in clear and of HTTP/2 in the tests with network namespaces.
// usage: node serve.mjs FOLDER
//
// FOLDER holds key.pem and cert.pem; what is posted is appended to FOLDER/log.jsonl.
// GET /page is a page that posts what stands behind `#` in its address to /collect of its host.
import { appendFileSync, readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';

const folder = process.argv[2];
const PAGE = `<!doctype html><title>page</title><script>
fetch('/collect', { method: 'POST', body: decodeURIComponent(location.hash.slice(1)),
  headers: { 'content-type': 'application/json' } });
</script>`;

function answer(request, response) {
  const host = (request.authority ?? request.headers.host).split(':')[0];
  let body = '';
  request.setEncoding('utf8').on('data', (part) => (body += part)).on('end', () => {
    if (request.method === 'POST') {
      const by = `http/${request.httpVersionMajor}`;
      appendFileSync(`${folder}/log.jsonl`, JSON.stringify({ by, host, body }) + '\n');
    }
    response.setHeader('content-type', 'text/html');
    response.end(request.url === '/page' ? PAGE : 'ok');
  });
}

const [key, cert] = ['key', 'cert'].map((name) => readFileSync(`${folder}/${name}.pem`));
http.createServer(answer).listen(80, '0.0.0.0');
http2.createSecureServer({ key, cert, allowHTTP1: true }, answer).listen(443, '0.0.0.0', () => console.log('ready'));

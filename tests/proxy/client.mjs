// HTTP/2 and HTTP/1.1 of Node through a proxy by CONNECT.
//
// usage: node client.mjs PROXY_PORT SERVER_PORT ROOTS
// Prints a line for each request: version of HTTP, path, SHA-256 of the body.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';

const [proxy, port, roots] = process.argv.slice(2);
const ca = readFileSync(roots);
const authority = `localhost:${port}`;
const sha256 = (data) => createHash('sha256').update(data).digest('hex');

function tunnel(ALPNProtocols) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: proxy, method: 'CONNECT', path: authority });
    request.on('connect', (response, socket) => {
      if (response.statusCode !== 200) return reject(new Error(`CONNECT: ${response.statusCode}`));
      const secure = tls.connect({ socket, servername: 'localhost', ca, ALPNProtocols }, () => resolve(secure));
      secure.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}

async function second() {
  const socket = await tunnel(['h2']);
  const session = http2.connect(`https://${authority}`, { createConnection: () => socket });
  const ask = (headers, body) => new Promise((resolve, reject) => {
    const stream = session.request(headers);
    const pieces = [];
    let version;
    stream.on('response', (fields) => { version = fields['x-version']; });
    stream.on('data', (data) => pieces.push(data));
    stream.on('end', () => { console.log(version, headers[':path'], sha256(Buffer.concat(pieces))); resolve(); });
    stream.on('error', reject);
    stream.end(body);
  });
  // Several streams of one connection at once.
  await Promise.all([
    ask({ ':path': '/bytes/70001?node=h2' }),
    ask({ ':path': '/hash?node=h2', ':method': 'POST' }, Buffer.alloc(300000, 'x')),
    ask({ ':path': '/bytes/9?node=h2' }),
  ]);
  session.close();
}

async function first() {
  const socket = await tunnel(['http/1.1']);
  const agent = new https.Agent({ keepAlive: true });
  agent.createConnection = () => socket;
  for (const path of ['/bytes/5?node=h1', '/chunked?node=h1']) {
    await new Promise((resolve, reject) => {
      https.get({ agent, host: 'localhost', port, path }, (response) => {
        const pieces = [];
        response.on('data', (data) => pieces.push(data));
        response.on('end', () => {
          console.log(response.headers['x-version'], path, sha256(Buffer.concat(pieces)));
          resolve();
        });
      }).on('error', reject);
    });
  }
  socket.end();
}

await second();
await first();

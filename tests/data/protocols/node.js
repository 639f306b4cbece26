// A server and a client of Node's http2 (nghttp2): padding, trailers, an interim response, a push,
// a stream given up by each side, interleaved bodies, a tunnel (CONNECT), WebSocket (RFC 8441).
const http2 = require('http2');
const port = Number(process.argv[2]);
const { PADDING_STRATEGY_MAX } = http2.constants;
const wait = (event, on) => new Promise((done) => on.once(event, done));
const server = http2.createServer({ paddingStrategy: PADDING_STRATEGY_MAX, settings: { enableConnectProtocol: true } });
// A server's text frame, and what unmasks a client's.
const frame = (text) => Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);
const masked = (text, key) => Buffer.concat([Buffer.from([0x81, 0x80 | text.length]), key, Buffer.from(text).map((b, i) => b ^ key[i % 4])]);

server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  const path = headers[':path'];
  if (headers[':protocol'] === 'websocket') {
    stream.respond({ ':status': 200, 'sec-websocket-protocol': 'chat' });
    stream.on('data', () => stream.end(frame('over two')));
  } else if (headers[':method'] === 'CONNECT') {
    stream.respond({ ':status': 200 });
    stream.on('data', () => stream.end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ninside'));
  } else if (path === '/early') {
    stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' });
    stream.respond({ ':status': 200 });
    stream.end('early');
  } else if (path === '/push') {
    stream.pushStream({ ':path': '/pushed.css' }, (error, push) => {
      push.respond({ ':status': 200, 'content-type': 'text/css' });
      push.end('body{}');
      stream.respond({ ':status': 200 });
      stream.end('page');
    });
  } else if (path === '/reset') {
    stream.respond({ ':status': 200 });
    stream.write('partly');
    setTimeout(() => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR), 50);
  } else if (path === '/endless') {
    stream.respond({ ':status': 200 });
    stream.write('begun');
  } else {
    const parts = [];
    stream.on('data', (part) => parts.push(part));
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'text/plain' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': String(Buffer.concat(parts).length) }));
      stream.end(`got ${Buffer.concat(parts).length}`);
    });
  }
});

server.listen(port, '127.0.0.1', async () => {
  const client = http2.connect(`http://127.0.0.1:${port}`, { paddingStrategy: PADDING_STRATEGY_MAX, settings: { enablePush: true } });
  const authority = 'node.example.com';
  client.on('stream', (push) => push.resume());
  await wait('remoteSettings', client);
  const ask = (headers, body) => {
    const request = client.request({ ':authority': authority, ...headers }, { endStream: body === undefined });
    request.on('error', () => {});
    request.resume();
    if (body !== undefined) request.end(body);
    return request;
  };
  await wait('close', ask({ ':path': '/early' }));
  await wait('close', ask({ ':path': '/push' }));
  await wait('close', ask({ ':path': '/reset' }));
  const endless = ask({ ':path': '/endless' });
  await wait('data', endless);
  endless.close(http2.constants.NGHTTP2_CANCEL);
  await wait('close', endless);
  // Bodies of two requests, piece by piece in turns.
  const uploads = ['a', 'b'].map((name) => {
    const upload = client.request({ ':authority': authority, ':method': 'POST', ':path': `/upload/${name}`, 'x-name': name });
    upload.resume();
    return upload;
  });
  for (let n = 0; n < 4; n++) {
    for (const [i, upload] of uploads.entries()) upload.write('ab'[i].repeat(500 + n));
    await new Promise((done) => setTimeout(done, 20));
  }
  uploads.forEach((upload) => upload.end());
  await Promise.all(uploads.map((upload) => wait('close', upload)));
  // A header list longer than one frame: HEADERS and CONTINUATION.
  await wait('close', ask({ ':path': '/long', 'x-long': 'l'.repeat(20000) }));
  const tunnel = client.request({ ':method': 'CONNECT', ':authority': 'inside.example.com:80' });
  await wait('response', tunnel);
  tunnel.write('GET /in/tunnel HTTP/1.1\r\nHost: inside.example.com\r\n\r\n');
  tunnel.resume();
  await wait('end', tunnel);
  tunnel.close();
  const socket = client.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/chat?room=1', ':authority': 'ws.example.com', 'sec-websocket-version': '13' });
  await wait('response', socket);
  socket.write(masked('hello over h2', Buffer.from([1, 2, 3, 4])));
  socket.resume();
  await wait('end', socket);
  socket.close();
  setTimeout(() => { client.close(); server.close(() => process.exit(0)); setTimeout(() => process.exit(0), 300); }, 100);
});

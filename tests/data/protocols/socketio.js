// A server and a client of socket.io 4 on 127.0.0.1, for tests/record-socketio.sh: an event by
// long polling, one over WebSocket with an acknowledgement, one in a namespace; and a stream of
// server-sent events.
const http = require('http');
const { Server } = require('socket.io');
const { io } = require('socket.io-client');

const web = http.createServer((request, response) => {
  if (request.url !== '/events') return;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': comment\n\nevent: issued\nid: 1\ndata: {"sdk_id":"sse-867530900000017"}\n\n');
  response.write('data: {"lines":\ndata: "two"}\n\n');
  setTimeout(() => response.end(), 200);
});
const server = new Server(web);
for (const space of ['/', '/track']) {
  server.of(space).on('connection', (socket) => {
    socket.on('report', (data, done) => { if (done) done({ ok: true }); socket.emit('seen', { of: data.how }); });
  });
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const report = (how) => ({ how, imei: '867530900000017', say: '水火' });

web.listen(+process.argv[2], '127.0.0.1', async () => {
  const at = `http://127.0.0.1:${process.argv[2]}`;
  const polling = io(at, { transports: ['polling'], forceNew: true });
  await new Promise((done) => polling.on('connect', done));
  polling.emit('report', report('polling'));
  polling.emit('report', report('again'));
  await wait(300);
  polling.close();
  const socket = io(at, { transports: ['websocket'], forceNew: true });
  await new Promise((done) => socket.on('connect', done));
  await new Promise((done) => socket.emit('report', report('websocket'), done));
  const track = socket.io.socket('/track');
  await new Promise((done) => track.on('connect', done));
  track.emit('report', report('namespace'));
  await wait(300);
  socket.close();
  await new Promise((done) => http.get(`${at}/events`, (response) => response.resume().on('end', done)));
  await wait(100);
  process.exit(0);
});

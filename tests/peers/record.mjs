// Random HTTP/1 and HTTP/2 between the client and the server of Node (llhttp; nghttp2, whose HPACK is
// not ours), each from a fixed seed, over loopback. Prints what crossed the wire, piece by piece in the
// order in which it came, and what was said.
//
// usage: node record.mjs http1|http2 SEED COUNT
import crypto from "node:crypto";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";

const [version, seed, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];

let state = BigInt(seed);
const roll = (sides) => {
  state ^= (state << 13n) & 0xffffffffffffffffn;
  state ^= state >> 7n;
  state ^= (state << 17n) & 0xffffffffffffffffn;
  return Number((state >> 11n) % BigInt(sides));
};
const text = (length, letters = "abcdefghijklmnopqrstuvwxyz0123456789-._~ ;=") =>
  Array.from({ length }, () => letters[roll(letters.length)]).join("").trim();
const bytes = (outputLength) =>
  crypto.createHash("shake256", { outputLength }).update(String(roll(1 << 30))).digest();
const sha256 = (body) => crypto.createHash("sha256").update(body).digest("hex");

// Some names come again and again, as they do.
const headers = () =>
  Object.fromEntries(
    Array.from({ length: roll(6) }, () => [
      roll(2) ? `x-${roll(8)}` : `x-${text(1 + roll(20), "abcdefghij")}-${roll(50)}`,
      roll(3) ? `v${roll(4)}` : text(roll(300)),
    ]),
  );
const body = () => bytes([0, 1 + roll(100), roll(3000), roll(40000)][roll(4)]);

const plan = Array.from({ length: count }, (_, n) => ({
  method: ["GET", "POST", "PUT", "PATCH"][roll(4)],
  target: `/n/${n}?q=${text(roll(40), "abcdefgh%20")}`,
  headers: headers(),
  body: body(),
  pieces: 1 + roll(4),
  sized: roll(2) === 0,
  answer: { status: [200, 201, 404, 500][roll(4)], headers: headers(), body: body(), pieces: 1 + roll(4), sized: roll(2) === 0 },
}));
for (const one of plan) if (one.method === "GET") one.body = Buffer.alloc(0);

const write = async (stream, { body, pieces }) => {
  const length = Math.ceil(body.length / pieces) || 1;
  for (let at = 0; at < body.length; at += length) {
    stream.write(body.subarray(at, at + length));
    await new Promise((done) => setImmediate(done));
  }
  stream.end();
};
// Not `for await`, which destroys a stream that it has read to the end, with what is still to be sent.
const read = (stream) =>
  new Promise((done) => {
    const parts = [];
    stream.on("data", (part) => parts.push(part));
    stream.on("end", () => done(Buffer.concat(parts)));
  });
const listening = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));

// Stands between the two and keeps what passes.
const connections = [];
const between = (port) =>
  net.createServer((client) => {
    const kept = [];
    connections.push(kept);
    const server = net.connect(port, "127.0.0.1");
    client.on("data", (data) => (kept.push(["sent", data.toString("base64")]), server.write(data)));
    server.on("data", (data) => (kept.push(["received", data.toString("base64")]), client.write(data)));
    for (const [one, other] of [[client, server], [server, client]]) {
      one.on("end", () => other.end());
      one.on("error", () => other.destroy());
    }
  });

const wanted = (target) => plan[Number(target.split(/[/?]/)[2])];

if (version === "http1") {
  const server = http.createServer(async (request, response) => {
    const { answer } = wanted(request.url);
    await read(request);
    const length = answer.sized ? { "content-length": answer.body.length } : {};
    response.writeHead(answer.status, { ...answer.headers, ...length });
    write(response, answer);
  });
  const port = await listening(between(await listening(server)));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 3 });
  const ask = (one) =>
    new Promise((done, failed) => {
      const length = one.sized && one.method !== "GET" ? { "content-length": one.body.length } : {};
      const options = { port, agent, method: one.method, path: one.target, headers: { host: "peer.example", ...one.headers, ...length } };
      const request = http.request(options, (response) => read(response).then(done));
      request.on("error", failed);
      if (one.method === "GET") request.end();
      else write(request, one);
    });
  await Promise.all(plan.map(ask));
  agent.destroy();
} else {
  const padding = [http2.constants.PADDING_STRATEGY_NONE, http2.constants.PADDING_STRATEGY_ALIGNED][roll(2)];
  const settings = { headerTableSize: [0, 128, 4096, 16384][roll(4)], initialWindowSize: [1000, 65535][roll(2)] };
  const server = http2.createServer({ paddingStrategy: padding, settings });
  server.on("stream", async (stream, head) => {
    const { answer } = wanted(head[":path"]);
    await read(stream);
    stream.respond({ ":status": answer.status, ...answer.headers });
    write(stream, answer);
  });
  const port = await listening(between(await listening(server)));
  const session = http2.connect(`http://127.0.0.1:${port}`, { paddingStrategy: padding, settings });
  const ask = async (one) => {
    const head = { ":method": one.method, ":path": one.target, ":authority": "peer.example", ...one.headers };
    const stream = session.request(head, { endStream: one.method === "GET" });
    if (one.method !== "GET") write(stream, one);
    await read(stream);
  };
  for (let at = 0; at < plan.length; at += 20) await Promise.all(plan.slice(at, at + 20).map(ask));
  await new Promise((done) => session.close(done));
}

const told = ({ headers, body, ...rest }) => ({ ...rest, headers: Object.entries(headers), length: body.length, sha256: sha256(body) });
const said = plan.map(({ answer, ...request }) => ({ ...told(request), answer: told(answer) }));
process.stdout.write(JSON.stringify({ connections, said }), () => process.exit(0));

// The HTTP/2 server of tests/record-chromium.sh, by node's own http2; it also answers
// HTTP/1.1 in clear on the next port, and WebSocket over HTTP/2 (RFC 8441).
// usage: node serve.mjs FOLDER HTTP2-PORT HTTP1-PORT
//
// FOLDER holds cert.pem, key.pem and page.html; each exchange is appended to
// FOLDER/log.jsonl when it is over, with the hash of what was received and of what was
// answered before a content coding.
import { createHash, randomBytes } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createSecureServer } from "node:http2";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";

const [folder, h2Port, h1Port] = process.argv.slice(2);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const log = (entry) => appendFileSync(`${folder}/log.jsonl`, JSON.stringify(entry) + "\n");
const bare = (authority) => authority.replace(/:\d+$/, "");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const CODINGS = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync };

async function answer(request, response) {
  const h2 = request.httpVersionMajor === 2;
  const host = bare(h2 ? request.authority : request.headers.host);
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  const path = new URL(request.url, "https://x").pathname;
  const coding = path.split("/")[2];
  const text = JSON.stringify({ path: request.url, got: body.length, words: "as the server says ".repeat(60) });
  const head = { "access-control-allow-origin": "*", "access-control-allow-headers": "*", "cache-control": "no-store" };
  let status = 200, said = Buffer.from(text), coded;
  head["content-type"] = "application/json";
  if (request.method === "OPTIONS") [status, said] = [204, Buffer.alloc(0)];
  else if (path === "/") [said, head["content-type"]] = [readFileSync(`${folder}/page.html`), "text/html; charset=utf-8"];
  else if (path.startsWith("/coded/")) [coded, head["content-encoding"]] = [CODINGS[coding](said), coding];
  else if (path.startsWith("/binary/")) [said, head["content-type"]] = [randomBytes(+coding), "application/octet-stream"];
  else if (path.startsWith("/status/")) [status, said] = [+coding, [204, 304].includes(+coding) ? Buffer.alloc(0) : said];
  else if (path === "/redirect") [status, said, head.location] = [302, Buffer.alloc(0), "/coded/gzip?after=redirect"];
  else if (path === "/cookie") head["set-cookie"] = `visitor=fixture-${"0123456789".repeat(3)}; Path=/`;
  if (path === "/stream") {
    head["content-type"] = "text/event-stream";
    response.writeHead(status, head);
    said = Buffer.concat(await Promise.all([0, 1, 2, 3, 4].map(async (n) => {
      await pause(40 * n);
      const event = Buffer.from(`data: {"event": ${n}}\n\n`);
      response.write(event);
      return event;
    })));
    response.end();
  } else {
    response.writeHead(status, head);
    response.end(request.method === "HEAD" ? undefined : coded ?? said);
  }
  if (request.method === "HEAD") said = Buffer.alloc(0);
  log({ protocol: h2 ? "HTTP/2" : "HTTP/1", host, method: request.method, path: request.url,
        body_len: body.length, body_sha256: sha256(body),
        status, answer_len: said.length, answer_sha256: sha256(said) });
}

/** Frames of RFC 6455 §5.2, none longer than 64 KiB, none in fragments: echoed. */
function echo(stream, host, path) {
  let rest = Buffer.alloc(0);
  stream.on("data", (more) => {
    rest = Buffer.concat([rest, more]);
    for (;;) {
      if (rest.length < 2) return;
      const opcode = rest[0] & 15, extended = (rest[1] & 127) === 126;
      const length = extended ? (rest.length < 4 ? Infinity : rest.readUInt16BE(2)) : rest[1] & 127;
      const start = (extended ? 4 : 2) + 4;
      if (rest.length < start + length) return;
      const data = Buffer.from(rest.subarray(start, start + length)).map((byte, i) => byte ^ rest[start - 4 + (i & 3)]);
      rest = rest.subarray(start + length);
      const head = length < 126 ? Buffer.from([128 | opcode, length]) : Buffer.from([128 | opcode, 126, length >> 8, length & 255]);
      stream.write(Buffer.concat([head, data]));
      if (opcode === 8) return stream.end();
      for (const direction of ["sent", "received"])
        log({ protocol: "WebSocket", over: "HTTP/2", host, path, direction, opcode, body_len: length, body_sha256: sha256(data) });
    }
  });
}

const server = createSecureServer({
  key: readFileSync(`${folder}/key.pem`), cert: readFileSync(`${folder}/cert.pem`), settings: { enableConnectProtocol: true },
});
server.on("stream", (stream, head) => {
  if (head[":method"] !== "CONNECT") return;
  stream.respond({ ":status": 200 });
  log({ protocol: "HTTP/2", host: bare(head[":authority"]), method: "CONNECT", path: head[":path"],
        body_len: 0, body_sha256: null, status: 200, answer_len: 0, answer_sha256: null });
  echo(stream, bare(head[":authority"]), head[":path"]);
});
server.on("connect", () => {}); // Else node answers CONNECT itself, with 405.
server.on("request", answer);
server.listen(+h2Port, "127.0.0.1");
createServer(answer).listen(+h1Port, "127.0.0.1");

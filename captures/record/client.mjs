// A client: one connection, kept alive over its requests. The job comes on standard input.
import { createHash } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";

const job = JSON.parse(readFileSync(0, "utf8"));
const url = new URL(job.to);
const { Agent, request } = url.protocol === "https:" ? https : http;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function send(r) {
  const body = Buffer.from(r.body, "base64");
  const headers = r.headers.flat();
  if (body.length) headers.push(...(r.chunked ? ["Transfer-Encoding", "chunked"] : ["Content-Length", body.length]));
  const digest = createHash("sha256").update(body).digest("hex");
  const now = (Date.now() / 1000).toFixed(6);
  const columns = [now, url.hostname, r.method, r.path, digest, r.content_sha256, "node", job.readable];
  appendFileSync(job.sent, columns.join("\t") + "\n");
  return new Promise((resolve, reject) => {
    const q = request({
      agent, host: url.hostname, port: url.port || undefined, method: r.method, path: r.path, headers,
      ca: readFileSync(job.ca), maxVersion: job.tls ? `TLSv${job.tls}` : undefined,
      ciphers: job.ciphers ?? undefined,
    }, (response) => response.resume().on("end", resolve));
    q.on("error", reject);
    if (r.chunked) {
      // Three chunks, cut anywhere: an identifier may lie across a cut.
      const third = Math.ceil(body.length / 3);
      for (let at = 0; at < body.length; at += third) q.write(body.subarray(at, at + third));
    } else q.write(body);
    q.end();
  });
}

for (const r of job.requests) await send(r);
agent.destroy();

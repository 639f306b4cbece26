// Server-sent events and long polling: server and client in one, on a port that is given.
// Writes what the client received to standard output, as JSON: of each stream the data of its
// events, and the answers of its polls. See tests/record-events.sh.
const http = require("http");

const port = Number(process.argv[2]);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const host = "events.example.com";

const server = http.createServer(async (request, response) => {
  const path = new URL(request.url, "http://server").pathname;
  if (path === "/poll") {
    let body = "";
    for await (const piece of request) body += piece;
    await wait(200); // Nothing to say yet.
    response.setHeader("Content-Type", "application/json");
    return response.end(JSON.stringify({ after: JSON.parse(body).seen, say: "水火 " + body.length }));
  }
  response.setHeader("Content-Type", "text/event-stream; charset=utf-8");
  response.write(": a comment\nretry: 900\n\n");
  for (let number = 0; number < 4; number++) {
    response.write(`id: ${number}\nevent: note\n`);
    await wait(40); // An event in two writes.
    response.write(`data: line one of ${number}\ndata: 第二行 ${number}\n\n`);
  }
  if (path === "/endless") return setInterval(() => response.write(": still here\n\n"), 50).unref();
  response.end("data: never dispatched, for no blank line follows");
});

// As the WHATWG says: lines, fields, an event at each blank line.
function parsed(text) {
  const events = [];
  let data = [];
  for (const line of text.split("\n")) {
    if (line === "") {
      if (data.length) events.push(data.join("\n"));
      data = [];
    } else if (line.startsWith("data:")) {
      data.push(line.slice(5).replace(/^ /, ""));
    }
  }
  return events;
}

function stream(path, enough) {
  return new Promise((done) => {
    const request = http.get({ port, path, headers: { Host: host, Accept: "text/event-stream" } }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      const over = () => done({ path, events: parsed(text) });
      response.on("data", (piece) => {
        text += piece;
        if (enough && parsed(text).length >= enough) request.destroy(), over();
      });
      response.on("end", over);
    });
  });
}

async function polls(count) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const answers = [];
  for (let seen = 0; seen < count; seen++) {
    answers.push(await new Promise((done) => {
      const request = http.request({ port, path: "/poll", method: "POST", agent, headers: { Host: host } }, async (response) => {
        let text = "";
        for await (const piece of response) text += piece;
        done(text);
      });
      request.end(JSON.stringify({ seen }));
    }));
  }
  agent.destroy();
  return answers;
}

server.listen(port, "127.0.0.1", async () => {
  const streams = [await stream("/events"), await stream("/endless", 3)];
  console.log(JSON.stringify({ streams, polls: await polls(3) }, null, 1));
  server.closeAllConnections();
  server.close();
});

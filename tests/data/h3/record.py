#!/usr/bin/env python3
"""Records the HTTP/3 captures in this folder from aioquic's client and server, and from
Chromium, on loopback; see README.md.

Beside each capture lies its key log, and a JSON list of what client and server say they
sent and received, each in the order in which it was complete: that, and not our reading
of the capture, is what the tests expect.

Needs aioquic, openssl, tcpdump with the right to capture on lo; Chromium for its case.
usage: record.py [CASE...]
"""
import asyncio
import contextlib
import gzip
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.buffer import encode_uint_var
from aioquic.h3.connection import H3Connection, encode_frame
from aioquic.h3.events import DataReceived, HeadersReceived, PushPromiseReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import StreamDataReceived

out = pathlib.Path(__file__).parent.resolve()
work = pathlib.Path(tempfile.mkdtemp())
PORT = 44950
HOST = "h3.example.com"


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


openssl(
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
    "-keyout", work / "key.pem", "-out", work / "cert.pem", "-subj", f"/O=Fixture/CN={HOST}",
    "-addext", f"subjectAltName=DNS:{HOST}",
)


class Said:
    """Messages of a stream of one direction, as its receiver understood them."""

    def __init__(self):
        self.messages = []

    def __call__(self, direction, stream, headers, body, trailers=(), **more):
        text = lambda fields: [[k.decode(), v.decode()] for k, v in fields]
        self.messages.append({
            "direction": direction, "stream": stream, "headers": text(headers), "trailers": text(trailers),
            "length": len(body), "sha256": hashlib.sha256(body).hexdigest(), **more,
        })


class Side(QuicConnectionProtocol):
    said = None

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.http = H3Connection(self._quic)
        self.streams, self.answers = {}, {}

    @property
    def is_client(self):
        return self._quic.configuration.is_client

    def quic_event_received(self, event):
        for happened in self.http.handle_event(event):
            if isinstance(happened, PushPromiseReceived):
                self.said("received", happened.stream_id, happened.headers, b"", promised=happened.push_id)
                continue
            if not isinstance(happened, (HeadersReceived, DataReceived)):
                continue
            key = happened.stream_id
            state = self.streams.setdefault(key, {"heads": [], "body": b"", "push": happened.push_id, "size": 0})
            if isinstance(happened, HeadersReceived):
                state["heads"].append(happened.headers)
                self.head(key, happened.headers)
            else:
                state["body"] += happened.data
                self.data(key, happened.data)
            if happened.stream_ended:
                self.ended(key, self.streams.pop(key))
        self.transmit()

    def head(self, stream, headers):
        pass

    def data(self, stream, data):
        pass

    def ended(self, stream, state):
        heads = state["heads"]
        while dict(heads[0]).get(b":status", b"")[:1] == b"1":
            self.said("received", stream, heads.pop(0), b"")
        more = {} if state["push"] is None else {"push": state["push"]}
        self.said(
            "received" if self.is_client else "sent", stream, heads[0], state["body"], sum(heads[1:], []), **more
        )
        if not self.is_client:
            self.answer(stream, dict(heads[0]), state["body"])
        elif stream in self.answers:
            self.answers.pop(stream).set_result(state)

    def send(self, stream, head, body=b"", trailers=None, end=True):
        self.http.send_headers(stream, head, end and not body and not trailers)
        for at in range(0, len(body), 4000):
            self.http.send_data(stream, body[at : at + 4000], end and not trailers and at + 4000 >= len(body))
        if trailers:
            self.http.send_headers(stream, trailers, True)

    async def ask(self, head, body=b"", trailers=None):
        stream = self._quic.get_next_available_stream_id()
        self.answers[stream] = asyncio.get_running_loop().create_future()
        self.send(stream, head, body, trailers)
        self.transmit()
        return await asyncio.wait_for(self.answers[stream], 5)

    def answer(self, stream, head, body):
        path = head[b":path"]
        common = [(b"server", b"fixture"), (b"x-served-by", b"edge 7 of the fixture")]
        if path == b"/early":
            self.http.send_headers(stream, [(b":status", b"103"), (b"link", b"</style.css>; rel=preload")])
        if path == b"/push":
            pushed = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", HOST.encode()), (b":path", b"/pushed.js")]
            push = self.http.send_push_promise(stream, pushed)
            self.send(push, [(b":status", b"200"), *common], b"// pushed\n" * 20)
        if path == b"/package.Service/Method":
            head = [(b":status", b"200"), (b"content-type", b"application/grpc+proto"), *common]
            return self.send(stream, head, b"\0\0\0\0\x02\x08\x01", [(b"grpc-status", b"0"), (b"grpc-message", b"")])
        if path == b"/reserved":
            # A reserved frame before the head, one behind it (RFC 9114 §7.2.8).
            self._quic.send_stream_data(stream, encode_frame(0x1F * 5 + 0x21, b"grease"))
            self.http.send_headers(stream, [(b":status", b"200"), *common])
            self._quic.send_stream_data(stream, encode_frame(0x1F * 9 + 0x21, b"more grease"))
            return self.http.send_data(stream, b"behind grease", True)
        if head[b":method"] == b"HEAD" or path == b"/empty":
            return self.send(stream, [(b":status", b"204"), *common])
        if path == b"/gzip":
            zipped = gzip.compress(b"squeezed " * 300, mtime=0)
            return self.send(stream, [(b":status", b"200"), (b"content-encoding", b"gzip"), *common], zipped)
        if path == b"/":
            page = b"<!doctype html><title>Fixture</title><script src=/app.js></script>"
            return self.send(stream, [(b":status", b"200"), (b"content-type", b"text/html"), *common], page)
        if path == b"/app.js":
            return self.send(
                stream, [(b":status", b"200"), (b"content-type", b"text/javascript"), *common], APP.encode()
            )
        answer = hashlib.sha256(body).hexdigest().encode() + b"\n" + b"x" * (int(dict([p.split(b"=") for p in path.partition(b"?")[2].split(b"&") if b"=" in p]).get(b"size", 0)))
        self.send(stream, [(b":status", b"200"), (b"content-type", b"text/plain"), *common], answer)


# What Chromium runs: requests of several kinds, then a title that says it is done.
APP = """
(async () => {
  for (let n = 0; n < 6; n++)
    await fetch(`/v1/item/${n}?id=${n * 7919}`, {headers: {"x-device": "fixture-device-1", "x-count": `${n}`}});
  await Promise.all([1, 2, 3].map((n) => fetch(`/upload/${n}?size=${n * 2000}`, {
    method: "POST", headers: {"content-type": "application/json", "x-device": "fixture-device-1"},
    body: JSON.stringify({n, filling: "y".repeat(n * 1500)})})));
  await fetch("/gzip");
  await fetch("/empty", {method: "PUT", body: new Uint8Array(300)});
  document.title = "done";
})();
"""


def request(method, path, *more):
    head = [(":method", method), (":scheme", "https"), (":authority", HOST), (":path", path), *more]
    return [(k.encode(), v.encode()) for k, v in head]


AGENT = [("user-agent", "Fixture/1.0 (Test)"), ("x-device", "fixture-device-0123456789abcdef")]


async def requests(client):
    for number in range(4):
        await client.ask(request("GET", f"/v1/item/{number}", *AGENT, ("x-count", str(number))))
    await asyncio.gather(*(
        client.ask(request("POST", f"/upload/{n}?size={n * 3000}", *AGENT, ("content-type", "application/json")),
                   json.dumps({"n": n, "filling": "z" * n * 2500}).encode())
        for n in range(1, 4)
    ))
    for path in ["/early", "/gzip", "/empty", "/reserved"]:
        await client.ask(request("GET", path, *AGENT))
    await client.ask(request("HEAD", "/head", *AGENT))
    await client.ask(request("POST", "/trailers", *AGENT), b"body with trailers", [(b"x-checksum", b"abc123")])
    # A stream that means nothing (RFC 9114 §6.2.3), and one nobody has registered.
    for kind, words in [(0x1F * 3 + 0x21, b"reserved"), (0x2A2A, b"words of a stream nobody knows")]:
        stream = client._quic.get_next_available_stream_id(is_unidirectional=True)
        client._quic.send_stream_data(stream, encode_uint_var(kind) + words, True)
    for number in range(4, 10):
        await client.ask(request("GET", f"/v1/item/{number}", *AGENT, ("x-count", str(number))))


async def push(client):
    await client.ask(request("GET", "/push", *AGENT))
    await asyncio.sleep(0.2)
    await client.ask(request("GET", "/v1/after", *AGENT))


async def grpc(client):
    for number in range(3):
        await client.ask(
            request("POST", "/package.Service/Method", ("content-type", "application/grpc+proto"), ("te", "trailers")),
            bytes([0, 0, 0, 0, 2, 8, number]),
        )


class WebSocketServer(Side):
    """RFC 9220: an echo over a stream that is a WebSocket."""

    def head(self, stream, headers):
        self.said("sent", stream, headers, b"")
        self.http.send_headers(stream, [(b":status", b"200"), (b"sec-websocket-protocol", b"echo")])

    def data(self, stream, data):
        # Client frames are masked (RFC 6455 §5.3); the answer is not.
        while data:
            opcode, length, mask, data = data[0], data[1] & 0x7F, data[2:6], data[6:]
            words, data = bytes(b ^ mask[i % 4] for i, b in enumerate(data[:length])), data[length:]
            self.http.send_data(stream, bytes([opcode, len(words)]) + words, opcode == 0x88)

    def ended(self, stream, state):
        pass


async def websocket(client):
    stream = client._quic.get_next_available_stream_id()
    head = request("CONNECT", "/chat?room=1", (":protocol", "websocket"), ("sec-websocket-version", "13"),
                   ("sec-websocket-protocol", "echo"), ("origin", "https://h3.example.com"))
    head.insert(1, head.pop(4))
    client.http.send_headers(stream, head)
    for opcode, words in [(0x81, b"hello over h3"), (0x82, bytes(range(40))), (0x88, b"\x03\xe8")]:
        mask = b"\x11\x22\x33\x44"
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(words))
        client.http.send_data(stream, bytes([opcode, 0x80 | len(words)]) + mask + masked, opcode == 0x88)
        client.transmit()
        await asyncio.sleep(0.1)


class Resolver(QuicConnectionProtocol):
    """RFC 9250: each query, behind its length, on a stream of its own."""

    def quic_event_received(self, event):
        if isinstance(event, StreamDataReceived) and event.data and not self._quic.configuration.is_client:
            query = event.data[2:]
            # One answer: A 192.0.2.80, for a minute.
            record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x50"
            answer = query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:] + record
            self._quic.send_stream_data(event.stream_id, len(answer).to_bytes(2, "big") + answer, True)
            self.transmit()


async def doq(name="doq"):
    keys = out / f"{name}.keys"
    keys.unlink(missing_ok=True)
    settings = QuicConfiguration(is_client=False, alpn_protocols=["doq"])
    settings.load_cert_chain(work / "cert.pem", work / "key.pem")
    server = await serve("127.0.0.1", PORT, configuration=settings, create_protocol=Resolver)
    with recorded(name, f"udp port {PORT}"), open(keys, "a") as log:
        configuration = QuicConfiguration(
            is_client=True, alpn_protocols=["doq"], server_name=HOST, verify_mode=0, secrets_log_file=log
        )
        async with connect("127.0.0.1", PORT, configuration=configuration, create_protocol=Resolver) as client:
            for host in ["one", "two"]:
                question = bytes([len(host)]) + host.encode() + b"\7example\3com\0\0\1\0\1"
                query = b"\0\0\1\0\0\1\0\0\0\0\0\0" + question
                stream = client._quic.get_next_available_stream_id()
                client._quic.send_stream_data(stream, len(query).to_bytes(2, "big") + query, True)
                client.transmit()
                await asyncio.sleep(0.1)
    server.close()


@contextlib.contextmanager
def recorded(name, filter):
    path = out / f"{name}.pcap"
    path.unlink(missing_ok=True)
    user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
    dump = subprocess.Popen(
        ["tcpdump", "-i", "lo", "-U", "--immediate-mode", "-Z", user, "-s", "0", "-w", path, filter],
        stderr=subprocess.DEVNULL,
    )
    while not (path.exists() and path.stat().st_size):
        time.sleep(0.05)
    yield
    time.sleep(0.4)
    dump.send_signal(signal.SIGINT)
    dump.wait()


async def listen(said, protocol=Side):
    made = type("Server", (protocol,), {"said": said})
    settings = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
    settings.load_cert_chain(work / "cert.pem", work / "key.pem")
    return await serve("127.0.0.1", PORT, configuration=settings, create_protocol=made)


async def run(name, session, protocol=Side):
    said, keys = Said(), out / f"{name}.keys"
    keys.unlink(missing_ok=True)
    server = await listen(said, protocol)
    with recorded(name, f"udp port {PORT}"), open(keys, "a") as log:
        configuration = QuicConfiguration(
            is_client=True, alpn_protocols=["h3"], server_name=HOST, verify_mode=0, secrets_log_file=log
        )
        made = type("Client", (Side,), {"said": said})
        async with connect("127.0.0.1", PORT, configuration=configuration, create_protocol=made) as client:
            await asyncio.sleep(0.1)
            await session(client)
            await asyncio.sleep(0.1)
    server.close()
    (out / f"{name}.json").write_text(json.dumps(said.messages, indent=0) + "\n")


async def chromium(name="chromium"):
    """What the server received; what it sent, Chromium does not tell, so the server does."""
    said, keys = Said(), out / f"{name}.keys"
    keys.unlink(missing_ok=True)

    class Server(Side):
        def send(self, stream, head, body=b"", trailers=None, end=True):
            super().send(stream, head, body, trailers, end)
            said("received", stream, head, body, trailers or ())

    server = await listen(said, Server)
    spki = openssl("x509", "-in", work / "cert.pem", "-pubkey", "-noout")
    (work / "spki.pem").write_bytes(spki)
    der = openssl("pkey", "-pubin", "-in", work / "spki.pem", "-outform", "DER")
    import base64

    pin = base64.b64encode(hashlib.sha256(der).digest()).decode()
    with recorded(name, f"udp port {PORT}"):
        process = await asyncio.create_subprocess_exec(
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={work}/profile",
            "--disable-background-networking", "--disable-component-update", "--no-first-run",
            f"--origin-to-force-quic-on={HOST}:{PORT}", f"--ignore-certificate-errors-spki-list={pin}",
            f"--host-resolver-rules=MAP {HOST} 127.0.0.1", f"https://{HOST}:{PORT}/", "--remote-debugging-port=0",
            env={**os.environ, "SSLKEYLOGFILE": str(keys), "HOME": str(work)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            await asyncio.sleep(0.2)
            if any(m["headers"][3][1] == "/empty" for m in said.messages if m["direction"] == "sent"):
                break
        await asyncio.sleep(1)
        process.terminate()
        await process.wait()
    server.close()
    (out / f"{name}.json").write_text(json.dumps(said.messages, indent=0) + "\n")


CASES = {
    "requests": lambda: run("requests", requests),
    "push": lambda: run("push", push),
    "grpc": lambda: run("grpc", grpc),
    "websocket": lambda: run("websocket", websocket, WebSocketServer),
    "chromium": chromium,
    "doq": doq,
}
for case in sys.argv[1:] or CASES:
    asyncio.run(CASES[case]())
    size = (out / f"{case}.pcap").stat().st_size
    print(case, size, "bytes")

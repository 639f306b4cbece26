#!/usr/bin/env python3
"""The HTTP/3 server (aioquic) and the WebSocket server (websockets, with TLS, HTTP/1.1 and
permessage-deflate) of tests/record-chromium.sh.
usage: serve.py FOLDER HTTP3-PORT WEBSOCKET-PORT

FOLDER holds cert.pem and key.pem; what was received and answered is appended to
FOLDER/log.jsonl, as serve.mjs does.
"""
import asyncio
import gzip
import hashlib
import json
import os
import pathlib
import ssl
import sys

import websockets
from aioquic.asyncio import QuicConnectionProtocol, serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated

folder, h3_port, ws_port = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])


def log(**entry):
    with open(folder / "log.jsonl", "a") as file:
        file.write(json.dumps(entry) + "\n")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Http3(QuicConnectionProtocol):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.http, self.heads, self.bodies = None, {}, {}

    def quic_event_received(self, event):
        if isinstance(event, ProtocolNegotiated):
            self.http = H3Connection(self._quic)
        for event in self.http.handle_event(event) if self.http else ():
            if isinstance(event, HeadersReceived):
                self.heads.setdefault(event.stream_id, {k.decode(): v.decode() for k, v in event.headers})
            elif isinstance(event, DataReceived):
                self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
            else:
                continue
            if event.stream_ended:
                asyncio.ensure_future(self.answer(event.stream_id))

    async def answer(self, stream):
        head, body = self.heads.pop(stream), self.bodies.pop(stream, b"")
        method, target = head[":method"], head[":path"]
        path = target.split("?")[0]
        status, coding, said = 200, None, json.dumps({"path": target, "words": "as HTTP/3 says " * 60}).encode()
        if method == "OPTIONS":
            status, said = 204, b""
        elif method == "HEAD":
            said = b""
        elif path.startswith("/binary/"):
            said = os.urandom(int(path.split("/")[2]))
        elif path == "/coded/gzip":
            coding = "gzip"
        fields = [(":status", str(status)), ("access-control-allow-origin", "*"), ("access-control-allow-headers", "*"),
                  ("access-control-allow-methods", "*"), ("content-type", "application/json"), ("cache-control", "no-store")]
        fields += [("content-encoding", coding)] if coding else []
        self.http.send_headers(stream, [(k.encode(), v.encode()) for k, v in fields], end_stream=not said)
        if path == "/stream" and said:
            parts = [said[i::5] for i in range(5)]
            said = b"".join(parts)
            for part in parts:
                self.http.send_data(stream, part, end_stream=part is parts[-1])
                self.transmit()
                await asyncio.sleep(0.04)
        elif said:
            self.http.send_data(stream, gzip.compress(said) if coding else said, end_stream=True)
        self.transmit()
        log(protocol="HTTP/3", host=head[":authority"].rsplit(":", 1)[0], method=method, path=target,
            body_len=len(body), body_sha256=sha256(body),
            status=status, answer_len=len(said), answer_sha256=sha256(said))


async def echo(connection):
    host = connection.request.headers["Host"].rsplit(":", 1)[0]
    about = {"protocol": "WebSocket", "over": "HTTP/1", "host": host, "path": connection.request.path}
    log(protocol="HTTP/1", host=host, method="GET", path=connection.request.path, body_len=0, body_sha256=None,
        status=101, answer_len=0, answer_sha256=None)
    async for message in connection:
        opcode, data = (1, message.encode()) if isinstance(message, str) else (2, message)
        await connection.send(message)
        for direction in ["sent", "received"]:
            log(**about, direction=direction, opcode=opcode, body_len=len(data), body_sha256=sha256(data))


async def main():
    quic = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
    quic.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    await serve("127.0.0.1", h3_port, configuration=quic, create_protocol=Http3)
    async with websockets.serve(echo, "127.0.0.1", ws_port, ssl=tls):
        await asyncio.Future()


asyncio.run(main())

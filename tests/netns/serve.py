"""Servers for the tests with network namespaces: names, HTTP/3 (aioquic) and WebSocket over TLS.
usage: serve.py FOLDER ADDRESS

FOLDER holds key.pem and cert.pem; what is sent to them is appended to FOLDER/log.jsonl. Every
name under `example` has ADDRESS, and no other name is there.
"""
import asyncio
import json
import pathlib
import socket
import ssl
import struct
import sys

import websockets
from aioquic.asyncio import QuicConnectionProtocol, serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated

folder, address = pathlib.Path(sys.argv[1]), sys.argv[2]


def log(**entry):
    with open(folder / "log.jsonl", "a") as file:
        file.write(json.dumps(entry) + "\n")


class Names(asyncio.DatagramProtocol):
    """RFC 1035 §4: one question, at most one answer of type A."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, client):
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]])
            at += 1 + data[at]
        question = data[12 : at + 5]
        kind = struct.unpack(">H", data[at + 1 : at + 3])[0]
        known = labels[-1:] == [b"example"]
        answer = struct.pack(">HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(address) if known and kind == 1 else b""
        head = struct.pack(">HHHHH", 0x8580 if known else 0x8583, 1, bool(answer), 0, 0)
        self.transport.sendto(data[:2] + head + question + answer, client)


class Http3(QuicConnectionProtocol):
    http = None

    def quic_event_received(self, event):
        if isinstance(event, ProtocolNegotiated):
            self.http, self.heads, self.bodies = H3Connection(self._quic), {}, {}
        for event in self.http.handle_event(event) if self.http else ():
            stream = event.stream_id
            if isinstance(event, HeadersReceived):
                self.heads[stream] = dict(event.headers)
            elif isinstance(event, DataReceived):
                self.bodies[stream] = self.bodies.get(stream, b"") + event.data
            if event.stream_ended:
                log(by="http/3", host=self.heads[stream][b":authority"].decode(), body=self.bodies.get(stream, b"").decode())
                self.http.send_headers(stream, [(b":status", b"204")], end_stream=True)
                self.transmit()


async def listen(connection):
    async for message in connection:
        log(by="websocket", host=connection.request.headers["Host"].split(":")[0], body=message)
        await connection.send("ok")


async def main():
    files = folder / "cert.pem", folder / "key.pem"
    quic = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
    quic.load_cert_chain(*files)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*files)
    await asyncio.get_running_loop().create_datagram_endpoint(Names, local_addr=(address, 53))
    await serve(address, 443, configuration=quic, create_protocol=Http3)
    async with websockets.serve(listen, address, 8443, ssl=tls):
        print("ready", flush=True)
        await asyncio.Future()


asyncio.run(main())

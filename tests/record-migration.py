#!/usr/bin/env python3
"""Records tests/data/quic-migration/: HTTP/3 connections that go on from another address
(RFC 9000 §9), of aioquic's own client and server on loopback. For each case a capture, a
key log, and what the server logged: for each request its path, the SHA-256 of its body,
and how its answer is made.

    rebound      another port, the same connection id: a NAT that forgot (§9.3)
    moved        another port and another connection id, four times (§9.5)
    upload       a body whose two halves are sent from two ports
    neighbours   two connections to one server, which move to and fro by turns

Needs aioquic (1.2 or later), openssl, and tcpdump with the right to capture on lo.
usage: tests/record-migration.py [OUTPUT FOLDER]
"""
import asyncio
import contextlib
import hashlib
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated

HOST = "move.example.com"
out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "data/quic-migration").resolve()
out.mkdir(parents=True, exist_ok=True)
work = pathlib.Path(tempfile.mkdtemp())
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]
    + ["-keyout", work / "key.pem", "-out", work / "cert.pem", "-subj", f"/O=Fixture/CN={HOST}"],
    check=True, capture_output=True,
)
log = []


def answer(path, body):
    """What the server says to a request."""
    return f"{path} {hashlib.sha256(body).hexdigest()}\n".encode()


class Http3(QuicConnectionProtocol):
    """Either end."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.http, self.got, self.answers = None, {}, {}

    def quic_event_received(self, event):
        if isinstance(event, ProtocolNegotiated):
            self.http = H3Connection(self._quic)
        for event in self.http.handle_event(event) if self.http else []:
            headers, body = self.got.setdefault(event.stream_id, ({}, bytearray()))
            if isinstance(event, HeadersReceived):
                headers.update(event.headers)
            elif isinstance(event, DataReceived):
                body.extend(event.data)
            if not getattr(event, "stream_ended", False):
                continue
            if not self._quic.configuration.is_client:
                path = headers[b":path"].decode()
                told = answer(path, bytes(body))
                log.append({"path": path, "body_sha256": hashlib.sha256(body).hexdigest(), "body_len": len(body),
                            "answer_sha256": hashlib.sha256(told).hexdigest(), "from": self.port()})
                self.http.send_headers(event.stream_id, [(b":status", b"200")])
                self.http.send_data(event.stream_id, told, True)
                self.transmit()
            else:
                self.answers.pop(event.stream_id).set_result(bytes(body))

    def port(self):
        return self._quic._network_paths[0].addr[1]

    def begin(self, path):
        stream = self._quic.get_next_available_stream_id()
        self.answers[stream] = asyncio.get_running_loop().create_future()
        headers = [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", HOST.encode()), (b":path", path.encode())]
        self.http.send_headers(stream, headers)
        return stream

    def send(self, stream, piece, last):
        self.http.send_data(stream, piece, last)
        self.transmit()

    async def ask(self, path, body):
        stream = self.begin(path)
        self.send(stream, body, True)
        assert await asyncio.wait_for(self.answers[stream], 5) == answer(path, body)

    async def move(self, port, new_id):
        """Goes on from another port, by another connection id or the one it has."""
        connection = self

        class Forward(asyncio.DatagramProtocol):
            def datagram_received(self, data, addr):
                connection.datagram_received(data, addr)

        if new_id:
            self._quic.change_connection_id()
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", port))
        old = self._transport
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Forward, sock=sock)
        # What is on its way to the old port still arrives.
        asyncio.get_running_loop().call_later(0.5, old.abort)


@contextlib.contextmanager
def recorded(name, port):
    path = out / f"{name}.pcap"
    path.unlink(missing_ok=True)
    user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
    dump = subprocess.Popen(
        ["tcpdump", "-i", "lo", "-U", "-B", "16384", "--immediate-mode", "-Z", user, "-s", "0", "-w", path, f"udp port {port}"],
        stderr=subprocess.DEVNULL,
    )
    while not (path.exists() and path.stat().st_size):
        time.sleep(0.05)
    try:
        yield
        time.sleep(0.4)
    finally:
        dump.send_signal(signal.SIGINT)
        dump.wait()


def body(name, number, lines):
    return f"body {number} of {name}\n".encode() + b"".join(b"line %d\n" % line for line in range(lines))


async def rebound(name, port, open):
    async with open(port + 1) as client:
        for number in range(3):
            await client.ask(f"/{name}/{number}", body(name, number, 200))
            await client.move(port + 2 + number, new_id=False)
        await client.ask(f"/{name}/last", b"")


async def moved(name, port, open):
    async with open(port + 1) as client:
        for number in range(5):
            await client.ask(f"/{name}/{number}", body(name, number, 200))
            if number < 4:
                await client.move(port + 2 + number, new_id=True)


async def upload(name, port, open):
    async with open(port + 1) as client:
        stream = client.begin(f"/{name}")
        whole = body(name, 0, 1500)
        half = len(whole) // 2
        client.send(stream, whole[:half], False)
        await client.ask(f"/{name}/beside", b"small")
        await client.move(port + 2, new_id=True)
        client.send(stream, whole[half:], True)
        assert await asyncio.wait_for(client.answers[stream], 5) == answer(f"/{name}", whole)


async def neighbours(name, port, open):
    async with open(port + 1) as one, open(port + 2) as other:
        for number in range(3):
            await one.ask(f"/{name}/one/{number}", body("one", number, 50))
            await other.ask(f"/{name}/other/{number}", body("other", number, 50))
            await one.move(port + 3 + 2 * number, new_id=True)
            await other.move(port + 4 + 2 * number, new_id=number != 1)
        await one.ask(f"/{name}/one/last", b"")
        await other.ask(f"/{name}/other/last", b"")


async def main():
    for at, session in enumerate([rebound, moved, upload, neighbours]):
        name, port = session.__name__, 45100 + 20 * at
        settings = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
        settings.load_cert_chain(work / "cert.pem", work / "key.pem")
        server = await serve("127.0.0.1", port, configuration=settings, create_protocol=Http3)
        log.clear()
        with recorded(name, port), open(out / f"{name}.keys", "w") as keys:
            configuration = QuicConfiguration(
                is_client=True, alpn_protocols=["h3"], server_name=HOST, verify_mode=0, secrets_log_file=keys
            )

            def opened(local, configuration=configuration, port=port):
                return connect("127.0.0.1", port, configuration=configuration, create_protocol=Http3, local_port=local)

            await session(name, port, opened)
            await asyncio.sleep(0.2)
        server.close()
        lines = ",\n".join(json.dumps(entry) for entry in log)
        (out / f"{name}.json").write_text(f"[\n{lines}\n]\n")


asyncio.run(main())

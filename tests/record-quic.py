#!/usr/bin/env python3
"""Records the QUIC fixtures in tests/data/quic/ from aioquic's own client and server on
loopback: one capture and one key log for each case, with a certificate made for the
occasion. The test in src/secure/quic/recorded.rs lists what each must yield.

The client opens streams and sends "words of CASE stream N" and some filling; the server
answers each stream with the same bytes backwards.

Needs aioquic (1.2 or later), openssl, and tcpdump with the right to capture on lo.
usage: tests/record-quic.py [OUTPUT FOLDER]
"""
import asyncio
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import HandshakeCompleted, StreamDataReceived
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.tls import CipherSuite

V1, V2 = QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2
out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "data/quic").resolve()
work = pathlib.Path(tempfile.mkdtemp())
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]
    + ["-keyout", work / "key.pem", "-out", work / "cert.pem", "-subj", "/O=Fixture/CN=quic.example.com"]
    + ["-addext", "subjectAltName=DNS:quic.example.com"],
    check=True, capture_output=True,
)


class Backwards(QuicConnectionProtocol):
    """Answers a stream when it is whole."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.got, self.answers = {}, {}

    def quic_event_received(self, event):
        if isinstance(event, StreamDataReceived):
            self.got[event.stream_id] = self.got.get(event.stream_id, b"") + event.data
            if event.end_stream and not self._quic.configuration.is_client:
                self._quic.send_stream_data(event.stream_id, self.got.pop(event.stream_id)[::-1], True)
                self.transmit()
            elif event.end_stream and event.stream_id in self.answers:
                self.answers.pop(event.stream_id).set_result(self.got.pop(event.stream_id))

    async def ask(self, words):
        stream = self._quic.get_next_available_stream_id()
        self.answers[stream] = asyncio.get_running_loop().create_future()
        self._quic.send_stream_data(stream, words, True)
        self.transmit()
        assert await asyncio.wait_for(self.answers[stream], 5) == words[::-1]


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


async def run(name, port, session, server=None, retry=False, connections=1, **client):
    keys = out / f"{name}.keys"
    keys.unlink(missing_ok=True)
    settings = QuicConfiguration(is_client=False, alpn_protocols=["words"], **(server or {}))
    settings.load_cert_chain(work / "cert.pem", work / "key.pem")
    tickets = {}
    listening = await serve(
        "127.0.0.1", port, configuration=settings, create_protocol=Backwards, retry=retry,
        session_ticket_fetcher=tickets.pop, session_ticket_handler=lambda ticket: tickets.update({ticket.ticket: ticket}),
    )
    with recorded(name, port), open(keys, "a") as log:
        kept = None

        def keep(ticket):
            nonlocal kept
            kept = ticket

        for number in range(connections):
            configuration = QuicConfiguration(
                is_client=True, alpn_protocols=["words"], server_name="quic.example.com", verify_mode=0,
                secrets_log_file=log, session_ticket=kept, **client,
            )
            async with connect(
                "127.0.0.1", port, configuration=configuration, create_protocol=Backwards,
                session_ticket_handler=keep, wait_connected=kept is None, local_port=port + 1000,
            ) as connection:
                await session(name if number == 0 else f"{name} resumed", connection)
                await asyncio.sleep(0.1)
    listening.close()


def words(name, number, size=0):
    return f"words of {name} stream {number}\n".encode() + b"filling\n" * size


async def plain(name, connection):
    await connection.ask(words(name, 0))
    await asyncio.gather(*(connection.ask(words(name, number, 400)) for number in range(1, 4)))


async def updates(name, connection):
    for number in range(4):
        await connection.ask(words(name, number))
        connection._quic.request_key_update()
        await connection.ping()


async def ids(name, connection):
    for number in range(4):
        await connection.ask(words(name, number))
        connection._quic.change_connection_id()
        await connection.ping()


async def datagrams(name, connection):
    await connection.ask(words(name, 0))
    connection._quic.send_datagram_frame(b"datagram of " + name.encode())
    connection.transmit()
    await connection.ping()


def suite(number):
    return {"cipher_suites": [number]}


async def main():
    port = 44900
    cases = [
        ("v1-aes128", plain, suite(CipherSuite.AES_128_GCM_SHA256)),
        ("v1-aes256", plain, suite(CipherSuite.AES_256_GCM_SHA384)),
        ("v1-chacha20", plain, suite(CipherSuite.CHACHA20_POLY1305_SHA256)),
        ("v2", plain, dict(original_version=V2, supported_versions=[V2])),
        # Asked in version 1, answered in version 2.
        ("v1-to-v2", plain, dict(original_version=V1, supported_versions=[V2, V1], server=dict(supported_versions=[V2, V1]))),
        ("retry", plain, dict(retry=True)),
        ("key-update", updates, {}),
        ("key-update-v2", updates, dict(original_version=V2, supported_versions=[V2])),
        ("connection-ids", ids, {}),
        ("zero-rtt", plain, dict(connections=2)),
        ("datagram", datagrams, dict(max_datagram_frame_size=1200, server=dict(max_datagram_frame_size=1200))),
    ]
    for name, session, settings in cases:
        try:
            await run(name, port, session, **settings)
        except Exception as error:
            print(name, repr(error))
        port += 2


asyncio.run(main())

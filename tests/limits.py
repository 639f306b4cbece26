#!/usr/bin/env python3
"""Makes captures that reach the limits of wirewitness, and runs it on each: it must end with an
exit code that its help names, name the limit in a gap, and stay within its memory.

usage: tests/limits.py BINARY [NAME]... [--megabytes N] [--folder FOLDER] [--list]

`quic-hellos` needs Python's cryptography (scripts/setup.sh --tests installs it, with aioquic).

Prints for each capture its size, processor time, peak of resident memory and the gaps. The
largest takes 4 GB of FOLDER (else of the system's temporary one) for as long as it is read.
Exit code 1: one of them did not hold.
"""

import argparse
import base64
import hmac
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "target/python"))
DEVICE = ROOT / "captures/aftersales/device.toml"
SYN, ACK, FIN = 2, 16, 1
SEGMENT = 60_000
MIB = 1 << 20


class Capture:
    """A pcap of raw IPv4 packets (link type 101), written as it is made."""

    def __init__(self, file):
        self.file, self.number = file, 0
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))

    def packet(self, packet):
        time = self.number
        self.number += 1
        self.file.write(struct.pack("<IIII", 1_772_352_000 + time // 1_000_000, time % 1_000_000, len(packet), len(packet)))
        self.file.write(packet)

    def ip(self, protocol, source, target, payload, fragment=0x4000, ident=0):
        self.packet(struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(payload), ident, fragment, 64, protocol, 0, source, target) + payload)

    def tcp(self, source, sport, target, tport, seq, ack, flags, payload=b""):
        head = struct.pack(">HHIIBBHHH", sport, tport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags, 65535, 0, 0)
        self.ip(6, source, target, head + payload)

    def udp(self, source, sport, target, tport, payload):
        self.ip(17, source, target, struct.pack(">HHHH", sport, tport, 8 + len(payload), 0) + payload)


CLIENT, SERVER = 0x0A000001, 0xCB007109


class Stream:
    """A connection whose client sends what it is given, and whose server acknowledges."""

    def __init__(self, capture, client=CLIENT, sport=40_000, tport=80, server=SERVER):
        self.capture, self.ends = capture, (client, sport, server, tport)
        self.seq, self.ack = 1, 1
        capture.tcp(*self.ends, 0, 0, SYN)
        capture.tcp(*self.back(), 0, 1, SYN | ACK)

    def back(self):
        client, sport, server, tport = self.ends
        return server, tport, client, sport

    def send(self, data):
        for at in range(0, len(data), SEGMENT):
            part = data[at:at + SEGMENT]
            self.capture.tcp(*self.ends, self.seq, self.ack, ACK, part)
            self.seq += len(part)
        self.capture.tcp(*self.back(), self.ack, self.seq, ACK)

    def answer(self, data):
        for at in range(0, len(data), SEGMENT):
            part = data[at:at + SEGMENT]
            self.capture.tcp(*self.back(), self.ack, self.seq, ACK, part)
            self.ack += len(part)


def half_open(capture):
    for n in range(1_000_000):
        capture.tcp(CLIENT + n // 50_000, 10_000 + n % 50_000, SERVER, 443, n, 0, SYN)


def open_requests(capture):
    """Each connection has sent half of a request, and stays open."""
    for n in range(300_000):
        ends = (CLIENT + n // 50_000, 10_000 + n % 50_000, SERVER, 80)
        capture.tcp(*ends, 0, 0, SYN)
        capture.tcp(*ends, 1, 1, ACK, b"POST /up HTTP/1.1\r\nHost: up.example.com\r\nContent-Length: 9000\r\n\r\nhalf of it")


def uploads(capture, connections=1_000, megabytes=1.6):
    """Uploads that all come in at the same time, a segment of each after the other."""
    length = int(megabytes * 1e6)
    ends = [(CLIENT + n // 50_000, 10_000 + n % 50_000, SERVER, 80) for n in range(connections)]
    head = b"POST /up HTTP/1.1\r\nHost: up.example.com\r\nContent-Length: %d\r\n\r\n" % length
    for end in ends:
        capture.tcp(*end, 0, 0, SYN)
        capture.tcp(*end, 1, 1, ACK, head)
    part = bytes(range(256)) * 64
    for at in range(0, length, len(part)):
        for end in ends:
            capture.tcp(*end, 1 + len(head) + at, 1, ACK, part[:length - at])


def large_uploads(capture):
    """As many as there are shards, each as large as is kept."""
    uploads(capture, 64, 8.0)


def holes(capture):
    part = bytes(range(256)) * 128
    for n in range(10_000):
        ends = (CLIENT + n // 5_000, 10_000 + n % 5_000, SERVER, 80)
        capture.tcp(*ends, 0, 0, SYN)
        capture.tcp(*ends, 1001, 1, ACK, part)
        capture.tcp(*ends, 1001 + len(part), 1, ACK, part)


def small_holes(capture):
    """Every second byte of a stream is missing."""
    for n in range(2_000_000):
        capture.tcp(CLIENT, 40_000, SERVER, 80, 1 + 2 * n + 1, 1, ACK, b"x")


def stream_of_4_gb(capture):
    stream, part = Stream(capture), bytes(range(256)) * 4 * 1024
    stream.send(b"POST /up HTTP/1.1\r\nHost: up.example.com\r\nContent-Length: %d\r\n\r\n" % (4096 * len(part)))
    for _ in range(4096):
        stream.send(part)


def dns_names(capture):
    for n in range(1_000_000):
        name = b"".join(bytes([len(label)]) + label for label in (b"h%07d" % n, b"names", b"example", b"com")) + b"\0"
        address = struct.pack(">I", 0x64000000 + n)
        answer = struct.pack(">HHHHHH", n & 0xFFFF, 0x8180, 1, 1, 0, 0) + name + b"\0\1\0\1" + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + address
        capture.udp(0x08080808, 53, CLIENT, 5353 + n % 1000, answer)


def h2_frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + h2_frame(4, 0, 0, b"")
# :method POST, :scheme http, :path /, :authority up.example.com as a literal.
H2_HEAD = b"\x83\x86\x84\x01\x0eup.example.com"


def h2_streams(capture):
    stream = Stream(capture)
    stream.send(PREFACE)
    for first in range(0, 1_000_000, 1000):
        stream.send(b"".join(h2_frame(1, 4, 2 * n + 1, H2_HEAD) for n in range(first, first + 1000)))


def h2_bodies(capture):
    """A thousand streams of one connection that each have sent half a megabyte."""
    stream = Stream(capture)
    stream.send(PREFACE)
    stream.send(b"".join(h2_frame(1, 4, 2 * n + 1, H2_HEAD) for n in range(1000)))
    part = b"a=1&" * 4000
    for _ in range(32):
        for n in range(1000):
            stream.send(h2_frame(0, 0, 2 * n + 1, part))


def h2_continuation(capture):
    stream, part = Stream(capture), b"\x00\x01x\x7f\x81\x7e" + b"v" * 16_000
    stream.send(PREFACE)
    stream.send(h2_frame(1, 0, 1, H2_HEAD))
    for _ in range(1 << 30 >> 14):
        stream.send(h2_frame(9, 0, 1, part[:16_384]))


def h1_headers(capture):
    stream = Stream(capture)
    stream.send(b"GET / HTTP/1.1\r\nHost: up.example.com\r\nX-Long: ")
    part = b"v" * MIB
    for _ in range(1024):
        stream.send(part)


def h1_fields(capture):
    stream = Stream(capture)
    stream.send(b"GET / HTTP/1.1\r\nHost: up.example.com\r\n")
    part = b"X-Field: value\r\n" * 65_536
    for _ in range(1024):
        stream.send(part)


def h1_pipelined(capture):
    stream = Stream(capture)
    for n in range(0, 1_000_000, 1000):
        stream.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: up.example.com\r\n\r\n" % k for k in range(n, n + 1000)))


def h1_chunks(capture):
    """A body in chunks of one byte."""
    stream = Stream(capture)
    stream.send(b"POST /up HTTP/1.1\r\nHost: up.example.com\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(256):
        stream.send(b"1\r\na\r\n" * 65_536)


def websocket(capture):
    """One message of a gigabyte."""
    stream = Stream(capture)
    stream.send(b"GET /w HTTP/1.1\r\nHost: up.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
    stream.answer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
    stream.send(b"\x81\xff" + struct.pack(">Q", 1 << 30) + b"\0\0\0\0")
    for _ in range(1024):
        stream.send(b"w" * MIB)


def mqtt(capture):
    """One packet of 256 MB, the most that MQTT allows."""
    stream = Stream(capture, tport=1883)
    stream.send(b"\x10\x10\0\4MQTT\4\2\0\x3c\0\4test")
    stream.answer(b"\x20\2\0\0")
    stream.send(b"\x30\xff\xff\xff\x7f\0\1t")
    for _ in range(256):
        stream.send(b"m" * MIB)


def tls_records(capture):
    """A handshake that never ends: records of a message of 16 MB, over and over."""
    stream = Stream(capture, tport=443)
    stream.send(b"\x16\3\1\x40\0\1\xff\xff\xff" + b"h" * 16_380)
    for _ in range(65_536 // 4):
        stream.send(b"\x16\3\1\x40\0" + b"h" * 16_384)


def udp_flows(capture):
    for n in range(1_000_000):
        capture.udp(CLIENT + n // 50_000, 10_000 + n % 50_000, SERVER, 9000, b"hello, this is datagram %d" % n)


def fragments(capture):
    """First halves of packets whose second ones never come."""
    part = struct.pack(">HHHH", 1, 2, 3000, 0) + b"f" * 1472
    for n in range(500_000):
        capture.ip(17, CLIENT + n // 65_536, SERVER, part, fragment=0x2000, ident=n % 65_536)


def deep_packets(capture):
    """IP in IP in IP …, a hundred and a thousand of them."""
    for depth in (9, 100, 1000):
        packet = b""
        for level in range(depth):
            packet = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(packet), 0, 0x4000, 64, 4 if level else 17, 0, CLIENT, SERVER) + packet
        for _ in range(1000):
            capture.packet(packet)


def deep_tunnels(capture):
    """CONNECT in CONNECT in CONNECT …"""
    stream = Stream(capture)
    for n in range(100):
        stream.send(b"CONNECT h%d.example.com:80 HTTP/1.1\r\nHost: h%d.example.com\r\n\r\n" % (n, n))
        stream.answer(b"HTTP/1.1 200 OK\r\n\r\n")
    stream.send(b"GET / HTTP/1.1\r\nHost: last.example.com\r\n\r\n")


def deep_bodies(capture):
    """Containers in containers; what each of them may cost by itself is tested in tests/bombs.rs."""
    inner = b'{"imei":"490154203237518"}'
    for _ in range(40):
        packed = zlib.compress(inner, 9) if len(inner) > 2000 else inner
        inner = b'{"d":"' + base64.b64encode(packed) + b'"}'
    stream = Stream(capture)
    for body in [inner, b"[" * 8_000_000, b'{"a":' * 1_500_000, b"\x81" * 8_000_000, b"<a>" * 2_500_000, b"a[b]" * 2_000_000,
                 b"%25" * 2_500_000, b"\x0a\x7e" * 4_000_000]:
        stream.send(b"POST /up HTTP/1.1\r\nHost: up.example.com\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def many_hosts(capture):
    """A request to each of 200,000 recipients that no signature knows."""
    for n in range(200_000):
        ends = (CLIENT + n // 50_000, 10_000 + n % 50_000, SERVER + n, 80)
        capture.tcp(*ends, 0, 0, SYN)
        capture.tcp(*ends, 1, 1, ACK, b"GET /?oaid=%016x HTTP/1.1\r\nHost: www.h%d.com\r\n\r\n" % (n, n))
        capture.tcp(*ends, 1, 1, ACK | FIN)


def many_sightings(capture):
    """A value of the device under 100,000 different names, in requests of a thousand connections."""
    for first in range(0, 100_000, 100):
        stream = Stream(capture, sport=10_000 + first // 100)
        for n in range(first, first + 100):
            stream.send(b"GET /?imei%d=869999004172642 HTTP/1.1\r\nHost: up.example.com\r\n\r\n" % n)


def waiting_heads(capture):
    """10,000 connections that each have sent 60 KB of a head."""
    part = b"v" * 59_900
    for n in range(10_000):
        Stream(capture, CLIENT + n // 50_000, 10_000 + n % 50_000).send(b"GET / HTTP/1.1\r\nHost: up.example.com\r\nX-Long: " + part)


def waiting_requests(capture):
    """Requests of 50 KB, each in a hundred connections a hundred times, that nobody answers."""
    request = b"GET /%s HTTP/1.1\r\nHost: up.example.com\r\n\r\n" % (b"p" * 50_000)
    for n in range(100):
        stream = Stream(capture, sport=10_000 + n)
        for _ in range(100):
            stream.send(request)


CLIENT_HELLO = bytes.fromhex("0303") + bytes(32) + bytes.fromhex("00000213010100000a000000060004000001") + b"x"


def tls_record(kind, payload):
    return struct.pack(">BHH", kind, 0x0301, len(payload)) + payload


def waiting_records(capture):
    """20,000 connections of TLS that each have sent half a record."""
    hello = tls_record(22, b"\1" + struct.pack(">I", len(CLIENT_HELLO))[1:] + CLIENT_HELLO)
    for n in range(20_000):
        stream = Stream(capture, CLIENT + n // 50_000, 10_000 + n % 50_000, 443)
        stream.send(hello + tls_record(23, bytes(16_384))[:16_000])


def waiting_handshakes(capture):
    """3,000 connections of TLS whose clients send 200 KB of a handshake message, and more, before the server says anything."""
    hello = tls_record(22, b"\1" + struct.pack(">I", len(CLIENT_HELLO))[1:] + CLIENT_HELLO)
    more = tls_record(22, b"\x0b" + struct.pack(">I", 250_000)[1:] + bytes(16_380)) + tls_record(22, bytes(16_384)) * 12
    for n in range(3_000):
        Stream(capture, CLIENT, 10_000 + n, 443).send(hello + more)


def waiting_turns(capture):
    """20,000 connections of no known protocol, each in the middle of a turn."""
    for n in range(20_000):
        Stream(capture, CLIENT + n // 50_000, 10_000 + n % 50_000, 9_000).send(b"\x07\x99" + bytes(50_000))


def h2_connections(capture):
    """A thousand connections of HTTP/2 with a thousand open streams each."""
    heads = b"".join(h2_frame(1, 4, 2 * n + 1, H2_HEAD) for n in range(1000))
    for n in range(1000):
        Stream(capture, sport=10_000 + n).send(PREFACE + heads)


def h2_tables(capture):
    """Heads that name one long entry of the header table over and over, in 64 connections."""
    entry = b"\x40\x01x\x7f\xb9\x16" + b"v" * 3_000
    head = H2_HEAD + b"\xbe" * 80
    frames = h2_frame(1, 4, 1, H2_HEAD + entry) + b"".join(h2_frame(1, 4, 2 * n + 1, head) for n in range(1, 100))
    for n in range(64):
        Stream(capture, sport=10_000 + n).send(PREFACE + frames)


def websocket_windows(capture):
    """30,000 connections with a compressed message that goes on."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    payload = packed.compress(b"a" * 30_000) + packed.flush(zlib.Z_SYNC_FLUSH)
    for n in range(30_000):
        stream = Stream(capture, CLIENT + n // 50_000, 10_000 + n % 50_000)
        stream.send(b"GET /w HTTP/1.1\r\nHost: up.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                    b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
        stream.answer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                      b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
        stream.send(b"\x41" + bytes([0x80 | len(payload)]) + b"\0\0\0\0" + payload)


def quic_hellos(capture):
    """10,000 connections of QUIC to 200 servers, whose first packet (RFC 9001 §5.2) holds all of a hello but its start."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    def expand(secret, label, length):
        info = struct.pack(">HB", length, 6 + len(label)) + b"tls13 " + label + b"\0"
        return hmac.digest(secret, info + b"\1", "sha256")[:length]

    body = bytes(50_000)
    for n in range(10_000):
        ident = struct.pack(">Q", n)
        initial = hmac.digest(bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), ident, "sha256")
        secret = expand(initial, b"client in", 32)
        key, iv, mask = (expand(secret, label, size) for label, size in ((b"quic key", 16), (b"quic iv", 12), (b"quic hp", 16)))
        frame = b"\6" + struct.pack(">HI", 0x4000 | 1000, 0x8000_0000 | len(body)) + body
        head = b"\xc3\0\0\0\1\x08" + ident + b"\0\0" + struct.pack(">I", 0x8000_0000 | 4 + len(frame) + 16) + bytes(4)
        sealed = AESGCM(key).encrypt(iv, frame, head)
        hidden = Cipher(algorithms.AES(mask), modes.ECB()).encryptor().update(sealed[:16])
        packet = bytes([head[0] ^ hidden[0] & 0x0F]) + head[1:-4] + bytes(a ^ b for a, b in zip(head[-4:], hidden[1:5])) + sealed
        capture.udp(CLIENT, 10_000 + n, SERVER + n // 50, 443, packet)


def many_names(capture):
    """A host with a thousand addresses."""
    for n in range(1000):
        ends = (CLIENT, 10_000 + n, SERVER + n, 80)
        capture.tcp(*ends, 0, 0, SYN)
        capture.tcp(*ends, 1, 1, ACK, b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")


# Each with what its gaps must say; of `None`, nothing is given up.
LIMITS = {
    "half-open": (half_open, "streams at once"),
    "open-requests": (open_requests, "streams at once"),
    "uploads": (uploads, "at the same time"),
    "large-uploads": (large_uploads, "at the same time"),
    "holes": (holes, "missing from a TCP stream"),
    "small-holes": (small_holes, "missing from a TCP stream"),
    "stream-4gb": (stream_of_4_gb, "of a body"),
    "dns-names": (dns_names, "names"),
    "h2-streams": (h2_streams, "streams"),
    "h2-bodies": (h2_bodies, "kept"),
    "h2-continuation": (h2_continuation, "field block"),
    "h1-headers": (h1_headers, "head"),
    "h1-fields": (h1_fields, "head"),
    "h1-pipelined": (h1_pipelined, None),
    "h1-chunks": (h1_chunks, "of a body"),
    "websocket": (websocket, "of a body"),
    "mqtt": (mqtt, "of a body"),
    "tls-records": (tls_records, None),
    "udp-flows": (udp_flows, "not followed any further"),
    "fragments": (fragments, "fragment"),
    "deep-packets": (deep_packets, "inside each other"),
    "deep-tunnels": (deep_tunnels, "deep"),
    "deep-bodies": (deep_bodies, "inside each other"),
    "many-hosts": (many_hosts, "recipients"),
    "many-sightings": (many_sightings, "different sightings"),
    "many-names": (many_names, "addresses are named"),
    "waiting-heads": (waiting_heads, "may wait in streams"),
    "waiting-requests": (waiting_requests, "may wait in streams"),
    "waiting-records": (waiting_records, "may wait in streams"),
    "waiting-handshakes": (waiting_handshakes, "may wait in streams"),
    "waiting-turns": (waiting_turns, "may wait in streams"),
    "h2-connections": (h2_connections, "may grow from few bytes"),
    "h2-tables": (h2_tables, "may grow from few bytes"),
    "websocket-windows": (websocket_windows, "may grow from few bytes"),
    "quic-hellos": (quic_hellos, "may wait in streams"),
}


def examine(binary, file, out):
    """Exit code, processor time, peak memory in MB."""
    command = [binary, "inspect", str(file), "--device", str(DEVICE), "--format", "json", "--quiet"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def gaps_of(out):
    """Read in a process of its own: what this one takes would count as taken by the next that it starts."""
    read = "import json, sys; print(json.dumps(json.load(sys.stdin)['gaps']))"
    return json.loads(subprocess.run([sys.executable, "-c", read], stdin=out, stdout=subprocess.PIPE, check=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--megabytes", type=float, default=256)
    parser.add_argument("--folder", help="where the captures are written while they are read")
    parser.add_argument("--list", action="store_true", help="name the captures and end")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(LIMITS))
        return 0
    unknown = [name for name in arguments.names if name not in LIMITS]
    if unknown:
        parser.error(f"no such capture: {', '.join(unknown)}")
    failed = False
    print(f"{'capture':16} {'MB':>6} {'CPU s':>7} {'peak MB':>8}  gaps")
    for name in arguments.names or LIMITS:
        make, wanted = LIMITS[name]
        with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="limits-") as folder, tempfile.TemporaryFile() as out:
            path = pathlib.Path(folder) / f"{name}.pcap"
            with open(path, "wb", buffering=MIB) as file:
                make(Capture(file))
            size = path.stat().st_size / 1e6
            code, seconds, peak = examine(arguments.binary, path, out)
            out.seek(0)
            gaps = gaps_of(out) if code in (0, 1, 3) else []
        said = [f"{gap['reason']}: {gap['detail']} ({gap['count']} ×)" for gap in gaps]
        problems = []
        if code not in (0, 1, 2, 3):
            problems.append(f"EXIT CODE {code}")
        if peak > arguments.megabytes:
            problems.append("TOO MUCH MEMORY")
        if wanted is not None and not any(wanted in line for line in said):
            problems.append("NO GAP NAMES IT")
        failed |= bool(problems)
        print(f"{name:16} {size:6.0f} {seconds:7.1f} {peak:8.0f}  {' '.join(problems)} {'; '.join(said[:3])}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

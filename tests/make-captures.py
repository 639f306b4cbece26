"""Writes tests/data/import/captures/: captures as recorders on phones write them, with their
quirks, and what must come out, written from the bytes that the case is made of. The TLS
connections are made anew by Python's ssl (their keys and ciphertext differ each time); their
certificate is of OpenSSL's command line.

    make-captures.py FOLDER
"""

import hashlib
import ipaddress
import json
import os
import pathlib
import ssl
import struct
import subprocess
import sys
import tempfile

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)

JSON = '{"imei":"867530900000017","say":"水火"}'.encode()
ANSWER = b'{"ok":true}'
HOST, PHONE, SERVER = "api.example.com", "192.0.2.9", "198.51.100.7"
START = 1772352001250000  # 2026-03-01T08:00:01.25Z
POST = f"POST /v2/bind HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(JSON)}\r\n\r\n".encode() + JSON
OK = f"HTTP/1.1 200 OK\r\nContent-Length: {len(ANSWER)}\r\n\r\n".encode() + ANSWER


def packed(address):
    return ipaddress.ip_address(address).packed


def checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def hooked(source, target, seq, ack, payload):
    """A packet under the headers that ssl_logger and what came of it make up."""
    tcp = struct.pack(">HHIIHHHH", source[1], target[1], seq, ack, 0x5018, 0xFFFF, 0, 0)
    if ipaddress.ip_address(source[0]).version == 6:
        head = struct.pack(">IHBB", 0x60000000, 20 + len(payload), 6, 0xFF)
    else:
        head = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), 0, 0x4000, 0xFF, 6, 0)
    return head + packed(source[0]) + packed(target[0]) + tcp + payload


def real(source, target, seq, ack, payload, flags=0x18):
    """A packet as a network carries it."""
    tcp = struct.pack(">HHIIBBHHH", source[1], target[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags, 0xFFFF, 0, 0) + payload
    if ipaddress.ip_address(source[0]).version == 6:
        return struct.pack(">IHBB", 0x60000000, len(tcp), 6, 64) + packed(source[0]) + packed(target[0]) + tcp
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0) + packed(source[0]) + packed(target[0])
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + tcp


ETHERNET = bytes.fromhex("02000000000202000000000108 00".replace(" ", ""))
ETHERNET6 = ETHERNET[:12] + b"\x86\xdd"


def pcap(name, link, packets, zone=0):
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, zone, 0, 65535, link)
    for number, packet in enumerate(packets):
        time = START + number * 1000
        data += struct.pack("<IIII", time // 1_000_000, time % 1_000_000, len(packet), len(packet)) + packet
    (folder / name).write_bytes(data)


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def options(*pairs):
    out = b""
    for code, value in pairs:
        out += struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)
    return out + b"\0\0\0\0"


def section(*pairs):
    return block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + options(*pairs))


def interface(name, link=1, **more):
    return block(1, struct.pack("<HHI", link, 0, 65535) + options((2, name.encode()), *more.get("pairs", ())))


def secrets(text):
    return block(10, struct.pack("<II", 0x544C534B, len(text)) + text)


def packet(number, data, *pairs, scale=1):
    time = (START + number * 1000) * scale
    body = struct.pack("<IIIII", 0, time >> 32, time & 0xFFFFFFFF, len(data), len(data)) + data + b"\0" * (-len(data) % 4)
    return block(6, body + (options(*pairs) if pairs else b""))


def tls():
    """A connection over TLS 1.3 that carries POST and OK: what each side sent, in order, and its keys."""
    with tempfile.TemporaryDirectory() as place:
        key, cert, log = (os.path.join(place, name) for name in ("key.pem", "cert.pem", "keys.log"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
                        "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", key, "-out", cert],
                       check=True, capture_output=True)
        server_side, client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        server_side.load_cert_chain(cert, key)
        client_side.load_verify_locations(cert)
        client_side.keylog_filename = log
        from_client, to_server, from_server, to_client = (ssl.MemoryBIO() for _ in range(4))
        client = client_side.wrap_bio(to_client, from_client, server_hostname=HOST)
        server = server_side.wrap_bio(to_server, from_server, server_side=True)
        turns = []

        def carry():
            for sent, source, target in ((True, from_client, to_server), (False, from_server, to_client)):
                data = source.read()
                if data:
                    turns.append((sent, data))
                    target.write(data)

        done = {}
        while len(done) < 2:
            for side in (client, server):
                try:
                    side.do_handshake()
                    done[side] = True
                except ssl.SSLWantReadError:
                    pass
                carry()
        client.write(POST)
        carry()
        assert server.read(4096) == POST
        server.write(OK)
        carry()
        assert client.read(4096) == OK
        return turns, open(log, "rb").read()


def connection(turns, client, server, wrap, first=0):
    """Packets of a connection that begins with a handshake."""
    ours, theirs = 1000, 5000
    packets = [real(client, server, ours, 0, b"", 0x02), real(server, client, theirs, ours + 1, b"", 0x12)]
    ours, theirs = ours + 1, theirs + 1
    for sent, data in turns:
        for at in range(0, len(data), 1200):
            part = data[at:at + 1200]
            if sent:
                packets.append(real(client, server, ours, theirs, part))
                ours += len(part)
            else:
                packets.append(real(server, client, theirs, ours, part))
                theirs += len(part)
    return [wrap(one) for one in packets]


class Expected:
    def __init__(self, name, producer):
        self.name, self.producer, self.messages, self.gaps = name, producer, [], {}

    def message(self, direction, what, body, app="-", encrypted=None):
        said = {None: "unknown", True: "encrypted", False: "clear"}[encrypted]
        self.messages.append(f"{direction} http/1.1 {what} {app} {said} {hashlib.sha256(body).hexdigest()[:16]}")

    def both(self, app="-", encrypted=None):
        self.message("sent", "POST /v2/bind", JSON, app, encrypted)
        self.message("received", "200", ANSWER, app, encrypted)

    def raw(self, direction, body):
        self.messages.append(f"{direction} tcp - - - unknown {hashlib.sha256(body).hexdigest()[:16]}")

    def gap(self, detail, count=1):
        self.gaps[detail] = count

    def write(self):
        expected = {"producer": self.producer, "messages": self.messages, "gaps": self.gaps}
        text = json.dumps(expected, ensure_ascii=False, indent=1) + "\n"
        (folder / f"{self.name}.expected.json").write_text(text, encoding="utf-8")


phone, server = (PHONE, 50000), (SERVER, 443)

# r0capture: plaintext on port 443, no handshake, random sequence numbers, the zone of the computer.
pcap("r0capture.pcap", 228, [hooked(phone, server, 0xDEAD0000, 0xBEEF0000, POST), hooked(server, phone, 0xBEEF0000, 0xDEAD0000 + len(POST), OK)], -28800)
expected = Expected("r0capture.pcap", "r0capture")
expected.both()
expected.gap("r0capture dumped plaintext at the TLS library, under headers that it made up: how it travelled is not recorded, nor are IPv6, HTTP/2, WebViews and child processes; the time is the computer's")
expected.write()

# friTap: the same in IPv6, and a socket that has no name.
six, seven = ("2001:db8::9", 50001), ("2001:db8::7", 443)
nameless = ("127.0.0.1", 1234), ("127.0.0.1", 2345)
pcap("fritap.pcap", 101, [
    hooked(six, seven, 7, 9, POST), hooked(seven, six, 9, 7 + len(POST), OK),
    hooked(*nameless, 100, 200, POST), hooked(nameless[1], nameless[0], 200, 100 + len(POST), OK),
])
FRITAP = "friTap dumped plaintext at the TLS library, under headers that it made up: addresses and ports are the sockets', how it travelled is not recorded, nor what did not pass through that library"
expected = Expected("fritap.pcap", "friTap")
expected.both()
# Without a handshake the lower port is the server's: what the socket carried comes out as bytes.
expected.raw("received", POST)
expected.raw("sent", OK)
expected.gap(FRITAP)
expected.gap("TCP payload of no known protocol, searched as raw bytes only")
expected.gap("packets of sockets whose ends friTap could not find: several connections may be one stream", 2)
expected.write()

# friTap, pcapng with keys beside a full capture: nothing is made up.
turns, keys = tls()
data = section((4, b"friTap")) + interface("wlan0")
data += b"".join(packet(number, one) for number, one in enumerate(connection(turns, phone, server, lambda p: ETHERNET + p))) + secrets(keys)
(folder / "fritap.pcapng").write_bytes(data)
expected = Expected("fritap.pcapng", "friTap")
expected.both(encrypted=True)
expected.write()

# eCapture: Ethernet whatever it is, all packets on the first interface; keys behind them; a trailer
# with the process behind some packets. The second connection is of the modem: bare IP.
COMM = b"com.example.app"


def trailer(one):
    return ETHERNET + one + struct.pack(">IIB", 0xCC0C4CFC, 4321, len(COMM)) + COMM


turns, keys = tls()
mobile, more = tls()
packets = connection(turns, phone, server, trailer) + connection(mobile, ("8.0.3.4", 50002), server, lambda p: p)
data = section((2, "eCapture (旁观者) Hardware".encode()), (3, b"Linux/Android"), (4, b"ecapture.lua"))
data += interface("rmnet_data0") + interface("wlan0") + interface("lo")
data += b"".join(packet(number, one) for number, one in enumerate(packets)) + secrets(keys + more)
(folder / "ecapture.pcapng").write_bytes(data)
expected = Expected("ecapture.pcapng", "eCapture (ecapture.lua)")
expected.both("com.example.app", True)
expected.both(encrypted=True)
expected.gap("eCapture says Ethernet of every interface, and its filters hold for keys, not for packets: it has no key for what other apps sent, nor for connections that were open before")
expected.write()

# asslcapture: written by gopacket, interface "any", nanoseconds; keys before the packets, and among them
# what it lost. IPv6 over the modem.
turns, keys = tls()
packets = connection(turns, six, seven, lambda p: p)
data = section((2, b"arm64"), (3, b"linux"), (4, b"gopacket")) + interface("any", pairs=((9, b"\x09"),))
data += secrets(b"# dropped 3 events\n# error: no client random\n") + secrets(keys)
data += b"".join(packet(number, one, scale=1000) for number, one in enumerate(packets))
(folder / "asslcapture.pcapng").write_bytes(data)
expected = Expected("asslcapture.pcapng", "asslcapture (gopacket)")
expected.both(encrypted=True)
expected.gap("asslcapture says Ethernet of every interface; packets of a mobile one are bare IP, and are read as that")
expected.gap("keys that the recorder says it lost", 3)
expected.gap("connections whose keys the recorder could not read")
expected.write()

# PCAPdroid's pcapng: a comment with the user id, a block that says whose it is.
turns, keys = tls()
packets = connection(turns, phone, server, lambda p: p)
package, label = b"com.example.app", b"Example"
mapping = struct.pack("<IBBiBB", 62652, 1, 1, 10123, len(package), len(label)) + package + label
data = section((4, b"PCAPdroid 1.9.0")) + interface("tun0", 101) + secrets(keys) + block(0xBAD, mapping)
data += b"".join(packet(number, one, (1, b"u-10123")) for number, one in enumerate(packets))
(folder / "pcapdroid.pcapng").write_bytes(data)
expected = Expected("pcapdroid.pcapng", "PCAPdroid 1.9.0")
expected.both("com.example.app", True)
expected.gap("PCAPdroid without root writes IP and TCP headers of its own; with root and TLS decryption, its keys are of the connections to its own proxy and do not fit the packets")
expected.write()

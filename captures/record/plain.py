"""Takes the recording machine out of a pcapng: plain.py IN OUT.

Section options (hardware, system, program), interface options but the time
resolution (name, filter, system), and statistics blocks are left out; packets
stay as they are.
"""

import struct
import sys

SHB, IDB, ISB, EPB = 0x0A0D0D0A, 1, 5, 6


def block(kind, body):
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def resolution(options):
    """Keeps if_tsresol (9), drops the rest."""
    kept, at = b"", 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from("<HH", options, at)
        padded = (length + 3) & ~3
        if code == 9:
            kept += options[at : at + 4 + padded]
        at += 4 + padded
    return kept + b"\0\0\0\0" if kept else b""


data, out, at = open(sys.argv[1], "rb").read(), b"", 0
while at + 12 <= len(data):
    kind, length = struct.unpack_from("<II", data, at)
    body = data[at + 8 : at + length - 4]
    if kind == SHB:
        assert body[:4] == b"\x4d\x3c\x2b\x1a", "dumpcap writes in this machine's byte order: little endian only"
        out += block(kind, body[:8] + b"\xff" * 8)
    elif kind == IDB:
        out += block(kind, body[:8] + resolution(body[8:]))
    elif kind == EPB:
        captured = struct.unpack_from("<I", body, 12)[0]
        out += block(kind, body[: 20 + ((captured + 3) & ~3)])
    elif kind != ISB:
        sys.exit(f"block type {kind:#x} was not expected")
    at += length
open(sys.argv[2], "wb").write(out)

#!/usr/bin/env python3
"""Writes tests/data/quic/versions.hex: the client's first packet of RFC 9001, Appendix A.2 (it asks for
example.com), sealed anew as clients of earlier versions seal theirs. Needs the package `cryptography`.

A line: version, packet.
"""

import pathlib

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

DATA = pathlib.Path(__file__).parent / "data/quic"
V1 = "38762cf7f55934b34d179ae6a4c80cadccbb7f0a"
DRAFT_21 = "7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a"
DRAFT_23 = "c3eef712c72ebb5a11a7d2432bb46365bef9f502"
DRAFT_29 = "afbfec289993d24c9e9786f19c6111e04390a899"
T050 = "7ff579e5acd072915580304c43a2367c60488310"
T051 = "7a4edef4e7ccee5fa4506c19124fc8ccda6e033d"
VERSIONS = [
    (0xFF000016, DRAFT_21), (0xFF000017, DRAFT_23), (0xFF00001B, DRAFT_23), (0xFF00001C, DRAFT_23),
    (0xFF00001D, DRAFT_29), (0xFF000020, DRAFT_29), (0xFF000021, V1), (0xFF000022, V1),
    (0xFACEB001, DRAFT_21), (0xFACEB002, DRAFT_23), (0xFACEB00E, DRAFT_23), (0xFACEB003, DRAFT_29), (0xFACEB00F, V1),
    (0x54303530, T050), (0x54303531, T051),
    (0x0A0A0A0A, V1), (0x1A2A3A4A, DRAFT_29), (0xFAFAFAFA, DRAFT_23),
]


def expand(secret, label, length):
    label = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(label)]) + label + b"\0"
    return HKDFExpand(hashes.SHA256(), length, info).derive(secret)


def keys(salt, destination):
    """Key, IV and header protection key of the client (RFC 9001 §5.1, §5.2)."""
    extract = hmac.HMAC(bytes.fromhex(salt), hashes.SHA256())
    extract.update(destination)
    client = expand(extract.finalize(), b"client in", 32)
    return expand(client, b"quic key", 16), expand(client, b"quic iv", 12), expand(client, b"quic hp", 16)


def mask(key, sample):
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(sample)[:5]


def nonce(iv, number):
    return (int.from_bytes(iv, "big") ^ number).to_bytes(12, "big")


def masked(packet, hidden, length):
    """The packet with its first byte and its number, which is at 18, masked or unmasked."""
    first = packet[0] ^ hidden[0] & 0x0F
    number = bytes(a ^ b for a, b in zip(packet[18:18 + length], hidden[1:]))
    return bytes([first]) + packet[1:18] + number + packet[18 + length:]


def main():
    given = bytes.fromhex((DATA / "rfc9001.hex").read_text().splitlines()[1])
    destination = given[6:14]
    key, iv, hp = keys(V1, destination)
    opened = masked(given, mask(hp, given[22:38]), 4)
    header, number = opened[:22], int.from_bytes(opened[18:22], "big")
    payload = AESGCM(key).decrypt(nonce(iv, number), opened[22:], header)
    lines = ["# The client's packet of RFC 9001 A.2 as of other versions, by tests/make-quic-versions.py."]
    for version, salt in VERSIONS:
        key, iv, hp = keys(salt, destination)
        clear = header[:1] + version.to_bytes(4, "big") + header[5:]
        # The handshake is in frames of another type in Google's versions.
        frames = b"\x08" + payload[1:] if clear[1:2] == b"T" else payload
        packet = clear + AESGCM(key).encrypt(nonce(iv, number), frames, clear)
        lines.append(f"{version:08x} {masked(packet, mask(hp, packet[22:38]), 4).hex()}")
    (DATA / "versions.hex").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

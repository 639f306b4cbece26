#!/usr/bin/env python3
"""Writes the WireGuard captures of tests/data/links: the exchange of tests/make-links.py
inside a tunnel, made by a Noise library that is not ours (pip: noiseprotocol), with keys
that are numbers. `wireguard.pcapng` holds the initiator's keys; `wireguard.keys` holds the
responder's, for `wireguard.pcap`. tshark 4.0.17 opens both (wg.keylog_file) and shows the
stream numbers that tests/links.rs expects."""
import base64
import os
import runpy
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hashlib import blake2s
from noise.connection import Keypair, NoiseConnection

here = os.path.dirname(os.path.abspath(__file__))
links = runpy.run_path(os.path.join(here, "make-links.py"))
folder = links["folder"]

STATIC_I, STATIC_R, EPHEMERAL_I, EPHEMERAL_R, PSK = (bytes([n]) * 32 for n in (1, 2, 3, 4, 5))
INDEX_I, INDEX_R = b"\x11\x22\x33\x44", b"\x55\x66\x77\x88"


def public(private):
    key = X25519PrivateKey.from_private_bytes(private).public_key()
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def side(initiator):
    noise = NoiseConnection.from_name(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
    noise.set_psks(psk=PSK)
    noise.set_prologue(b"WireGuard v1 zx2c4 Jason@zx2c4.com")
    noise.set_as_initiator() if initiator else noise.set_as_responder()
    static, ephemeral = (STATIC_I, EPHEMERAL_I) if initiator else (STATIC_R, EPHEMERAL_R)
    noise.set_keypair_from_private_bytes(Keypair.STATIC, static)
    noise.set_keypair_from_private_bytes(Keypair.EPHEMERAL, ephemeral)
    if initiator:
        noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, public(STATIC_R))
    noise.start_handshake()
    return noise


def with_macs(message, receiver):
    key = blake2s(b"mac1----" + public(receiver)).digest()
    return message + blake2s(message, digest_size=16, key=key).digest() + bytes(16)


initiator, responder = side(True), side(False)
first = bytes(initiator.write_message(b"\x40\0\0\0\x65\0\0\0\0\0\0\0"))
responder.read_message(first)
second = bytes(responder.write_message())
initiator.read_message(second)
counters = {True: 0, False: 0}


def data(sent, packet):
    """A packet of the initiator (`sent`) or of the responder, padded to 16 bytes."""
    noise, index = (initiator, INDEX_R) if sent else (responder, INDEX_I)
    sealed = noise.encrypt(packet + bytes(-len(packet) % 16))
    counters[sent] += 1
    return b"\4\0\0\0" + index + struct.pack("<Q", counters[sent] - 1) + bytes(sealed)


def outer(sent, message):
    ends = ((10, 9, 0, 1), (10, 9, 0, 2))
    src, dst = ends if sent else ends[::-1]
    return links["eth"](links["v4"](17, links["udp"](51820, 51820, message), src, dst))


inner = links["flow"](lambda packet: packet)
# In the exchange, the second packet is the server's.
packets = [
    outer(True, with_macs(b"\1\0\0\0" + INDEX_I + first, STATIC_R)),
    outer(False, with_macs(b"\2\0\0\0" + INDEX_R + INDEX_I + second, STATIC_I)),
    outer(True, data(True, b"")),
    *(outer(n != 1, data(n != 1, packet)) for n, packet in enumerate(inner)),
]


def line(label, key):
    return f"{label} = {base64.b64encode(key).decode()}\n"


own = "".join([
    line("LOCAL_STATIC_PRIVATE_KEY", STATIC_I), line("REMOTE_STATIC_PUBLIC_KEY", public(STATIC_R)),
    line("LOCAL_EPHEMERAL_PRIVATE_KEY", EPHEMERAL_I), line("PRESHARED_KEY", PSK),
]).encode()
theirs = "".join([
    line("LOCAL_STATIC_PRIVATE_KEY", STATIC_R), line("REMOTE_STATIC_PUBLIC_KEY", public(STATIC_I)),
    line("LOCAL_EPHEMERAL_PRIVATE_KEY", EPHEMERAL_R), line("PRESHARED_KEY", PSK),
])
secrets = links["blk"](10, struct.pack("<II", 0x57474B4C, len(own)) + own)
blocks = [links["shb"](), links["idb"](1), secrets, *(links["epb"](packet, []) for packet in packets)]
with open(folder + "wireguard.pcapng", "wb") as file:
    file.write(b"".join(blocks))
with open(folder + "wireguard.keys", "w") as file:
    file.write(theirs)
links["write"](folder + "wireguard.pcap", 1, packets)

#!/usr/bin/env python3
"""Records tests/data/media/: media over UDP, as real programs send it on this machine.

    plain.pcap    a tone as RTP with RTCP beside it, from FFmpeg's muxer, to a socket that
                  only listens; no STUN, nothing that announces it
    webrtc.pcap   a call with sound between two peers of aiortc: STUN, DTLS, SRTP, SRTCP on
                  the same ports

plain.json says how many datagrams came to each port; webrtc.json how many RTP packets each
peer says it sent. Needs aiortc (with PyAV), and tcpdump with the right to capture on lo.
usage: tests/record-media.py [OUTPUT FOLDER]
"""
import asyncio
import contextlib
import fractions
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time

import av
from aiortc import RTCPeerConnection
from aiortc.mediastreams import AudioStreamTrack

out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "data/media").resolve()
out.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def recorded(name, what):
    path = out / f"{name}.pcap"
    path.unlink(missing_ok=True)
    user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
    dump = subprocess.Popen(
        ["tcpdump", "-i", "lo", "-U", "-B", "16384", "--immediate-mode", "-Z", user, "-s", "0", "-w", path, *what.split()],
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


def plain():
    ports = {name: port for name, port in (("rtp", 45204), ("rtcp", 45205))}
    sockets = {}
    for name, port in ports.items():
        sockets[name] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sockets[name].bind(("127.0.0.1", port))
    with recorded("plain", "udp portrange 45204-45205"):
        container = av.open("rtp://127.0.0.1:45204", "w", format="rtp")
        stream = container.add_stream("pcm_mulaw", rate=8000)
        stream.layout = "mono"
        for number in range(40):
            frame = av.AudioFrame(format="s16", layout="mono", samples=160)
            frame.planes[0].update(bytes(320))
            frame.sample_rate, frame.pts, frame.time_base = 8000, number * 160, fractions.Fraction(1, 8000)
            container.mux(stream.encode(frame))
            time.sleep(0.02)
        container.mux(stream.encode(None))
        container.close()
    got = {}
    for name, receiver in sockets.items():
        receiver.setblocking(False)
        got[name] = 0
        with contextlib.suppress(BlockingIOError):
            while receiver.recv(4096):
                got[name] += 1
    (out / "plain.json").write_text(json.dumps({"ports": ports, "datagrams": got}, indent=1) + "\n")


async def webrtc():
    caller, callee = RTCPeerConnection(), RTCPeerConnection()
    caller.addTrack(AudioStreamTrack())
    callee.addTrack(AudioStreamTrack())
    with recorded("webrtc", "udp and not port 53"):
        await caller.setLocalDescription(await caller.createOffer())
        await callee.setRemoteDescription(caller.localDescription)
        await callee.setLocalDescription(await callee.createAnswer())
        await caller.setRemoteDescription(callee.localDescription)
        await asyncio.sleep(3)
        sent = []
        for peer in (caller, callee):
            stats = await peer.getStats()
            sent.append(next(s.packetsSent for s in stats.values() if s.type == "outbound-rtp"))
        await asyncio.gather(caller.close(), callee.close())
    (out / "webrtc.json").write_text(json.dumps({"rtp_at_least": sent}, indent=1) + "\n")


plain()
asyncio.run(webrtc())

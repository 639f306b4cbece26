#!/usr/bin/env python3
"""Measures wirewitness on captures that are made for it and on the sample sessions.

usage: tests/measure.py BINARY [--runs N] [--megabytes N] [--tshark] [--folder FOLDER]

Prints a table in Markdown: size, processor time, time by the clock with one and with two threads,
bytes for each second of processor time, peak of memory; with --tshark also the processor time of
`tshark -T fields` on the same file. Of several runs the fastest counts. Exit code 1: one of them failed.
"""

import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

from limits import CLIENT, MIB, ROOT, SERVER, Capture, Stream, h2_frame, H2_HEAD, PREFACE

PROFILE = ROOT / "captures/aftersales/device.toml"
BODY = b'{"device":{"imei":"490154203237518","model":"P9"},"events":[{"id":1,"name":"page_view"}]}'


def pictures(capture, megabytes):
    """Downloads of what has no structure, 4 MB each, as pictures and video are."""
    noise = random.Random(7).randbytes(4_000_000)
    for n in range(megabytes // 4):
        stream = Stream(capture, sport=10_000 + n % 50_000)
        stream.send(b"GET /p/%d HTTP/1.1\r\nHost: img.example.com\r\n\r\n" % n)
        stream.answer(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(noise) + noise)


def uploads(capture, megabytes):
    """The same the other way."""
    noise = random.Random(7).randbytes(4_000_000)
    for n in range(megabytes // 4):
        stream = Stream(capture, sport=10_000 + n % 50_000)
        stream.send(b"POST /p/%d HTTP/1.1\r\nHost: up.example.com\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
                    % (n, len(noise)) + noise)


def requests(capture, megabytes):
    """Connections with one request of JSON and its answer each."""
    for n in range(megabytes * 1000):
        stream = Stream(capture, client=CLIENT + n // 50_000, sport=10_000 + n % 50_000, server=SERVER + n % 97)
        stream.send(b"POST /v1 HTTP/1.1\r\nHost: h%d.example.com\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                    % (n % 97, len(BODY)) + BODY)
        stream.answer(b"HTTP/1.1 204 No Content\r\n\r\n")


def http2(capture, megabytes):
    """The same requests on connections of HTTP/2, a hundred on each."""
    for n in range(megabytes * 30):
        stream = Stream(capture, client=CLIENT + n // 50_000, sport=10_000 + n % 50_000)
        frames = (h2_frame(1, 4, 2 * k + 1, H2_HEAD) + h2_frame(0, 1, 2 * k + 1, BODY) for k in range(100))
        stream.send(PREFACE + b"".join(frames))


MADE = {"pictures": pictures, "uploads": uploads, "requests": requests, "http2": http2}


def run(command):
    """Processor time, time by the clock, peak of memory in MB."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss * 1024 / 1e6


def best(command, runs):
    """The fastest of some runs, by processor time."""
    results = [run(command) for _ in range(runs)]
    return max(code for code, *_ in results), min(results, key=lambda result: result[1])[1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=100, help="size of what is made, about")
    parser.add_argument("--tshark", action="store_true")
    parser.add_argument("--folder", help="where the captures are written while they are read")
    arguments = parser.parse_args()
    if arguments.tshark and not shutil.which("tshark"):
        parser.error("tshark is not installed")
    print("| capture | MB | CPU s | MB / CPU s | s, one thread | s, two | peak MB |" + (" tshark CPU s |" if arguments.tshark else ""))
    print("|---" * (8 if arguments.tshark else 7) + "|")
    failed = False
    with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="measure-") as folder:
        samples = {name: ROOT / "captures" / name for name in ("teashop", "aftersales")}
        for name in [*MADE, *samples]:
            file = samples[name] / "capture.pcapng" if name in samples else pathlib.Path(folder) / f"{name}.pcap"
            if name in MADE:
                with open(file, "wb", buffering=MIB) as out:
                    MADE[name](Capture(out), arguments.megabytes)
            size = file.stat().st_size / 1e6
            command = [arguments.binary, "inspect", str(samples.get(name, file)), "--device", str(PROFILE), "--format", "json"]
            code, (seconds, one, peak) = best([*command, "--quiet", "--threads", "1"], arguments.runs)
            more, (_, two, larger) = best([*command, "--quiet", "--threads", "2"], arguments.runs)
            failed |= max(code, more) > 3 or min(code, more) < 0
            row = [name, f"{size:.1f}", f"{seconds:.2f}", f"{size / seconds:.0f}", f"{one:.2f}", f"{two:.2f}", f"{max(peak, larger):.0f}"]
            if arguments.tshark:
                fields = ["-T", "fields", "-e", "frame.number", "-e", "tcp.stream", "-e", "http.host", "-e", "http.request.uri"]
                row.append(f"{best(['tshark', '-n', '-r', str(file), *fields], 1)[1][0]:.2f}")
            print("| " + " | ".join(row) + " |", flush=True)
            if name in MADE:
                file.unlink()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

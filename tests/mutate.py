#!/usr/bin/env python3
"""Runs wirewitness on damaged copies of good inputs: it must end by itself, with an exit code
that its help names, within its time and its memory.

usage: tests/mutate.py BINARY [FOLDER|FILE]... [--count N] [--seed N] [--only N] [--jobs N]
                       [--seconds N] [--megabytes N] [--keep FOLDER]

Without a path, the sample sessions and the recordings of tests/data are damaged; Wireshark's
test captures are, where their folder (`captures/`, with `keys/` beside it) is named. Each case
is one input with one to four mutations, made from SEED and the case's number alone, so
`--only N` repeats one. A mutation flips bits, overwrites bytes, sets what may be a length to
an extreme, cuts, swaps, repeats or removes a part; half of them know the records of pcap and
pcapng and do it to whole packets, or inside of one packet's bytes. A session is audited, and
any of its files may be the damaged one; a bare capture is inspected, audited against a policy
or listed, with the keys that lie beside it.

Prints each finding with the number that repeats it, then how many cases ended how, and the
largest processor time and memory. Exit code 1: there are findings.
"""

import argparse
import collections
import concurrent.futures
import gzip
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
POLICY = ROOT / "captures/aftersales/policy.txt"
DEVICE = ROOT / "captures/aftersales/device.toml"
# What is fed to the program as an input of its own; everything else belongs to one.
INPUTS = {".pcap", ".pcapng", ".har", ".flow", ".saz", ".cap", ".gz"}
KEYS = {".keys", ".dat", ".key", ".p8", ".log", ".pem"}
# Numbers at which lengths, counts and offsets break.
EXTREMES = [0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0xFFFFFF,
            0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF]
# An input that is larger is cut first: it is the shape that counts, and ten thousand cases.
LARGEST = 4 << 20
# The wall's patience, many times the processor's: the machine may be busy with others.
PATIENCE = 20


def records(data):
    """Where the records of a capture file lie: [(start, end, start of the packet's bytes)]."""
    found, magic = [], data[:4]
    if magic in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d"):
        order = "<" if magic[0] in (0xD4, 0x4D) else ">"
        at = 24
        while at + 16 <= len(data):
            length = struct.unpack_from(order + "I", data, at + 8)[0]
            if at + 16 + length > len(data):
                break
            found.append((at, at + 16 + length, at + 16))
            at += 16 + length
    elif magic == b"\x0a\x0d\x0d\x0a" and len(data) >= 12:
        order = "<" if data[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
        at = 0
        while at + 12 <= len(data):
            kind, length = struct.unpack_from(order + "II", data, at)
            if length < 12 or length % 4 or at + length > len(data):
                break
            if at:
                found.append((at, at + length, min(at + (28 if kind == 6 else 8), at + length)))
            at += length
    return found


def span(rng, start, end):
    """A part of [start, end), mostly a short one."""
    if end <= start:
        return start, start
    at = rng.randrange(start, end)
    return at, min(end, at + rng.choice([1, 2, 4, 8, 16, 64, 256, 1500, 65536]))


def flip(rng, data, start, end):
    for _ in range(rng.choice([1, 1, 2, 8, 64])):
        if end > start:
            data[rng.randrange(start, end)] ^= 1 << rng.randrange(8)


def overwrite(rng, data, start, end):
    start, end = span(rng, start, end)
    data[start:end] = rng.randbytes(end - start) if rng.random() < 0.7 else bytes([rng.choice([0, 0x20, 0x41, 0x7F, 0xFF])]) * (end - start)


def length(rng, data, start, end):
    """Two, four or eight bytes, in either order, that become an extreme or nearly what they were."""
    width = rng.choice([1, 2, 2, 3, 4, 4, 8])
    if end - start < width:
        return
    at, order = rng.randrange(start, end - width + 1), rng.choice(["little", "big"])
    old = int.from_bytes(data[at:at + width], order)
    new = rng.choice(EXTREMES) if rng.random() < 0.6 else old + rng.choice([-9, -4, -1, 1, 4, 9, 256])
    data[at:at + width] = (new & ((1 << 8 * width) - 1)).to_bytes(width, order)


def remove(rng, data, start, end):
    start, end = span(rng, start, end)
    del data[start:end]


def repeat(rng, data, start, end):
    start, end = span(rng, start, end)
    part = bytes(data[start:end])
    data[end:end] = part * min(rng.choice([1, 1, 2, 16, 200]), LARGEST // max(1, len(part)))


def swap(rng, data, start, end):
    a, b = span(rng, start, end), span(rng, start, end)
    if a[0] > b[0]:
        a, b = b, a
    if a[1] <= b[0]:
        data[a[0]:b[1]] = data[b[0]:b[1]] + data[a[1]:b[0]] + data[a[0]:a[1]]


def cut(rng, data, start, end):
    if end > start:
        del data[rng.randrange(start, end):]


INSIDE = [flip, flip, overwrite, length, length, length]
ANYWHERE = [*INSIDE, remove, repeat, swap, cut]


def in_packet(rng, data, found):
    start, end, bytes_of = rng.choice(found)
    rng.choice(INSIDE)(rng, data, bytes_of if rng.random() < 0.9 else start, end)


def packets(rng, data, found):
    """Whole packets: swapped, repeated, lost, or in another order altogether."""
    parts = [bytes(data[start:end]) for start, end, _ in found]
    head, tail = bytes(data[:found[0][0]]), bytes(data[found[-1][1]:])
    a, b = rng.randrange(len(parts)), rng.randrange(len(parts))
    kind = rng.randrange(5)
    if kind == 0:
        parts[a], parts[b] = parts[b], parts[a]
    elif kind == 1:
        parts[a:a] = [parts[b]] * rng.choice([1, 2, 100])
    elif kind == 2:
        del parts[a:a + rng.choice([1, 1, 2, 5, 50])]
    elif kind == 3:
        rng.shuffle(parts)
    else:
        parts.reverse()
    data[:] = head + b"".join(parts) + tail


def mutate(rng, data):
    if len(data) > LARGEST:
        data = data[:LARGEST]
    data = bytearray(data)
    packed = data[:2] == b"\x1f\x8b" and rng.random() < 0.9
    if packed:
        data = bytearray(gzip.decompress(bytes(data))[:LARGEST])
    for _ in range(rng.choice([1, 1, 2, 4])):
        found = records(data)
        if found and rng.random() < 0.5:
            rng.choice([in_packet, in_packet, in_packet, packets])(rng, data, found)
        else:
            rng.choice(ANYWHERE)(rng, data, 0, len(data))
    return gzip.compress(bytes(data)) if packed and rng.random() < 0.5 else bytes(data)


def keys_of(path):
    """The keys that lie beside a capture: of its name, or of all of the folder."""
    beside = [path.with_suffix(".keys"), path.parent / "keys.log"]
    folder = path.parent.parent / "keys"
    if folder.is_dir():
        beside += sorted(file for file in folder.iterdir() if file.suffix in KEYS)
    return [file for file in beside if file.is_file()]


def inputs(paths):
    """Sessions, and captures that belong to none."""
    sessions, captures = [], []
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if not file.is_file():
                continue
            if file.name == "session.toml":
                sessions.append(file.parent)
            elif not (file.parent / "session.toml").exists() and INPUTS & set(file.suffixes[-2:]):
                captures.append(file)
    return sessions, captures


def prepare(rng, sessions, captures, folder):
    """Writes the damaged input into `folder`; its name, and the arguments that read it."""
    if sessions and (not captures or rng.random() < 0.4):
        session = rng.choice(sessions)
        files = sorted(file for file in session.iterdir() if file.is_file())
        wanted = [file for file in files if file.suffix in INPUTS]
        damaged = rng.choice(wanted) if wanted and rng.random() < 0.6 else rng.choice(files)
        for file in files:
            content = file.read_bytes()
            (folder / file.name).write_bytes(mutate(rng, content) if file == damaged else content)
        return f"{session.name}/{damaged.name}", ["audit", folder, "--format", "json"]
    capture = rng.choice(captures)
    keys = keys_of(capture)
    damaged = rng.choice(keys) if keys and rng.random() < 0.1 else capture
    arguments = []
    for file in [capture, *keys]:
        content = file.read_bytes()
        (folder / file.name).write_bytes(mutate(rng, content) if file == damaged else content)
        if file != capture:
            arguments += ["--keys", folder / file.name]
    arguments += ["--device", DEVICE]
    file = folder / capture.name
    command = rng.choice([["inspect", file, "--format", "json"], ["audit", file, "--policy", POLICY, "--format", "json"],
                          ["messages", file, "--bodies", "--layers"]])
    return f"{capture.name}, {damaged.suffix}", [*command, *(arguments if command[0] != "messages" else
                                                            [a for a in arguments if a not in ("--device", DEVICE)])]


class Run:
    """How one case ended."""

    def __init__(self, command, seconds, errors):
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        watch = threading.Timer(seconds, process.kill)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        watch.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        self.code = process.returncode
        self.seconds = usage.ru_utime + usage.ru_stime
        self.megabytes = usage.ru_maxrss * 1024 / 1e6


def case(number, arguments, sessions, captures):
    rng = random.Random(f"{arguments.seed}:{number}")
    with tempfile.TemporaryDirectory(prefix="mutate-") as name, tempfile.TemporaryFile() as errors:
        folder = pathlib.Path(name)
        what, command = prepare(rng, sessions, captures, folder)
        run = Run([arguments.binary, *command, "--quiet"], arguments.seconds * PATIENCE, errors)
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace")
        problems = []
        if run.code not in (0, 1, 2, 3):
            problems.append(f"exit code {run.code}")
        if "panicked" in said:
            problems.append("a panic")
        if run.seconds > arguments.seconds:
            problems.append(f"{run.seconds:.1f} s")
        if run.megabytes > arguments.megabytes:
            problems.append(f"{run.megabytes:.0f} MB")
        if problems and arguments.keep:
            shutil.copytree(folder, arguments.keep / str(number), dirs_exist_ok=True)
        line = f"{number}\t{what}\t{command[0]}\t{', '.join(problems)}\t{said.strip().splitlines()[-1] if said.strip() else ''}"
        return run, line if problems else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("paths", nargs="*", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="repeat one case")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=10, help="processor time of one case")
    parser.add_argument("--megabytes", type=float, default=256, help="resident memory of one case")
    parser.add_argument("--keep", type=pathlib.Path, help="where the inputs of findings are put")
    arguments = parser.parse_args()
    paths = [*arguments.paths] or [ROOT / "captures", ROOT / "tests/data"]
    sessions, captures = inputs(paths)
    if not sessions and not captures:
        parser.error("no captures there")
    numbers = range(arguments.count) if arguments.only is None else [arguments.only]
    codes, most, findings = collections.Counter(), (0, 0), 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for run, finding in pool.map(lambda n: case(n, arguments, sessions, captures), numbers):
            codes[run.code] += 1
            most = (max(most[0], run.seconds), max(most[1], run.megabytes))
            if finding:
                findings += 1
                print(finding, flush=True)
    ended = ", ".join(f"{count} with {code}" for code, count in sorted(codes.items()))
    print(f"{len(numbers)} cases of {len(sessions)} sessions and {len(captures)} captures: {ended}; at most "
          f"{most[0]:.1f} s of processor and {most[1]:.0f} MB; {findings} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Where the processor time of `inspect` goes, by the part of the program that it is spent in.

usage: tests/profile.py BINARY CAPTURE [OPTION...]

Records one run on one thread with perf, and prints the five largest parts with their shares as a
table in Markdown. A sample belongs to the innermost function of the program that it was taken in:
what the allocator, a decompressor or the kernel does counts for who asked. OPTIONs go to `inspect`.
Needs perf (Debian: linux-perf) and a release build. Exit code 1: perf or the run failed.
"""

import collections
import pathlib
import re
import subprocess
import sys
import tempfile

FREQUENCY = 1999  # samples a second
# The first that the innermost function's path, or for hashing any frame below it, begins with.
PARTS = [
    ("sha2::", "hash of the file"),
    ("wirewitness::capture::window", "reading the file, twice"),
    ("wirewitness::capture::hashed", "reading the file, twice"),
    ("wirewitness::capture::source", "reading the file, twice"),
    ("wirewitness::capture", "records of the capture"),
    ("wirewitness::net", "packets to streams"),
    ("wirewitness::secure", "decryption"),
    ("wirewitness::message", "streams to messages"),
    ("wirewitness::payload", "decoding values"),
    ("wirewitness::memo", "decoding values"),
    ("wirewitness::identify", "finding identifiers"),
    ("wirewitness::shape", "finding identifiers"),
    ("wirewitness::party", "whose they are"),
    ("wirewitness::examine::threads", "dealing out segments"),
    ("wirewitness::examine::segments", "dealing out segments"),
    ("wirewitness::examine::streams", "dealing out segments"),
    ("wirewitness::examine", "adding up what was found"),
    ("wirewitness::evidence", "adding up what was found"),
    ("wirewitness::report", "writing the result"),
]
START = "start, signatures, end"


def part_of(frames):
    """Which part the innermost frames of a sample name."""
    for frame in frames:
        frame = re.sub(r"^<|^core::ptr::drop_in_place<", "", frame)
        for prefix, part in PARTS:
            if frame.startswith(prefix):
                return part
        if frame.startswith("wirewitness::"):
            return START
    return START


def samples(script):
    """The frames of each sample of `perf script`, innermost first."""
    frames = []
    for line in script:
        if line.strip() == "":
            if frames:
                yield frames
            frames = []
        elif line[0] in " \t":
            frames.append(re.sub(r"\+0x[0-9a-f]+$", "", line.strip().split(" ", 1)[-1]))
    if frames:
        yield frames


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    binary, capture, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="profile-") as folder:
        data = pathlib.Path(folder) / "perf.data"
        inspect = [binary, "inspect", capture, *options, "--threads", "1", "--format", "json", "--quiet"]
        record = ["perf", "record", "-q", "-o", data, "-F", str(FREQUENCY), "--call-graph", "dwarf,8192", "--", *inspect]
        if subprocess.run(record, stdout=subprocess.DEVNULL).returncode not in (0, 3):
            return 1
        script = ["perf", "script", "-i", data, "--no-inline", "-F", "comm,ip,sym"]
        with subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as told:
            parts = collections.Counter(part_of(frames) for frames in samples(told.stdout))
    total = sum(parts.values())
    if total == 0:
        print("perf took no samples", file=sys.stderr)
        return 1
    print("| part | share |\n|---|---|")
    for part, count in parts.most_common(5):
        print(f"| {part} | {100 * count / total:.0f} % |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs wirewitness many times over the same inputs, each time with another number of threads, on
other processors and at another priority: there must be one output.

usage: tests/repeat.py BINARY [CAPTURE]... [--runs N] [--seed N]

Without a CAPTURE, the sample sessions are audited. Prints the SHA-256 of each input's output and
in how many runs it came. Exit code 1: some input has more than one.
"""

import argparse
import collections
import hashlib
import os
import pathlib
import random
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAMPLES = ["captures/aftersales", "captures/teashop"]
DEVICE = ROOT / "captures/aftersales/device.toml"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("captures", nargs="*", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng, cpus = random.Random(arguments.seed), sorted(os.sched_getaffinity(0))
    commands = {str(path): ["inspect", str(path), "--device", str(DEVICE)] for path in arguments.captures}
    if not commands:
        commands = {sample: ["audit", str(ROOT / sample)] for sample in SAMPLES}
    outputs = {name: collections.Counter() for name in commands}
    for _ in range(arguments.runs):
        for name, command in commands.items():
            threads = rng.choice([1, 2, 3, 5, 8, 16, 31, 64])
            # Fewer processors than threads, and a neighbour that takes its share: threads finish in any order.
            allowed = ",".join(map(str, rng.sample(cpus, rng.randint(1, len(cpus)))))
            neighbour = subprocess.Popen(["taskset", "-c", allowed, "sh", "-c", "while :; do :; done"]) if rng.random() < 0.25 else None
            try:
                run = subprocess.run(["taskset", "-c", allowed, "nice", "-n", str(rng.choice([0, 5, 10])), arguments.binary, *command,
                                      "--format", "json", "--quiet", "--threads", str(threads)], stdout=subprocess.PIPE)
            finally:
                if neighbour:
                    neighbour.kill()
                    neighbour.wait()
            if run.returncode not in (0, 1, 3):
                sys.exit(f"{name}: exit code {run.returncode} with {threads} threads")
            outputs[name][hashlib.sha256(run.stdout).hexdigest()] += 1
    for name, hashes in outputs.items():
        for digest, count in hashes.items():
            print(f"{name}\t{digest}\t{count} runs")
    return 1 if any(len(hashes) > 1 for hashes in outputs.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

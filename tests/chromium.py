#!/usr/bin/env python3
"""Holds `wirewitness messages` against what the servers of record-chromium.sh logged.
usage: chromium.py WIREWITNESS FOLDER

Requests and answers of each protocol, and the messages of each WebSocket, must be the same
in number, and in host, method, path or status, length and SHA-256 of the content (content
codings undone). Prints a table; what differs is listed, and the exit code is 1.
"""
import collections
import json
import pathlib
import subprocess
import sys

PROTOCOLS = {"http/1.1": "HTTP/1", "http/1.0": "HTTP/1", "http/2": "HTTP/2", "http/3": "HTTP/3", "websocket": "WebSocket"}


def logged(folder):
    """(protocol, what): how many, as the servers say."""
    for line in (folder / "log.jsonl").read_text().splitlines():
        entry = json.loads(line)
        protocol, host = entry["protocol"], entry["host"]
        content = lambda length, hash: (length, entry[hash] if length else None)
        if protocol == "WebSocket":
            key = f"WebSocket over {entry['over']}"
            yield key, ("sent" if entry["direction"] == "sent" else "received", host, entry["opcode"],
                        *content(entry["body_len"], "body_sha256"))
        else:
            yield f"{protocol} request", (host, entry["method"], entry["path"], *content(entry["body_len"], "body_sha256"))
            yield f"{protocol} answer", (host, entry["status"], *content(entry["answer_len"], "answer_sha256"))


def seen(binary, folder):
    """The same of what wirewitness makes of the capture."""
    run = subprocess.run(
        [binary, "messages", "--keys", folder / "keys.log", folder / "capture.pcap", "--bodies"],
        capture_output=True, text=True,
    )
    print(run.stderr, end="", file=sys.stderr)
    assert run.returncode == 0, run.returncode
    over = {}
    for line in map(json.loads, run.stdout.splitlines()):
        protocol = PROTOCOLS.get(line["protocol"].lower())
        if protocol is None:
            yield f"other: {line['protocol']}", (line["direction"], line.get("host"), line.get("reason"), line.get("port"))
            continue
        # The port is of the recording, not of the host; content without a hash has no bytes.
        host = (line.get("host") or "-").rsplit(":", 1)[0]
        content = (length(line), line.get("content_sha256"))
        if protocol == "WebSocket":
            if opcode := {"text": 1, "binary": 2}.get(line["opcode"]):
                yield f"WebSocket over {over.get(line['stream'], '?')}", (line["direction"], host, opcode, *content)
        elif line.get("status") is None:
            over[line["stream"]] = protocol
            yield f"{protocol} request", (host, line["method"], line["path"], *content)
        else:
            yield f"{protocol} answer", (host, line["status"], *content)


def length(line):
    if "body" in line:
        return len(line["body"].encode())
    text = line.get("body_base64", "")
    return len(text) // 4 * 3 - text.count("=")


def main():
    binary, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    tables = []
    for source in (logged(folder), seen(binary, folder)):
        table = collections.defaultdict(collections.Counter)
        for protocol, what in source:
            table[protocol][what] += 1
        tables.append(table)
    theirs, ours = tables
    print(f"{'':24} {'logged':>7} {'seen':>7} {'equal':>7}")
    different = []
    for protocol in sorted(theirs.keys() | ours.keys()):
        a, b = theirs[protocol], ours[protocol]
        print(f"{protocol:24} {a.total():7} {b.total():7} {(a & b).total():7}")
        different += [f"only logged: {protocol} {what}" for what in a - b] + [f"only seen: {protocol} {what}" for what in b - a]
    print("\n".join(different))
    return 1 if different else 0


sys.exit(main())

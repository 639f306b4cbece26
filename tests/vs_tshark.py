#!/usr/bin/env python3
"""Holds `wirewitness messages` against tshark over a folder of captures: HTTP requests
(host, method, path), response statuses, TLS, DTLS and QUIC server names, DNS names asked, as
multisets. Prints every difference, then recall and precision for each field.

usage: tests/vs_tshark.py BINARY FOLDER

FOLDER is Wireshark's test folder (`captures/`, `keys/`), or any folder of captures.
tests/vs_tshark.tsv names, for some captures, keys and what tshark is to take a port for;
and, for each difference that is known, who is right. Exit code 1: a field is under 0.98,
a difference is not in the table or one of the table is gone, or wirewitness ended with
anything but 0, 1, 2 or 3.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys

FIELDS = ("request", "status", "name", "dns")
LEAST = 0.98
# A capture of this folder takes both programs a few seconds at most, unoptimised.
PATIENCE = 300
# Between fields of a line of tshark's, and between values of a field: neither occurs in one.
FIELD, VALUE = "\x1e", "\x1f"

COLUMNS = [
    "http.host", "http.request.method", "http.request.uri", "http.response.code",
    "http2.headers.authority", "http2.headers.method", "http2.headers.path", "http2.headers.status",
    "tls.handshake.extensions_server_name", "dtls.handshake.extensions_server_name", "dns.qry.name", "dns.flags.response",
    "tcp.stream", "udp.stream", "tls.handshake.random", "dtls.handshake.random",
]
FILTER = "http or http2 or tls.handshake.type==1 or dtls.handshake.type==1 or (dns and not mdns and not icmp and not icmpv6)"


def run(command):
    return subprocess.run(command, capture_output=True, timeout=PATIENCE)


def tshark(capture, options):
    """What tshark shows, and whether it reads the file at all."""
    command = ["tshark", "-r", capture, "-o", "tcp.reassemble_out_of_order:TRUE", *options, "-Y", FILTER]
    command += ["-T", "fields", "-E", "occurrence=a", "-E", f"aggregator={VALUE}", "-E", f"separator={FIELD}"]
    for column in COLUMNS:
        command += ["-e", column]
    result = run(command)
    seen = {field: collections.Counter() for field in FIELDS}
    hellos = set()
    # Not splitlines(), which takes both separators for ends of lines.
    for line in result.stdout.decode("utf-8", "replace").split("\n"):
        if not line:
            continue
        row = [cell.split(VALUE) if cell else [] for cell in line.split(FIELD)]
        hosts, methods, targets, codes, authorities, methods2, paths, statuses, names, others, asked, response, *where = row
        for verbs, authority, target in ((methods, hosts, targets), (methods2, authorities, paths)):
            for at, method in enumerate(verbs):
                pick = lambda values: values[at] if at < len(values) else ""
                seen["request"][request(pick(authority), method, pick(target))] += 1
        seen["status"].update(codes + statuses)
        # A hello that is sent again (behind a Retry, or repeated) is of one connection, which
        # has one name: the same random in the same stream.
        hello = str(where)
        if hello not in hellos:
            seen["name"].update(name.lower() for name in names + others)
            hellos.add(hello)
        if response and response[0] in ("0", "False"):
            seen["dns"].update(name.lower().rstrip(".") for name in asked)
    return seen, result.returncode == 0 or bool(result.stdout)


def wirewitness(binary, capture, options):
    result = run([binary, "messages", capture, *options])
    seen = {field: collections.Counter() for field in FIELDS}
    for line in result.stdout.decode("utf-8").split("\n"):
        if not line:
            continue
        message = json.loads(line)
        protocol = message["protocol"]
        # This tshark does not decode HTTP/3 header fields: they are counted, not compared.
        kind = "http3" if protocol == "http/3" else "request"
        if protocol == "mqtt":
            continue  # Its packets have a method too, and are no requests of HTTP.
        if message.get("method"):
            found = request(message.get("host"), message["method"], message.get("path"))
            seen.setdefault(kind, collections.Counter())[found] += 1
        elif message.get("status") and kind == "request":
            seen["status"][str(message["status"])] += 1
        elif protocol == "dns" and message["direction"] == "sent":
            seen["dns"].update(name.rstrip(".") for name in message.get("names", []))
        if message.get("sni"):
            seen["name"][message["sni"].lower()] += 1
    return seen, result.returncode


def request(host, method, target):
    return " ".join([(host or "-").lower(), method, target or "-"])


def table(path, folder):
    """Options (wirewitness's, tshark's) by capture; known differences."""
    options, known = {}, {}
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not line or line.startswith("#"):
            continue
        kind, capture, *rest = line.split("\t")
        if kind == "options":
            ours, theirs = (word.replace("KEYS", str(folder / "keys")).split() for word in rest)
            options[capture] = (ours, theirs)
        else:
            side, field, count, value, right, why = [kind, *rest]
            known[(capture, side, field, value)] = int(count)
            assert right in ("tshark", "wirewitness", "both") and why, line
    return options, known


def main():
    binary, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    captures = folder / "captures" if (folder / "captures").is_dir() else folder
    options, known = table(pathlib.Path(__file__).with_suffix(".tsv"), folder)
    totals = {field: collections.Counter() for field in FIELDS}
    wrong, read, refused, http3 = [], 0, 0, 0
    for capture in sorted(captures.iterdir()):
        ours, theirs = options.get(capture.name, ([], []))
        try:
            mine, code = wirewitness(binary, str(capture), ours)
        except subprocess.TimeoutExpired:
            wrong.append(f"{capture.name}: no end within {PATIENCE} s")
            continue
        if code not in (0, 1, 2, 3):
            wrong.append(f"{capture.name}: exit code {code}")
        shown, reads = tshark(str(capture), theirs)
        if not reads:
            refused += 1
            continue
        read += 1
        http3 += sum(mine.get("http3", {}).values())
        for field in FIELDS:
            totals[field]["both"] += (shown[field] & mine[field]).total()
            for side, more in (("tshark", shown[field] - mine[field]), ("wirewitness", mine[field] - shown[field])):
                totals[field][side] += more.total()
                for value, count in sorted(more.items()):
                    print("\t".join([side, capture.name, field, str(count), value]))
                    if known.pop((capture.name, side, field, value), None) != count:
                        wrong.append(f"{capture.name}: {field} {value!r} only in {side}, {count} times: not in the table")
    gone = [key for key in known if (captures / key[0]).exists()]
    wrong += [f"{key[0]}: {key[2]} {key[3]!r} is in the table and no difference" for key in gone]
    print(f"{read} captures that tshark reads, {refused} files that it does not")
    print(f"{http3} HTTP/3 requests are not compared: see docs/tshark.md")
    print("field\tboth\ttshark only\twirewitness only\trecall\tprecision")
    for field, count in totals.items():
        both, missed, more = count["both"], count["tshark"], count["wirewitness"]
        recall, precision = both / max(1, both + missed), both / max(1, both + more)
        print(f"{field}\t{both}\t{missed}\t{more}\t{recall:.4f}\t{precision:.4f}")
        if min(recall, precision) < LEAST:
            wrong.append(f"{field}: under {LEAST}")
    for line in wrong:
        print(line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    main()

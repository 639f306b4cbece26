"""Checks a recording against what the clients say they sent: check.py WORK_DIR. Uses tshark, not wirewitness."""

import collections
import csv
import datetime
import hashlib
import json
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

work = Path(sys.argv[1])
QUIET = 1.0  # seconds without a packet on both sides of a mark
NOTHING = hashlib.sha256(b"").hexdigest()
wrong = []


def tshark(*arguments):
    command = ["tshark", "-r", str(work / "capture.pcapng"), "-o", f"tls.keylog_file:{work}/keys.log"]
    return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout


times = [float(t) for t in tshark("-T", "fields", "-e", "frame.time_epoch").split()]
for line in open(work / "phases.jsonl"):
    mark = json.loads(line)
    at = datetime.datetime.fromisoformat(mark["time"].replace("Z", "+00:00")).timestamp()
    if min(abs(t - at) for t in times) < QUIET:
        wrong.append(f"a packet within {QUIET} s of {mark['mark']}")
    if mark["mark"] == "launched" and at < times[0]:
        wrong.append("launched before the capture")

sent, sent_bodies = collections.Counter(), collections.Counter()
with open(work / "requests.tsv") as table:
    for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["readable"] == "yes":
            sent[row["method"], row["host"], row["path"]] += 1
            sent_bodies[row["content_sha256"]] += row["content_sha256"] != NOTHING

seen, seen_bodies = collections.Counter(), collections.Counter()
for http in xml.etree.ElementTree.fromstring(tshark("-Y", "http.request", "-T", "pdml")).iter("proto"):
    if http.get("name") != "http":  # a frame may hold several: pipelined
        continue
    fields = {field.get("name"): field for field in http.iter("field")}
    names = ["http.request.method", "http.host", "http.request.uri"]
    seen[tuple(fields[name].get("show") for name in names)] += 1
    if (body := fields.get("http.file_data")) is not None:
        seen_bodies[hashlib.sha256(bytes.fromhex(body.get("value"))).hexdigest()] += 1

for title, said, found in [("request", sent, seen), ("body", sent_bodies, seen_bodies)]:
    wrong += [f"{title} sent and not seen: {what}" for what in said - found]
    wrong += [f"{title} seen and not sent: {what}" for what in found - said]
size = sum((work / name).stat().st_size for name in ["capture.pcapng", "keys.log", "requests.tsv"])
if size > 2_000_000:
    wrong.append(f"{size} bytes are too many")
for fault in wrong:
    print(f"check.py: {fault}", file=sys.stderr)
print(
    f"check.py: {len(times)} packets, {size} bytes; {sent.total()} readable requests with {sent_bodies.total()} bodies,"
    f" {len(wrong)} disagreements with tshark",
    file=sys.stderr,
)
sys.exit(bool(wrong))

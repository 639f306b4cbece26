#!/bin/bash
# Records tests/data/protocols/events.pcap on loopback: events.js beside it says what is said,
# and events.json what its client received. Needs node, and tcpdump with the right to capture on lo.
# usage: tests/record-events.sh [OUTPUT FOLDER]
set -euo pipefail
here=$(cd "$(dirname "$0")/data/protocols" && pwd)
out=$(mkdir -p "${1:-$here}" && cd "${1:-$here}" && pwd)
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
port=44520
rm -f "$out/events.pcap"
tcpdump -i lo -U --immediate-mode -Z "$(id -un)" -s 0 -w "$out/events.pcap" "tcp port $port" 2>/dev/null &
dump=$!
until [[ -s $out/events.pcap ]]; do sleep 0.05; done
node "$here/events.js" "$port" > "$out/events.json"
sleep 0.5
kill -INT "$dump"; wait "$dump" 2>/dev/null || true

#!/bin/bash
# Records tests/data/protocols/socketio.pcap on loopback: socketio.js beside it says what is
# said. Needs node, npm (which brings socket.io 4), and tcpdump with the right to capture on lo.
# usage: tests/record-socketio.sh [OUTPUT FOLDER]
set -euo pipefail
here=$(cd "$(dirname "$0")/data/protocols" && pwd)
out=$(mkdir -p "${1:-$here}" && cd "${1:-$here}" && pwd)
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-fund --no-audit socket.io@4 socket.io-client@4
port=44500
tcpdump -i lo -U --immediate-mode -Z "$(id -un)" -s 0 -w "$out/socketio.pcap" "tcp port $port" 2>/dev/null &
dump=$!
until [[ -s $out/socketio.pcap ]]; do sleep 0.05; done
NODE_PATH=$work/node_modules node "$here/socketio.js" "$port"
sleep 0.5
kill -INT "$dump"; wait "$dump" 2>/dev/null || true

#!/bin/sh
# Makes the matrix anew: cases.json, device.toml, matrix.har, matrix.pcap.
#
# make.py writes the cases, play.py and play.mjs send them over the loopback interface of
# an empty network namespace (root, or the right to make one), tcpdump records them.
# Needs python3 with venv, node, curl, openssl, zstd, base32, mosquitto, tcpdump, iproute2.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ "${1:-}" != inside ]; then
    venv=$(mktemp -d)
    trap 'rm -rf "$venv"' EXIT
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet base58 paho-mqtt websockets
    "$venv/bin/python" "$here/make.py" "$here"
    unshare --net "$0" inside "$venv/bin/python"
    exit
fi
ip link set lo up
# Every address of the range for tests of network devices (RFC 2544) is this machine's.
ip route add local 198.18.0.0/15 dev lo
work=$(mktemp -d)
printf 'listener 1883\nallow_anonymous true\n' >"$work/mosquitto.conf"
mosquitto -c "$work/mosquitto.conf" >/dev/null 2>&1 &
broker=$!
: >"$work/tcpdump.log"
tcpdump -i lo -s 0 -U -B 16384 --immediate-mode -Z "$(id -un)" -w "$work/matrix.pcap" net 198.18.0.0/15 2>"$work/tcpdump.log" &
recorder=$!
trap 'kill $broker $recorder 2>/dev/null || true; rm -rf "$work"' EXIT
until grep -q 'listening on' "$work/tcpdump.log"; do sleep 0.1; done
sleep 1
"$2" "$here/play.py"
sleep 1
kill -INT $recorder
wait $recorder || true
grep -q "^0 packets dropped by kernel" "$work/tcpdump.log" || { cat "$work/tcpdump.log" >&2; exit 1; }
cp "$work/matrix.pcap" "$here/matrix.pcap"

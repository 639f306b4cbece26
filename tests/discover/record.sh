#!/bin/bash
# Records tests/discover/*/: runs of one made-up app in three protocols, on one device
# (a, b), on another one (c), on the first after a reinstallation (d) and after a reset (e).
# What each client says stands in client.py beside this file, with the identifiers that are
# planted and the values that only look like one; client.py writes expected.json from them.
#
# A network namespace of its own holds clients and servers; nothing leaves it.
# Needs root, tcpdump, curl with OpenSSL, openssl, mosquitto, mosquitto-clients, python3.
# usage: tests/discover/record.sh [OUTPUT FOLDER]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${IN_NAMESPACE:-}" ]; then
  out=$(mkdir -p "${1:-$here}" && cd "${1:-$here}" && pwd)
  exec env IN_NAMESPACE=1 unshare --net --mount bash "$0" "$out"
fi
out=$1
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
ip link set lo up
ip address add 198.51.100.7/32 dev lo
cd "$work"
export PYTHONDONTWRITEBYTECODE=1 TZ=UTC

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 3650 \
  -subj "/O=Fixture/CN=collect.tracker.example" 2>/dev/null
python3 "$here/client.py" serve key.pem cert.pem >ready &
mosquitto -p 1883 -c <(printf 'listener 1883 198.51.100.7\nallow_anonymous true\n') 2>/dev/null &
until grep -q ready ready && (exec 3<>/dev/tcp/198.51.100.7/1883) 2>/dev/null; do sleep 0.1; done

for run in a b c d e; do
  for case in https mqtt; do
    mkdir -p "$out/$case"
    rm -f "$out/$case/$run".*
    tcpdump -i lo -U --immediate-mode -Z root -s 0 -w "$out/$case/$run.pcap" 'tcp port 443 or tcp port 1883' 2>/dev/null &
    dump=$!
    until [ -s "$out/$case/$run.pcap" ]; do sleep 0.1; done
    SSLKEYLOGFILE="$out/$case/$run.keys" python3 "$here/client.py" "$case" "$run"
    sleep 0.5
    kill -INT $dump; wait $dump || true
  done
  mkdir -p "$out/har"
  python3 "$here/client.py" har "$run" >"$out/har/$run.har"
done
for case in https mqtt har; do python3 "$here/client.py" expected "$case" >"$out/$case/expected.json"; done
ls -l "$out"/*/

#!/bin/sh
# Records Chromium's traffic to servers on this machine, for tests/data/chromium.
# usage: tests/record-chromium.sh OUTPUT-FOLDER
#
# Servers: node's http2 (HTTP/2, WebSocket over it, HTTP/1.1 in clear), aioquic (HTTP/3) and
# websockets (WebSocket over TLS and HTTP/1.1). Chromium opens one page that uses them all.
# Nothing leaves the loopback interface. Leaves capture.pcap, keys.log (SSLKEYLOGFILE),
# log.jsonl (what the servers say they got and answered) and versions.txt.
#
# Needs chromium, node, openssl, tcpdump with the right to capture on lo, and a Python with
# aioquic and websockets: $PYTHON, or one made here from PyPI.
set -eu
[ $# -eq 1 ] || { sed -n 3p "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
work=$(mktemp -d)
H2=44961 H1=44962 H3=44963 WS=44964
pids=
finish() {
    # Only what this script started, each by its own number.
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    for pid in $pids; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

if [ -z "${PYTHON:-}" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet aioquic websockets
    PYTHON=$work/venv/bin/python
fi
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /O=Fixture/CN=example.com \
    -addext subjectAltName=DNS:h2.example.com,DNS:h3.example.com,DNS:ws.example.com \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
pin=$(openssl x509 -in "$work/cert.pem" -pubkey -noout | openssl pkey -pubin -outform DER |
    openssl dgst -sha256 -binary | base64)
: >"$work/keys.log"
sed "s/PORT3/$H3/; s/PORTW/$WS/" "$here/chromium/page.html" >"$work/page.html"

node "$here/chromium/serve.mjs" "$work" $H2 $H1 &
pids="$pids $!"
"$PYTHON" "$here/chromium/serve.py" "$work" $H3 $WS &
pids="$pids $!"
wait_for() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || { echo "waited in vain for: $*" >&2; tail -n 5 "$work"/*.log >&2; exit 1; }
        sleep 0.1
    done
}
# Before the recording begins, so that it holds Chromium alone.
for url in https://127.0.0.1:$WS/ https://127.0.0.1:$H2/favicon http://127.0.0.1:$H1/favicon; do
    wait_for curl -sko /dev/null "$url"
done
: >"$work/log.jsonl"
tcpdump -i lo -U -B 16384 --immediate-mode -s 0 -Z "$(id -un)" -w "$work/capture.pcap" \
    "port $H2 or port $H1 or port $H3 or port $WS" 2>"$work/tcpdump.log" &
dump=$!
pids="$pids $dump"
wait_for test -s "$work/capture.pcap"

browse() {
    HOME=$work SSLKEYLOGFILE=$work/keys.log chromium --headless --no-sandbox --disable-gpu --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync \
        --user-data-dir="$work/profile-$1" --remote-debugging-port=0 \
        --origin-to-force-quic-on="h3.example.com:$H3" --ignore-certificate-errors-spki-list="$pin" \
        --host-resolver-rules="MAP *.example.com 127.0.0.1" "$2" >"$work/chromium-$1.log" 2>&1 &
    browser=$!
    pids="$pids $browser"
    wait_for grep -q "\"path\":\"/done$3\"" "$work/log.jsonl"
    sleep 1
    kill "$browser"
    wait "$browser" || true
}
browse secure "https://h2.example.com:$H2/" ""
# A page in clear uses HTTP/1.1: one in TLS may not.
browse clear "http://h1.example.com:$H1/?clear" "?clear"
sleep 1
kill -INT $dump
wait $dump || true

cp "$work/capture.pcap" "$work/keys.log" "$work/log.jsonl" "$out/"
{
    chromium --version 2>/dev/null
    echo "node $(node --version)"
    "$PYTHON" -c 'import importlib.metadata as m; print("\n".join(f"{n} {m.version(n)}" for n in ["aioquic", "websockets"]))'
    tcpdump --version 2>&1 | head -1
} >"$out/versions.txt"
wc -c "$out"/*

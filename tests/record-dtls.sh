#!/bin/bash
# Records the DTLS fixtures in tests/data/dtls/ from OpenSSL's own client and server on
# loopback: the client asks for api.example.com, the server's certificate is made for the
# occasion. OpenSSL's server answers the first hello with a cookie; certificates come in
# fragments, and with a small MTU and a long offer hellos do. The test in src/secure/dtls/tests.rs lists what each must yield.
#
# Needs openssl (3.0 or later) and tcpdump with the right to capture on lo.
# usage: tests/record-dtls.sh [OUTPUT FOLDER]
set -euo pipefail
out=$(mkdir -p "${1:-$(dirname "$0")/data/dtls}" && cd "${1:-$(dirname "$0")/data/dtls}" && pwd)
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 3650 \
  -subj "/O=Fixture/CN=api.example.com" -addext "subjectAltName=DNS:api.example.com,DNS:*.cdn.example.com" 2>/dev/null
port=44400

# record NAME "SERVER OPTIONS" "CLIENT OPTIONS"
record() {
  tcpdump -i lo -U --immediate-mode -Z "$(id -un)" -s 0 -w "$out/$1.pcap" "udp port $port" 2>/dev/null &
  dump=$!
  until [[ -s $out/$1.pcap ]]; do sleep 0.05; done
  # shellcheck disable=SC2086
  openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key key.pem -alpn http/1.1,h2 -quiet $2 >/dev/null 2>&1 &
  server=$!
  sleep 0.7
  # shellcheck disable=SC2086
  (sleep 1; echo "words of $1"; sleep 0.7) | timeout 10 openssl s_client -connect "127.0.0.1:$port" \
    -servername api.example.com -alpn h2,http/1.1 $3 >/dev/null 2>&1 || true
  sleep 0.5
  kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true
  kill -INT "$dump"; wait "$dump" 2>/dev/null || true
  port=$((port + 1))
}

record dtls12 "-dtls1_2" "-dtls1_2"
long=$(printf 'protocol-%02d,' $(seq 40))
record dtls12-fragments "-dtls1_2" "-dtls1_2 -mtu 256 -alpn ${long}h2"
record dtls10 "-dtls1 -cipher ALL:@SECLEVEL=0" "-dtls1 -cipher ALL:@SECLEVEL=0"

#!/bin/bash
# Records the TLS fixtures in tests/data/tls/ from OpenSSL's own client and server on
# loopback: one capture and one key log for each case, certificates made for the
# occasion (example.com names, thrown away). The test in src/secure/tls/recorded.rs
# lists what each must yield, from the words that the client is told to send here.
#
# Needs openssl (3.0 or later) and tcpdump with the right to capture on lo.
# usage: tests/record-tls.sh [OUTPUT FOLDER]
set -euo pipefail
out=$(mkdir -p "${1:-$(dirname "$0")/data/tls}" && cd "${1:-$(dirname "$0")/data/tls}" && pwd)
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 3650 \
  -subj "/O=Fixture/CN=api.example.com" -addext "subjectAltName=DNS:api.example.com,DNS:*.cdn.example.com" 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.pem -days 3650 \
  -subj "/O=Fixture/CN=rsa.example.com" -addext "subjectAltName=DNS:rsa.example.com" 2>/dev/null
port=44300

# What the client says: two lines that no handshake holds.
said() { printf 'first words of %s\n' "$1"; sleep 0.4; printf 'last words of %s\n' "$1"; sleep 0.4; }

# record NAME PORT: starts the capture of one case.
record() {
  tcpdump -i lo -U --immediate-mode -Z "$(id -un)" -s 0 -w "$out/$1.pcap" "tcp port $2" 2>/dev/null &
  dump=$!
  # tcpdump writes its file's header when it listens.
  until [[ -s $out/$1.pcap ]]; do sleep 0.05; done
}
finish() { sleep 0.5; kill -INT "$dump"; wait "$dump" 2>/dev/null || true; }

# serve ARGUMENTS: a server that answers each line reversed.
serve() {
  openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key key.pem -alpn http/1.1,h2 -rev -quiet "$@" >/dev/null 2>&1 &
  server=$!
  until openssl s_client -connect "127.0.0.1:$port" </dev/null >/dev/null 2>&1 || ! kill -0 "$server" 2>/dev/null; do sleep 0.1; done
}
stop() { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; port=$((port + 1)); }
client() { openssl s_client -connect "127.0.0.1:$port" -servername api.example.com -alpn h2,http/1.1 "$@"; }

# simple NAME SERVER-ARGUMENTS -- CLIENT-ARGUMENTS: one connection, two lines.
simple() {
  local name=$1; shift
  local server_arguments=()
  while [[ $1 != -- ]]; do server_arguments+=("$1"); shift; done
  shift
  serve "${server_arguments[@]}"
  record "$name" "$port"
  said "$name" | client -quiet -no_ign_eof -keylogfile "$out/$name.keys" "$@" >/dev/null 2>&1 || true
  finish; stop
}

rm -f "$out"/*.keys "$out"/*.pcap
simple tls12-aes128gcm -- -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256
simple tls12-aes256gcm -- -tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384
simple tls12-chacha20 -- -tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305
simple tls12-cbc -- -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA
simple tls12-rsa -cert rsa.pem -key rsa.key -- -tls1_2 -cipher AES128-GCM-SHA256
simple tls12-max-fragment -- -tls1_2 -maxfraglen 512
simple tls13-aes128gcm -- -tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256
simple tls13-aes256gcm -- -tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384
simple tls13-chacha20 -- -tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256
# The client's key share is for another group than the server wants.
simple tls13-retry -groups P-384 -- -tls1_3 -groups X25519:P-384
simple tls13-padded -record_padding 256 -- -tls1_3 -record_padding 512

# The client does not know the certificate's issuer.
for version in 1_2 1_3; do
  serve
  record "tls${version/_/}-refused" "$port"
  client -quiet -keylogfile "$out/tls${version/_/}-refused.keys" "-tls$version" -verify_return_error </dev/null >/dev/null 2>&1 || true
  finish; stop
done

# The handshake completes, and the client leaves without a word: a pin that is checked afterwards.
serve
record tls13-left "$port"
client -keylogfile "$out/tls13-left.keys" -tls1_3 </dev/null >/dev/null 2>&1 || true
finish; stop

# Key updates: K asks the other side for one as well, k does not.
serve
record tls13-key-update "$port"
{ sleep 0.5; echo "first words of tls13-key-update"; sleep 0.4; echo K; sleep 0.4; echo "second words of tls13-key-update"
  sleep 0.4; echo k; sleep 0.4; echo "last words of tls13-key-update"; sleep 0.4; echo Q; } |
  client -keylogfile "$out/tls13-key-update.keys" -tls1_3 >/dev/null 2>&1 || true
finish; stop

# Resumption: by ticket in 1.2 and 1.3, by session id in 1.2. Both connections are in the capture.
resume() {
  local name=$1; shift
  local server_arguments=()
  while [[ $1 != -- ]]; do server_arguments+=("$1"); shift; done
  shift
  serve "${server_arguments[@]}"
  record "$name" "$port"
  said "$name" | client -keylogfile "$out/$name.keys" -sess_out session.pem "$@" >/dev/null 2>&1 || true
  said "resumed $name" | client -keylogfile "$out/$name.keys" -sess_in session.pem "$@" >/dev/null 2>&1 || true
  finish; stop
}
resume tls12-ticket -- -tls1_2
resume tls12-session-id -no_ticket -- -tls1_2 -no_ticket
resume tls13-ticket -- -tls1_3

# Renegotiation, which a program may still ask for in 1.2: R.
serve -client_renegotiation
record tls12-renegotiation "$port"
{ sleep 0.5; echo "first words of tls12-renegotiation"; sleep 0.4; echo R; sleep 0.4; echo "last words of tls12-renegotiation"; sleep 0.4; echo Q; } |
  client -keylogfile "$out/tls12-renegotiation.keys" -tls1_2 >/dev/null 2>&1 || true
finish; stop

# 0-RTT.
openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key key.pem -early_data -no_anti_replay -quiet >/dev/null 2>&1 < <(sleep 60) &
server=$!
sleep 0.5
record tls13-early "$port"
said tls13-early | client -keylogfile "$out/tls13-early.keys" -tls1_3 -sess_out session.pem >/dev/null 2>&1 || true
printf 'early words of tls13-early\n' > early
said "resumed tls13-early" | client -keylogfile "$out/tls13-early.keys" -tls1_3 -sess_in session.pem -early_data early >/dev/null 2>&1 || true
finish; stop

cp rsa.key "$out/rsa.key"
ls -l "$out"

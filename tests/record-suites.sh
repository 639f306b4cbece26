#!/bin/bash
# Records OpenSSL's own client and server over every cipher suite that it has, in each
# version of TLS, with each way to resume: one capture and one key log for a version
# and a way. The client says which suite it asked for, and the test over the recordings
# (src/secure/tls/matrix.rs) holds that against what was opened.
#
# Needs openssl (3.0 or later) and tcpdump with the right to capture on lo.
# usage: tests/record-suites.sh [small|all] [OUTPUT FOLDER]
#   small: one suite for each cipher and key exchange, in tests/data/suites (committed)
#   all:   every suite; print the table with
#          SUITES=FOLDER cargo test --lib matrix -- --nocapture
set -euo pipefail
set_name=${1:-small}
out=${2:-$(dirname "$0")/data/suites}
out=$(mkdir -p "$out" && cd "$out" && pwd)
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
export OPENSSL_CONF=$work/openssl.cnf
: > openssl.cnf
port=${PORT:-44700}
psk=000102030405060708090a0b0c0d0e0f

request() { openssl req -x509 -nodes -days 3650 -subj "/CN=suites.example.com" -config <(printf '[req]\ndistinguished_name=d\n[d]\n') "$@" 2>/dev/null; }
request -newkey rsa:2048 -keyout rsa.key -out rsa.pem
request -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout ec.key -out ec.pem
openssl dsaparam -noout -genkey 2048 > dsa.key 2>/dev/null
request -new -key dsa.key -out dsa.pem
cp rsa.key "$out/rsa.key"

# One for each cipher with its MAC, and one for each key exchange.
small12="ECDHE-ECDSA-AES128-GCM-SHA256 AES256-GCM-SHA384 ECDHE-RSA-CHACHA20-POLY1305 DHE-RSA-AES128-CCM AES256-CCM8
  ECDHE-ECDSA-AES128-CCM8 ARIA128-GCM-SHA256 PSK-ARIA256-GCM-SHA384 AES128-SHA AES256-SHA256 ECDHE-ECDSA-AES256-SHA384
  CAMELLIA128-SHA CAMELLIA256-SHA256 ADH-AES128-SHA DHE-DSS-AES256-SHA RSA-PSK-AES128-CBC-SHA256
  DHE-PSK-AES256-CBC-SHA384 ECDHE-PSK-AES128-CBC-SHA NULL-SHA256 NULL-MD5"
small10="AES128-SHA CAMELLIA256-SHA ECDHE-ECDSA-AES256-SHA PSK-AES256-CBC-SHA384 NULL-SHA"
suites() { # version
  if [[ $1 = tls1_3 ]]; then
    echo TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_CCM_SHA256 TLS_AES_128_CCM_8_SHA256
  elif [[ $set_name = all ]]; then
    openssl ciphers -s "-$1" -psk 'ALL:COMPLEMENTOFALL:@SECLEVEL=0' | tr ':' ' '
  elif [[ $1 = tls1_2 ]]; then echo "$small12"; else echo "$small10"; fi
}

# run VERSION WAY CLIENT-ARGUMENTS -- SERVER-ARGUMENTS
run() {
  local version=$1 way=$2 client=() server=()
  shift 2
  while [[ $# -gt 0 && $1 != -- ]]; do client+=("$1"); shift; done
  shift
  server=("$@")
  local name="$version-$way" every=@SECLEVEL=0
  [[ $version = tls1_3 ]] && every=TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256
  local how=(-cipher "ALL:COMPLEMENTOFALL:@SECLEVEL=0")
  [[ $version = tls1_3 ]] && how=(-ciphersuites "$every")
  openssl s_server -accept "127.0.0.1:$port" "-$version" "${how[@]}" -cert rsa.pem -key rsa.key -xcert rsa.pem -xkey rsa.key \
    -xcert ec.pem -xkey ec.key -xcert dsa.pem -xkey dsa.key -psk "$psk" -rev -quiet "${server[@]}" >/dev/null 2>&1 &
  local server_id=$!
  until openssl s_client -connect "127.0.0.1:$port" "-$version" "${how[@]}" </dev/null >/dev/null 2>&1; do
    kill -0 "$server_id"; sleep 0.1
  done
  rm -f "$out/$name".{pcap,keys}
  tcpdump -i lo -U --immediate-mode -Z "$(id -un)" -s 0 -w "$out/$name.pcap" "tcp port $port" 2>/dev/null &
  local dump=$!
  until [[ -s $out/$name.pcap ]]; do sleep 0.05; done
  for suite in $(suites "$version"); do
    [[ $way = mac-first && ! $suite =~ (SHA|SHA256|SHA384)$ ]] && continue
    [[ $way = mac-first && $suite =~ (GCM|POLY1305|NULL|CCM) ]] && continue
    # RSA key exchange has names without one.
    [[ $way = master && ! $suite =~ ^(AES|CAMELLIA|ARIA|NULL) ]] && continue
    local this=(-cipher "$suite:@SECLEVEL=0" "-$version" -keylogfile "$out/$name.keys" "${client[@]}")
    [[ $version = tls1_3 ]] && this=(-ciphersuites "$suite" -keylogfile "$out/$name.keys" "${client[@]}")
    [[ $suite = *PSK-* ]] && this+=(-psk "$psk")
    rm -f session.pem
    { echo "words of $suite"; sleep 0.12; } |
      openssl s_client -connect "127.0.0.1:$port" -no_ign_eof "${this[@]}" -sess_out session.pem >/dev/null 2>&1 || true
    [[ $way = ticket || $way = session-id ]] && [[ -s session.pem ]] &&
      { { echo "words of $suite resumed"; sleep 0.12; } |
        openssl s_client -connect "127.0.0.1:$port" -no_ign_eof "${this[@]}" -sess_in session.pem >/dev/null 2>&1 || true; }
  done
  sleep 0.5; kill -INT "$dump"; wait "$dump" 2>/dev/null || true
  kill "$server_id"; wait "$server_id" 2>/dev/null || true
  port=$((port + 1))
}

for version in ${VERSIONS:-tls1 tls1_1 tls1_2}; do
  run "$version" ticket --
  run "$version" session-id -no_ticket -- -no_ticket
  # Without RFC 7366.
  run "$version" mac-first -no_etm -- -no_etm
  # Without RFC 7627.
  printf 'openssl_conf = i\n[i]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\nOptions = -ExtendedMasterSecret\n' > openssl.cnf
  run "$version" master --
  : > openssl.cnf
done
[[ -n ${VERSIONS:-} ]] || run tls1_3 ticket --
ls -l "$out"

#!/bin/bash
# Records tests/data/import/mitmproxy.{flow,har,zhar} from mitmdump on loopback: one run
# that is saved as a flow file and as HAR at the same time. Who says what stands in
# record-import.py beside this file and below; tests/data/import/README.md explains it.
#
# Needs openssl, curl, and a Python environment with mitmproxy 11 and websockets 15:
#   python3 -m venv VENV && VENV/bin/pip install mitmproxy websockets
# usage: tests/record-import.sh VENV [OUTPUT FOLDER]
set -euo pipefail
venv=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "${2:-$here/data/import}" && cd "${2:-$here/data/import}" && pwd)
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
export PYTHONDONTWRITEBYTECODE=1 TZ=UTC

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 3650 \
  -subj "/O=Fixture/CN=api.example.com" -addext "subjectAltName=DNS:api.example.com,DNS:*.example.com" 2>/dev/null
"$venv/bin/python" "$here/record-import.py" serve >ready &
until grep -q ready ready; do kill -0 $!; sleep 0.1; done

# Copied, so that no path of this machine can get into a flow.
cp "$here/record-import.py" addon.py
"$venv/bin/mitmdump" -q --set confdir=conf -s addon.py --ssl-insecure --set connection_strategy=lazy \
  --mode regular@38888 --mode reverse:dns://127.0.0.1:38053@38853 \
  --mode reverse:tcp://127.0.0.1:38100@38900 --mode reverse:udp://127.0.0.1:38101@38901 \
  -w recorded.flow --set hardump=recorded.har &
proxy=$!
until (exec 3<>/dev/tcp/127.0.0.1/38888) 2>/dev/null; do kill -0 "$proxy"; sleep 0.2; done

head -c 300 <(for _ in 1 2; do for i in $(seq 0 255); do printf "\\x$(printf %02x "$i")"; done; done) >binary
printf '{"imei":"867530900000017","say":"水火"}' >json
gzip -nc json >json.gz
printf '设备=867530900000017' | iconv -f UTF-8 -t GBK >gbk
ask() { curl -s -o /dev/null -A fixture -k -x http://127.0.0.1:38888 "$@" || true; }
api=api.example.com
ask -H 'Content-Type: application/json' --data-binary @json "http://$api/v2/bind?x=1&y=a%20b"
ask -H 'Content-Type: application/octet-stream' --data-binary @binary "https://$api/v2/bind"
ask -d 'imei=867530900000017&name=%E6%B0%B4' "https://$api/v2/bind"
ask -H 'Content-Type: application/json' -H 'Content-Encoding: gzip' --data-binary @json.gz "https://$api/v2/bind"
ask -X PUT -H 'Content-Type: text/plain; charset=gbk' --data-binary @gbk "https://$api/v2/bind"
ask -X DELETE -H 'Content-Type: text/plain' --data-binary 'id=867530900000017' "https://$api/v2/bind"
ask -F 'file=@binary;filename=log.bin' -F 'note=你好' "https://$api/v2/bind"
ask -T - -X POST "https://$api/v2/bind" <json
for path in gzip icon.png latin mixed broken.json gbk empty moved missing; do ask "https://$api/$path"; done
ask -I "http://$api/icon.png"
ask --http2 -H 'Content-Type: application/json' --data-binary @json https://h2.example.com/v3/report
ask --http2 https://h2.example.com/v3/again -: -s -o /dev/null -k -x http://127.0.0.1:38888 --http2 https://h2.example.com/v3/more
ask http://down.example.com:9/nobody
"$venv/bin/python" "$here/record-import.py" websocket
"$venv/bin/python" "$here/record-import.py" streams
sleep 1
kill -INT "$proxy"
wait "$proxy" || true
cp recorded.flow "$out/mitmproxy.flow"
cp recorded.har "$out/mitmproxy.har"
"$venv/bin/python" -c 'import sys, zlib; sys.stdout.buffer.write(zlib.compress(open("recorded.har", "rb").read(), 9))' >"$out/mitmproxy.zhar"
ls -l "$out"

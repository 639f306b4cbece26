#!/bin/bash
# Records tests/data/import/versions/mitmproxy-RELEASE.flow with old and new releases of
# mitmproxy on loopback: a request with a body, one without, and a WebSocket where the
# release saves it. Each release needs an environment of its own, with a Python of its
# time (2.7 up to 0.18, 3.6 up to 4) and the packages of its time.
#
# usage: tests/record-flow-versions.sh PYTHON RELEASE=VENV…   (PYTHON has websockets 15)
set -euo pipefail
python=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
out=$here/data/import/versions
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
cat >servers.py <<'PYTHON'
import asyncio, http.server, sys, threading
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version, server_version, sys_version = "HTTP/1.1", "fixture", ""
    def log_message(self, *_): pass
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = '{"ok":true,"say":"你好"}'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST = answer

async def echo(connection):
    async for message in connection:
        await connection.send(message[::-1])

async def main():
    if sys.argv[1] == "serve":
        threading.Thread(target=http.server.ThreadingHTTPServer(("127.0.0.1", 39080), Handler).serve_forever, daemon=True).start()
        async with serve(echo, "127.0.0.1", 39081, server_header=None, compression=None):
            await asyncio.get_running_loop().create_future()
    async with connect("ws://127.0.0.1:39081/live", proxy="http://127.0.0.1:39888", user_agent_header="fixture", compression=None) as c:
        for message in ('{"say":"你好"}', bytes(range(250, 256))):
            await c.send(message)
            await c.recv()

asyncio.run(main())
PYTHON
"$python" servers.py serve &
sleep 1.5
listens() { (exec 3<>/dev/tcp/127.0.0.1/39888) 2>/dev/null; }
ask() { curl -s -o /dev/null -A fixture -x http://127.0.0.1:39888 -H 'Host: api.example.com' "$@"; }
for release in "$@"; do
  name=${release%%=*} venv=${release#*=}
  case $name in
  0.* | 2.*) place=(--cadir "$work/conf") ;;
  3.*) place=(--set cadir="$work/conf") ;;
  *) place=(--set confdir="$work/conf") ;;
  esac
  rm -rf conf && mkdir conf
  LC_ALL=C.UTF-8 "$venv/bin/mitmdump" -q "${place[@]}" -p 39888 -w recorded.flow &
  proxy=$!
  until listens; do kill -0 "$proxy" && sleep 0.2; done
  ask -H 'Content-Type: application/json' -d '{"imei":"867530900000017","say":"水"}' "http://127.0.0.1:39080/v2/bind?x=1"
  ask "http://127.0.0.1:39080/icon"
  case $name in 0.* | 2.* | 3.*) ;; *) "$python" servers.py client ;; esac
  sleep 1
  kill -INT "$proxy"
  wait "$proxy" || true
  mv recorded.flow "$out/mitmproxy-$name.flow"
done

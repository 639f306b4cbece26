#!/usr/bin/env bash
# Records a sample session: real clients talk to real servers in two network
# namespaces that have no way out, and dumpcap listens between them.
#
#   record.sh NAME OUT     NAME: a folder beside this script that holds plan.toml
#                          OUT:  the session folder to write (may be the same folder)
#
# What it does is told by NAME/plan.toml and NAME/device.toml, nothing else.
# Linux, root. Running it twice does the same thing twice and leaves nothing behind.
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8 TZ=UTC NODE_NO_WARNINGS=1 PYTHONDONTWRITEBYTECODE=1

die() { echo "record.sh: $*" >&2; exit 2; }

[ $# -eq 2 ] || die "usage: record.sh NAME OUT"
here=$(cd "$(dirname "$0")" && pwd)
plan=$here/$1
out=$2
[ -f "$plan/plan.toml" ] || die "$plan/plan.toml: no such file"
[ "$(uname -s)" = Linux ] || die "network namespaces need Linux"
[ "$(id -u)" = 0 ] || die "network namespaces need root"
missing=()
for program in ip ethtool dumpcap tshark nginx dnsmasq openssl curl python3 node; do
    command -v "$program" >/dev/null || missing+=("$program")
done
[ ${#missing[@]} -eq 0 ] || die "needs ${missing[*]}
  Debian, Ubuntu: apt-get install iproute2 ethtool wireshark-common tshark nginx-light dnsmasq-base openssl curl python3 nodejs"
python3 -c 'import tomllib' 2>/dev/null || die "needs Python 3.11 or later (tomllib)"

# The names carry this process's number, so that two recordings do not meet.
phone=ww-phone-$$
servers=ww-servers-$$
work=$(mktemp -d)
started=()
cleanup() {
    status=$?
    trap - EXIT INT TERM
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
    ip netns del "$phone" 2>/dev/null || true
    ip netns del "$servers" 2>/dev/null || true
    rm -rf "/etc/netns/$phone"
    rmdir /etc/netns 2>/dev/null || true
    rm -rf "$work"
    exit $status
}
trap cleanup EXIT INT TERM

# Configurations, and a CA that lives as long as this run: its key is never kept.
python3 "$here/record/prepare.py" "$plan" "$work"
mkdir "$work/certs"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -subj "/O=wirewitness sample sessions/CN=Throw-away CA" \
    -keyout "$work/ca.key" -out "$work/ca.pem" 2>/dev/null
# The CA a pinning client trusts instead: it has signed nothing.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -subj "/O=wirewitness sample sessions/CN=Pinned CA" \
    -keyout /dev/null -out "$work/pinned.pem" 2>/dev/null
while read -r host; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
        -CA "$work/ca.pem" -CAkey "$work/ca.key" -subj "/CN=$host" \
        -addext "subjectAltName=DNS:$host" -addext "basicConstraints=critical,CA:FALSE" \
        -keyout "$work/certs/$host.key" -out "$work/certs/$host.crt" 2>/dev/null
done <"$work/hosts"

# phone 192.0.2.10 ── veth ── 192.0.2.1 servers (RFC 5737 addresses; no default route out)
ip netns add "$phone"
ip netns add "$servers"
for ns in "$phone" "$servers"; do
    ip netns exec "$ns" sh -c '
        for f in all default; do echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6; done' 2>/dev/null || true
    ip -n "$ns" link set lo up
done
ip link add wlan0 netns "$phone" address "$(cat "$work/mac")" type veth \
    peer name ap0 netns "$servers" address 02:00:5e:00:53:01
# Without offloads the capture shows what would be on air: whole checksums, no 64 KB packets.
ip netns exec "$phone" ethtool -K wlan0 tx off rx off tso off gso off gro off >/dev/null 2>&1
ip netns exec "$servers" ethtool -K ap0 tx off rx off tso off gso off gro off >/dev/null 2>&1
ip -n "$phone" addr add 192.0.2.10/24 dev wlan0
ip -n "$servers" addr add 192.0.2.1/24 dev ap0
while read -r address; do ip -n "$servers" addr add "$address/32" dev lo; done <"$work/addresses"
ip -n "$phone" link set wlan0 up
ip -n "$servers" link set ap0 up
# Known neighbours: no ARP of the kernel's own between the steps of the plan.
ip -n "$phone" neigh replace 192.0.2.1 lladdr 02:00:5e:00:53:01 nud permanent dev wlan0
ip -n "$servers" neigh replace 192.0.2.10 lladdr "$(cat "$work/mac")" nud permanent dev ap0
ip -n "$phone" route add 203.0.113.0/24 via 192.0.2.1
ip -n "$phone" route add 198.51.100.0/24 via 192.0.2.1
mkdir -p "/etc/netns/$phone"
echo 'nameserver 198.51.100.53' >"/etc/netns/$phone/resolv.conf"

ip netns exec "$servers" dnsmasq --conf-file="$work/dnsmasq.conf" 2>"$work/dnsmasq.log" &
started+=($!)
ip netns exec "$servers" nginx -e "$work/nginx-error.log" -p "$work" -c "$work/nginx.conf" &
started+=($!)
ip netns exec "$servers" dumpcap -q -i ap0 -w "$work/raw.pcapng" 2>"$work/dumpcap.log" &
dumpcap=$!
started+=("$dumpcap")
for _ in $(seq 100); do
    if [ -s "$work/raw.pcapng" ] && ip netns exec "$servers" curl -s -o /dev/null http://198.51.100.53/; then break; fi
    sleep 0.1
done
[ -s "$work/raw.pcapng" ] || die "dumpcap did not start: $(cat "$work/dumpcap.log")"
# The phone announces itself, as one that joins a network does (gratuitous ARP): the
# capture has begun before the app is launched.
ip netns exec "$phone" python3 -c '
import socket, sys
mac, address = bytes.fromhex(sys.argv[1].replace(":", "")), socket.inet_aton("192.0.2.10")
arp = bytes.fromhex("0001080006040001") + mac + address + bytes(6) + address
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("wlan0", 0))
s.send(b"\xff" * 6 + mac + b"\x08\x06" + arp)' "$(cat "$work/mac")"

# In the background and waited for, so that a signal ends the run at once and not after it.
ip netns exec "$phone" python3 "$here/record/play.py" "$plan" "$work" &
player=$!
started+=("$player")
wait "$player"
sleep 0.5
kill -INT "$dumpcap"
wait "$dumpcap" || true

python3 "$here/record/plain.py" "$work/raw.pcapng" "$work/capture.pcapng"
python3 "$here/record/check.py" "$work"
mkdir -p "$out"
cp "$work"/{capture.pcapng,keys.log,phases.jsonl,requests.tsv} "$out/"
for file in session.toml device.toml policy.txt expected.json; do
    [ "$plan/$file" -ef "$out/$file" ] || { [ -f "$plan/$file" ] && cp "$plan/$file" "$out/"; } || true
done
{
    dumpcap --version | sed -n 1p
    nginx -v 2>&1 | sed 's/^nginx version: //'
    dnsmasq --version | sed -n '1s/ *Copyright.*//p'
    openssl version
    curl --version | sed -n '1s/ (.*//p'
    echo "Python $(python3 -c 'import platform, ssl; print(platform.python_version(), "with", ssl.OPENSSL_VERSION)')"
    echo "Node $(node --version) with OpenSSL $(node -p process.versions.openssl)"
} >"$out/versions.txt"
echo "record.sh: $1 recorded into $out" >&2

#!/bin/sh
# Records the captures in this folder on the loopback interface, each from real programs,
# and what tshark reads in them (*.tsv). Run as root: sh record.sh [NAME…]
#
# Needs: tcpdump, tshark, nginx, curl, node, mosquitto and its clients, openssl, and a Python
# (in $PYTHON) with h2, websockets, grpcio and paho-mqtt. Versions used: nginx 1.22, curl 7.88,
# node 20.20, mosquitto 2.0, tshark 4.0, h2 4.4, websockets 17, grpcio 1.85, paho-mqtt 2.2.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
chmod 755 "$work"
PYTHON=${PYTHON:-python3}
pids=
trap 'for p in $pids; do kill $p 2>/dev/null || :; done; rm -rf "$work"' EXIT

background() { "$@" >"$work/log" 2>&1 & pids="$pids $!"; last=$!; }
stop() { kill "$1" 2>/dev/null || :; wait "$1" 2>/dev/null || :; }
record() { # NAME PORT
    tcpdump -q -Z root -i lo -s 0 -U -w "$here/$1.pcap" "tcp port $2" 2>"$work/tcpdump" &
    dump=$!; pids="$pids $dump"
    until grep -q listening "$work/tcpdump"; do sleep 0.1; done
}
recorded() { sleep 1; kill -INT $dump; wait $dump || :; }
wanted() { [ -z "$only" ] || case " $only " in *" $1 "*) ;; *) return 1 ;; esac; }
only="$*"
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

if wanted h2-nginx; then
    cat >"$work/nginx.conf" <<C
daemon off; pid $work/pid; error_log $work/error.log; events {}
http { access_log off; server { listen 127.0.0.1:29080 http2; server_name api.example.com;
  client_body_temp_path $work/body; root $work/www;
  location /bind { return 200 '{"ok":true}'; } location /none { return 204; } location /moved { return 302 /bind?from=moved; } } }
C
    mkdir -p "$work/www"; printf '%4000s' page >"$work/www/page.html"; seq 2000 >"$work/www/numbers.txt"
    background nginx -c "$work/nginx.conf"; server=$last; sleep 1
    record h2-nginx 29080
    # nginx answers a POST without reading its body, and says so by RST_STREAM, which this curl minds.
    ask() { curl -sS -m 5 -o "$work/o" --http2-prior-knowledge --resolve api.example.com:29080:127.0.0.1 "$@" || :; }
    at=http://api.example.com:29080
    ask -H 'x-device: 3f2a' -b 'sid=1; theme=dark' "$at/bind?x=1"
    ask -H 'content-type: application/json' -H 'x-device: 3f2a' -d '{"imei":"867530900000017","n":1}' $at/bind
    ask -I $at/page.html
    ask -L $at/moved
    for path in numbers.txt absent none; do ask $at/$path; done
    recorded; stop $server
fi
if wanted h2-tls; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=tls.example.com \
        -addext subjectAltName=DNS:tls.example.com -keyout "$work/key.pem" -out "$work/cert.pem" 2>"$work/log"
    cat >"$work/tls.conf" <<C
daemon off; pid $work/pid; error_log $work/error.log; events {}
http { access_log off; server { listen 127.0.0.1:29087 ssl http2; server_name tls.example.com; ssl_protocols TLSv1.2 TLSv1.3;
  ssl_certificate $work/cert.pem; ssl_certificate_key $work/key.pem; client_body_temp_path $work/body;
  location / { return 200 '{"tls":true}'; } } }
C
    background nginx -c "$work/tls.conf"; server=$last; sleep 1
    record h2-tls 29087
    for version in 1.2 1.3; do
        SSLKEYLOGFILE="$here/h2-tls.keys" curl -sS -m 5 -o "$work/o" --http2 --tlsv$version --tls-max $version --cacert "$work/cert.pem" \
            --resolve tls.example.com:29087:127.0.0.1 "https://tls.example.com:29087/a?v=$version" "https://tls.example.com:29087/b?v=$version" || :
    done
    recorded; stop $server
fi
if wanted h2-upgrade; then
    background "$PYTHON" "$here/upgrade_server.py" 29081; server=$last; sleep 1
    record h2-upgrade 29081
    for path in first second; do
        curl -sS -m 5 -o "$work/o" --http2 --resolve up.example.com:29081:127.0.0.1 http://up.example.com:29081/$path
    done
    recorded; stop $server
fi
if wanted h2-node; then
    record h2-node 29082
    timeout 20 node "$here/node.js" 29082
    recorded
fi
if wanted grpc; then
    record grpc 29083
    timeout 20 "$PYTHON" "$here/rpc.py" 29083
    recorded
fi
for kind in takeover fresh plain; do
    if wanted websocket-$kind; then
        record websocket-$kind 29084
        timeout 20 "$PYTHON" "$here/websocket.py" 29084 $kind
        recorded
    fi
done
if wanted mqtt || wanted mqtt-websocket; then
    cat >"$work/mosquitto.conf" <<C
listener 29085 127.0.0.1
listener 29086 127.0.0.1
protocol websockets
password_file $work/users
allow_anonymous false
C
    touch "$work/users"; chmod 600 "$work/users"; mosquitto_passwd -b "$work/users" tester pa55
    chown mosquitto "$work" "$work/users" 2>/dev/null || :
    background mosquitto -c "$work/mosquitto.conf"; broker=$last; sleep 1
fi
if wanted mqtt; then
    record mqtt 29085
    for version in 31 311 5; do
        timeout 10 mosquitto_sub -p 29085 -V mqttv$version -i sub$version -u tester -P pa55 -t "dev/+/up" -t "news/#" -q 1 -C 2 >"$work/o" &
        sub=$!; sleep 0.5
        timeout 10 mosquitto_pub -p 29085 -V mqttv$version -i dev-867530900000017 -u tester -P pa55 -t dev/867530900000017/up -q 1 -m '{"oaid":"ab12"}' \
            --will-topic dev/gone --will-payload bye
        timeout 10 mosquitto_pub -p 29085 -V mqttv$version -i p2 -u tester -P pa55 -t news/today -q 2 -m "news for $version" \
            $([ $version = 5 ] && echo "-D publish user-property imei 867530900000017 -D publish content-type text/plain")
        wait $sub
    done
    recorded
fi
if wanted mqtt-websocket; then
    record mqtt-websocket 29086
    timeout 20 "$PYTHON" "$here/mqtt_websocket.py" 29086
    recorded
fi
for file in "$here"/*.pcap; do
    name=$(basename "$file" .pcap)
    wanted "$name" || continue
    case $name in
    h2-*|grpc) ports="-d tcp.port==29080,http2 -d tcp.port==29082,http2 -d tcp.port==29083,http2"
        keys=; [ ! -e "$here/$name.keys" ] || keys="-o tls.keylog_file:$here/$name.keys"
        tshark -r "$file" $keys $ports -Y 'http2.headers.method || http2.headers.status' -T fields -E separator=/t -E occurrence=a -E aggregator='|' \
            -e frame.number -e tcp.stream -e tcp.srcport -e http2.streamid -e http2.headers.method -e http2.headers.path \
            -e http2.headers.authority -e http2.headers.status >"$here/$name.tsv" 2>/dev/null ;;
    # tshark 4.0 does not look for MQTT in a WebSocket: the test holds what the client was told.
    mqtt) tshark -r "$file" -d tcp.port==29085,mqtt -Y mqtt -T fields -E separator=/t -E occurrence=a -E aggregator='|' \
            -e frame.number -e tcp.stream -e mqtt.msgtype -e mqtt.clientid -e mqtt.username -e mqtt.passwd -e mqtt.topic -e mqtt.msg \
            >"$here/$name.tsv" 2>/dev/null ;;
    websocket*) tshark -r "$file" -d tcp.port==29084,http -Y websocket -T fields -E separator=/t -E occurrence=a -E aggregator='|' \
            -e frame.number -e tcp.stream -e tcp.srcport -e websocket.opcode -e websocket.fin -e websocket.payload_length >"$here/$name.tsv" 2>/dev/null ;;
    esac
done

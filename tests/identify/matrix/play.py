#!/usr/bin/env python3
"""Sends the cases of cases.json, each to its own address; called by record.sh, in an
empty network namespace. HTTP/1.1 by curl, http.client and Node in turn; what must be cut
at a certain byte by a socket."""

import base64
import http.client
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time

import paho.mqtt.client as mqtt
import websockets.sync.client
import websockets.sync.server

HERE = os.path.dirname(os.path.abspath(__file__))
PAUSE = 0.03


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            while int(size := self.rfile.readline(), 16) > 0:
                self.rfile.read(int(size, 16) + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()
        self.close_connection = True

    do_GET = do_POST

    def log_message(self, *_):
        pass


def middle(data):
    """A place inside the value, which stands behind the last `fp`."""
    return data.rindex(b"fp") + 9


def sink():
    """A server that reads what comes and says nothing."""
    server = socket.create_server(("", 9000))
    def serve():
        while True:
            connection, _ = server.accept()
            while connection.recv(65536):
                pass
            connection.close()
    threading.Thread(target=serve, daemon=True).start()
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("", 9001))
    return datagrams


def in_pieces(address, port, pieces, answer):
    with socket.create_connection((address, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(PAUSE)
        connection.shutdown(socket.SHUT_WR)
        while answer and connection.recv(65536):
            pass


def http1(case, body):
    headers = [tuple(h) for h in case["headers"]]
    method = "GET" if body is None else "POST"
    if case["wire"] == "split":
        head = f"{method} {case['target']} HTTP/1.1\r\nHost: {case['host']}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers)
        head += "\r\n" if body is None else f"Content-Length: {len(body)}\r\n\r\n"
        whole = head.encode() + (body or b"")
        cut = middle(whole)
        return in_pieces(case["address"], 80, [whole[:cut], whole[cut:]], True)
    if case["wire"] == "chunked":
        cut = middle(body)
        def pieces():
            for piece in (body[:cut], body[cut:cut + 2], body[cut + 2:]):
                yield piece
                time.sleep(PAUSE)
        connection = http.client.HTTPConnection(case["address"])
        connection.request(method, case["target"], pieces(), dict([("Host", case["host"]), ("Transfer-Encoding", "chunked")] + headers), encode_chunked=True)
        return connection.getresponse().read()
    if case["case"] % 3 == 0:
        command = ["curl", "-s", "-o", "/dev/null", "-X", method, "--resolve", f"{case['host']}:80:{case['address']}", "--path-as-is", "-g"]
        for name, value in headers:
            command += ["-H", f"{name}: {value}"]
        command += [] if body is None else ["--data-binary", "@-"]
        return subprocess.run(command + [f"http://{case['host']}{case['target']}"], input=body or b"", check=True)
    connection = http.client.HTTPConnection(case["address"])
    connection.request(method, case["target"], body, dict([("Host", case["host"])] + headers))
    connection.getresponse().read()


def websocket(case, body):
    uri = f"ws://{case['host']}:8083/live"
    with socket.create_connection((case["address"], 8083)) as connection:
        with websockets.sync.client.connect(uri, sock=connection) as client:
            if "binary" in case["protocol"]:
                return client.send(body)
            text = body.decode()
            if "fragments" in case["protocol"]:
                cut = middle(body)
                return client.send([text[:cut], text[cut:cut + 3], text[cut + 3:]])
            client.send(text)


def publish(case, body):
    version = mqtt.MQTTv5 if case["case"] % 2 else mqtt.MQTTv311
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"matrix-{case['case']}", protocol=version)
    client.connect(case["address"], 1883)
    client.loop_start()
    client.publish(f"up/{case['host']}", body, qos=1).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()


def main():
    cases = json.load(open(os.path.join(HERE, "cases.json")))
    server = http.server.ThreadingHTTPServer(("", 80), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    live = websockets.sync.server.serve(lambda socket: [None for _ in socket], "", 8083)
    threading.Thread(target=live.serve_forever, daemon=True).start()
    datagrams = sink()
    by_node = []
    for case in cases:
        body = None if case["body"] is None else base64.b64decode(case["body"])
        protocol = case["protocol"].split(",")[0]
        if protocol == "HTTP/1.1" and (case["case"] % 3 < 2 or case["wire"] != "length"):
            http1(case, body)
        elif protocol == "WebSocket":
            websocket(case, body)
        elif protocol == "MQTT":
            publish(case, body)
        elif protocol == "TCP":
            cut = middle(body) if "segments" in case["protocol"] else len(body)
            in_pieces(case["address"], 9000, [piece for piece in (body[:cut], body[cut:]) if piece], False)
        elif protocol == "UDP":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.sendto(body, (case["address"], 9001))
            datagrams.recv(65536)
        elif protocol != "HAR":
            by_node.append(case)
    subprocess.run(["node", os.path.join(HERE, "play.mjs")], input=json.dumps(by_node).encode(), check=True)


main()

"""Servers, clients and the proxy add-on behind tests/record-import.sh.

    record-import.py serve      the servers that the proxy forwards to, on loopback
    record-import.py websocket  a WebSocket client that goes through the proxy
    record-import.py streams    clients of the proxy's DNS, TCP and UDP ports
    mitmdump -s record-import.py   the add-on: all hosts are on loopback
"""

import asyncio
import gzip
import http.server
import json
import socket
import ssl
import struct
import sys
import threading

HTTP, HTTPS, WEBSOCKET, DNS, TCP, UDP = 38080, 38443, 38081, 38053, 38100, 38101
PROXY, DNS_IN, TCP_IN, UDP_IN = 38888, 38853, 38900, 38901
BINARY = bytes(range(256)) * 4

# path: (status, headers, body); the README of tests/data/import says what each is for.
ANSWERS = {
    "/v2/bind": (200, {"Content-Type": "application/json"}, '{"ok":true,"say":"你好"}'.encode()),
    "/gzip": (200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, gzip.compress(b'{"a":"' + b"x" * 400 + b'"}', mtime=0)),
    "/icon.png": (200, {"Content-Type": "image/png"}, b"\x89PNG\r\n\x1a\n" + BINARY),
    "/latin": (200, {"Content-Type": "text/plain"}, "déjà vu, naïve café: a text in ISO 8859-1".encode("latin-1")),
    "/mixed": (200, {"Content-Type": "text/plain"}, "a text in UTF-8 of which no header tells it, with a few 汉字 in it".encode()),
    "/broken.json": (200, {"Content-Type": "application/json"}, b'{"text":"broken \xff\xfe UTF-8","n":1}'),
    "/gbk": (200, {"Content-Type": "text/plain; charset=gbk"}, "设备标识符 oaid and nothing else in here".encode("gbk")),
    "/empty": (204, {}, b""),
    "/moved": (302, {"Location": "https://api.example.com/v2/bind"}, b""),
}


http.server.ThreadingHTTPServer.handle_error = lambda *_: None  # a client that hangs up


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "fixture", ""

    def log_message(self, *_):
        pass

    def answer(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            while int(self.rfile.readline(), 16):
                self.rfile.readline()
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, body = ANSWERS.get(self.path.split("?")[0], (404, {"Content-Type": "text/plain"}, b"no"))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer


def serve():
    import websockets.asyncio.server

    threading.Thread(target=http.server.ThreadingHTTPServer(("127.0.0.1", HTTP), Handler).serve_forever).start()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain("cert.pem", "key.pem")
    https = http.server.ThreadingHTTPServer(("127.0.0.1", HTTPS), Handler)
    https.socket = tls.wrap_socket(https.socket, server_side=True)
    threading.Thread(target=https.serve_forever).start()

    def dns():
        # One address and one alias for each question.
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", DNS))
        while True:
            query, client = server.recvfrom(4096)
            alias = b"\x03cdn\x07example\x03net\x00"
            answers = b"\xc0\x0c" + struct.pack("!HHIH", 5, 1, 300, len(alias)) + alias
            answers += alias + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([198, 51, 100, 7])
            server.sendto(query[:2] + b"\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00" + query[12:] + answers, client)

    def udp():
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", UDP))
        while True:
            data, client = server.recvfrom(4096)
            server.sendto(b"pong " + data[-4:], client)

    def tcp():
        server = socket.create_server(("127.0.0.1", TCP))
        while True:
            client, _ = server.accept()
            while data := client.recv(4096):
                client.sendall(b"got %d" % len(data))
            client.close()

    for target in (dns, udp, tcp):
        threading.Thread(target=target).start()

    async def echo(connection):
        async for message in connection:
            await connection.send(message[::-1])

    async def websocket():
        async with websockets.asyncio.server.serve(echo, "127.0.0.1", WEBSOCKET, server_header=None):
            print("ready", flush=True)
            await asyncio.get_running_loop().create_future()

    asyncio.run(websocket())


async def websocket():
    import websockets.asyncio.client

    connect = websockets.asyncio.client.connect(
        "ws://push.example.net/live", proxy=f"http://127.0.0.1:{PROXY}", user_agent_header="fixture"
    )
    async with connect as connection:
        for message in ('{"oaid":"01234567-89ab-cdef","say":"你好"}', BINARY[:256], "x" * 700):
            await connection.send(message)
            await connection.recv()


def streams():
    def udp(port, data):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.settimeout(5)
        client.sendto(data, ("127.0.0.1", port))
        client.recv(4096)

    question = b"\x03api\x07example\x03com\x00\x00\x01\x00\x01"
    udp(DNS_IN, b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + question)
    udp(UDP_IN, b"\x01\x02device 0123456789 ping")
    client = socket.create_connection(("127.0.0.1", TCP_IN))
    for data in (b"login 0123456789\n", b"\x00\x01\x02 status\n"):
        client.sendall(data)
        client.recv(4096)
    client.close()


class Loopback:
    """All hosts are the servers above; one answers in the proxy itself, over HTTP/2."""

    def server_connect(self, data):
        host, port = data.server.address
        if host.endswith((".example.com", ".example.net")):
            data.server.address = ("127.0.0.1", {443: HTTPS, 80: WEBSOCKET if host.startswith("push.") else HTTP}.get(port, 1))

    def request(self, flow):
        if flow.request.pretty_host == "h2.example.com":
            from mitmproxy import http

            body = json.dumps({"version": flow.request.http_version}).encode()
            flow.response = http.Response.make(200, body, {"Content-Type": "application/json"})


addons = [Loopback()]

if __name__ == "__main__":
    what = sys.argv[1]
    asyncio.run(websocket()) if what == "websocket" else {"serve": serve, "streams": streams}[what]()

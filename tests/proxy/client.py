"""HTTP and HTTPS of Python's urllib through a proxy, and many connections at once.

usage: client.py get PROXY_PORT SERVER_PORT PLAIN_PORT ROOTS
           a line for each request: path, SHA-256 of the body
       client.py many COUNT PROXY_PORT SERVER_PORT ROOTS
           COUNT connections that are all open at the same time; prints how many got the right body
"""
import hashlib
import socket
import ssl
import sys
import threading
import urllib.request


def get(proxy, tls, plain, roots):
    context = ssl.create_default_context(cafile=roots)
    proxies = urllib.request.ProxyHandler({s: f"http://127.0.0.1:{proxy}" for s in ("http", "https")})
    opener = urllib.request.build_opener(proxies, urllib.request.HTTPSHandler(context=context))
    for base, path, body in [
        (f"https://localhost:{tls}", "/bytes/12345?python=1", None),
        (f"https://localhost:{tls}", "/hash?python=2", b"p" * 100_000),
        (f"http://localhost:{plain}", "/bytes/777?python=3", None),
        (f"http://localhost:{plain}", "/hash?python=4", b"q" * 100_000),
        (f"http://localhost:{plain}", "/chunked?python=5", None),
    ]:
        with opener.open(base + path, data=body, timeout=20) as response:
            print(path, hashlib.sha256(response.read()).hexdigest())


def many(count, proxy, server, roots):
    context = ssl.create_default_context(cafile=roots)
    everybody = threading.Barrier(count)
    right = []

    def one(number):
        stream = socket.create_connection(("127.0.0.1", proxy), timeout=120)
        stream.sendall(f"CONNECT localhost:{server} HTTP/1.1\r\nHost: localhost:{server}\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += stream.recv(1) or sys.exit("cut off")
        with context.wrap_socket(stream, server_hostname="localhost") as secure:
            everybody.wait(120)
            body = f"connection {number}".encode()
            secure.sendall(f"POST /hash?many={number} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
                           "Connection: close\r\n\r\n".encode() + body)
            answer = b""
            while piece := secure.recv(4096):
                answer += piece
        if hashlib.sha256(body).hexdigest().encode() in answer:
            right.append(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(right))


if sys.argv[1] == "get":
    get(*map(int, sys.argv[2:5]), sys.argv[5])
else:
    many(*map(int, sys.argv[2:5]), sys.argv[5])

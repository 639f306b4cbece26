"""A client: one connection, its requests one after another or all at once. The job comes on standard input."""

import base64
import hashlib
import http.client
import json
import socket
import ssl
import sys
import time
import urllib.parse

job = json.load(sys.stdin)
url = urllib.parse.urlsplit(job["to"])
secure = url.scheme == "https"
port = url.port or (443 if secure else 80)


def context():
    c = ssl.create_default_context(cafile=job["ca"])
    if job["keylog"]:
        c.keylog_filename = job["keylog"]
    if job["tls"] == "1.2":
        c.maximum_version = ssl.TLSVersion.TLSv1_2
    if job["ciphers"]:
        c.set_ciphers(job["ciphers"])
    return c


def log(request, now):
    body = base64.b64decode(request["body"])
    with open(job["sent"], "a") as sent:
        sent.write(
            f"{now:.6f}\t{url.hostname}\t{request['method']}\t{request['path']}"
            f"\t{hashlib.sha256(body).hexdigest()}\t{request['content_sha256']}\tpython\t{job['readable']}\n"
        )


def wire(request):
    """The request as bytes, with the headers of the plan and no other but the length."""
    body = base64.b64decode(request["body"])
    headers = list(request["headers"])
    if body:
        headers.append(["Content-Length", str(len(body))])
    lines = [f"{request['method']} {request['path']} HTTP/1.1", *(f"{k}: {v}" for k, v in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def connect(tls, session=None):
    raw = socket.create_connection((url.hostname, port), timeout=5)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return tls.wrap_socket(raw, server_hostname=url.hostname, session=session) if secure else raw


def exchange(connection, requests):
    if job["pipelined"]:
        for request in requests:
            log(request, time.time())
        connection.sendall(b"".join(wire(r) for r in requests))
        stream = connection.makefile("rb")
        for _ in requests:  # one reader for all: what it read ahead belongs to the next response
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            stream.read(length)
        return
    for request in requests:
        log(request, time.time())
        connection.sendall(wire(request))
        response = http.client.HTTPResponse(connection, method=request["method"])
        response.begin()
        response.read()


tls = context() if secure else None
if job["pinned"]:
    try:
        connect(tls)
    except ssl.SSLCertVerificationError:
        sys.exit(0)
    sys.exit("the pinned connection was accepted")
if job["resume"]:
    # A first connection for the first request, a second one with its session for the others.
    first = connect(tls)
    exchange(first, job["requests"][:1])
    session = first.session
    first.unwrap() if first.version() == "TLSv1.2" else None
    first.close()
    second = connect(tls, session)
    if not second.session_reused:
        sys.exit("the session was not resumed")
    exchange(second, job["requests"][1:])
    second.close()
else:
    connection = connect(tls)
    exchange(connection, job["requests"])
    connection.close()

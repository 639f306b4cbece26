"""Writes tests/data/import/proxies/: a session of each proxy that has a format of its own,
in the shape in which that program writes it, a damaged one each, and what must come out,
written from the bytes that the case is made of.

    make-imports.py FOLDER
"""

import base64
import gzip
import hashlib
import json
import pathlib
import shutil
import sys
import zipfile

folder = pathlib.Path(sys.argv[1])
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)

BINARY = bytes(range(256))
JSON = '{"imei":"867530900000017","say":"水火"}'.encode()
FORM = b"imei=867530900000017&name=%E6%B0%B4"
ANSWER = '{"ok":true,"say":"你好"}'.encode()
GBK = "设备=867530900000017".encode("gbk")
HOST, SERVER, PHONE, APP = "api.example.com", "198.51.100.7", "192.0.2.9", "com.example.app"


def b64(data):
    return base64.b64encode(data).decode()


class Expected:
    """What a file must yield."""

    def __init__(self, name, producer):
        self.name, self.producer, self.messages, self.gaps = name, producer, [], {}

    def message(self, direction, what, body=b"", protocol="http/1.1", app="-", length=None):
        length = len(body) if length is None else length
        digest = hashlib.sha256(body).hexdigest()[:16]
        self.messages.append(f"{direction} {protocol} {what} {app} {length} {digest}")

    def sent(self, *rest, **named):
        self.message("sent", *rest, **named)

    def received(self, *rest, **named):
        self.message("received", *rest, **named)

    def gap(self, reason, detail, missing=0, count=1):
        self.gaps[f"{reason}: {detail}"] = [count, missing]

    def write(self):
        expected = {"producer": self.producer, "messages": self.messages, "gaps": dict(sorted(self.gaps.items()))}
        text = json.dumps(expected, ensure_ascii=False, indent=1) + "\n"
        (folder / f"{self.name}.expected.json").write_text(text, encoding="utf-8")


def pack(name, files):
    """A ZIP whose bytes are the same each time."""
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            data = data.encode() if isinstance(data, str) else data
            archive.writestr(zipfile.ZipInfo(path, (2026, 3, 1, 8, 0, 0)), data, zipfile.ZIP_DEFLATED)


NO_ADDRESS = "exchanges without the server's address"
LEFT_OUT = "bodies that the exporter left out"

# --- Charles ---------------------------------------------------------------------------------


def charles(method="POST", path="/v2/bind", query=None, request=None, response=None, **more):
    def half(given, status=None):
        given = dict(given or {})
        body = given.pop("body", None)
        size = given.pop("size", 0)
        made = {
            "sizes": {"headers": 100, "body": size}, "mimeType": given.pop("mime", "application/json"),
            "charset": given.pop("charset", None), "contentEncoding": given.pop("coding", None),
            "header": {"firstLine": "", "headers": [{"name": "Host", "value": HOST}, *given.pop("fields", [])]},
        }
        if status:
            made["status"] = status
        if body is not None:
            made["body"] = body
        return made

    return {
        "status": "COMPLETE", "method": method, "protocolVersion": "HTTP/2.0", "scheme": "https", "host": HOST,
        "port": None, "actualPort": 443, "path": path, "query": query, "tunnel": False, "keptAlive": True,
        "webSocket": False, "remoteAddress": f"{HOST}/{SERVER}", "clientAddress": f"/{PHONE}", "clientPort": 50000,
        "times": {"start": "2026-03-01T16:00:01.250+08:00", "requestBegin": "2026-03-01T16:00:01.250+08:00",
                  "requestComplete": "2026-03-01T16:00:01.255+08:00", "responseBegin": "2026-03-01T16:00:01.262+08:00",
                  "end": "2026-03-01T16:00:01.270+08:00"},
        "durations": {"total": 20, "dns": 1, "connect": 2, "ssl": 3, "request": 5, "response": 8, "latency": 7},
        "speeds": {"overall": 1000, "request": 1, "response": 1}, "totalSize": 400,
        "ssl": {"protocol": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"}, "alpn": {"protocol": "h2"},
        "request": half(request), "response": half(response, 200), **more,
    }


def tunnel(host, **more):
    return charles("CONNECT", None, tunnel=True, host=host, remoteAddress=f"{host}/198.51.100.8",
                   protocolVersion="HTTP/1.1", request={"size": 517}, response={"size": 900}, **more)


TWO = {"name": "Set-Cookie", "value": "a=1"}, {"name": "Set-Cookie", "value": "b=2"}
session = [
    # Text, decoded; the answer in base64, whatever it is; its size is that of the wire.
    charles(query="x=1", request={"body": {"text": JSON.decode()}, "size": len(JSON)},
            response={"body": {"encoding": "base64", "encoded": b64(ANSWER)}, "size": len(ANSWER), "fields": list(TWO)}),
    # Bytes; a coding that Charles has undone; a charset that it names.
    charles(request={"body": {"encoding": "base64", "encoded": b64(BINARY)}, "size": 256, "mime": "application/octet-stream"},
            response={"body": {"text": ANSWER.decode(), "charset": None}, "size": len(gzip.compress(ANSWER)), "coding": "gzip",
                      "fields": [{"name": "Content-Encoding", "value": "gzip"}]}),
    charles(request={"body": {"text": GBK.decode("gbk")}, "size": len(GBK), "charset": "GBK", "mime": "text/plain"}, response={}),
    # A body that was not recorded.
    charles(request={"size": 9000}, response={}, scheme="http", actualPort=80, protocolVersion="HTTP/1.1"),
    # A host that was not decrypted, and a client that did not take the certificate.
    tunnel("closed.example.com"),
    tunnel("pinned.example.com", status="FAILED", errorMessage="SSL handshake with client failed: alert certificate_unknown"),
]
(folder / "charles.chlsj").write_text(json.dumps(session, ensure_ascii=False), encoding="utf-8")


def expect_charles(name, producer):
    expected = Expected(name, producer)
    expected.sent("POST /v2/bind?x=1", JSON, protocol="http/2")
    expected.received("200", ANSWER, protocol="http/2")
    expected.sent("POST /v2/bind", BINARY, protocol="http/2")
    expected.received("200", ANSWER, protocol="http/2")
    expected.sent("POST /v2/bind", GBK, protocol="http/2")
    expected.received("200", protocol="http/2")
    expected.sent("POST /v2/bind", length=9000)
    expected.received("200")
    expected.sent("no-key", protocol="tls", length=517)
    expected.sent("pinned", protocol="tls", length=517)
    expected.gap("lossy-import", LEFT_OUT, 9000)
    return expected


expect_charles("charles.chlsj", "Charles (JSON session)").write()

# As mitmproxy writes it (`save.charles`): with what went over a WebSocket. Charles' own form of that is not known.
FRAMES = [
    {"type": "Send", "time": "2026-03-01T08:00:01.300000+00:00", "opcode": 1, "data": JSON.decode(), "binary": False},
    {"type": "Receive", "time": "2026-03-01T08:00:01.310000+00:00", "opcode": 2, "data": b64(BINARY), "binary": True},
    {"opcode": 1, "data": "whose?"},
]
UPGRADED = {"status": 101, "sizes": {"headers": 60, "body": 0}, "mimeType": None, "charset": None, "contentEncoding": None,
            "header": {"firstLine": "HTTP/1.1 101 Switching Protocols", "headers": [{"name": "Upgrade", "value": "websocket"}]}, "body": {}}
sockets = [
    charles("GET", "/socket", protocolVersion="HTTP/1.1", remoteAddress=SERVER, clientAddress=PHONE, webSocketMessages=FRAMES,
            times={"start": "2026-03-01T08:00:01.250000+00:00", "request": "2026-03-01T08:00:01.251000+00:00",
                   "response": "2026-03-01T08:00:01.260000+00:00", "end": "2026-03-01T08:00:01.260000+00:00"}),
    charles("GET", "/unread", protocolVersion="HTTP/1.1", webSocket=True),
]
for one in sockets:
    one["response"] = UPGRADED
del sockets[0]["webSocket"]
(folder / "sockets.chlsj").write_text(json.dumps(sockets, ensure_ascii=False), encoding="utf-8")
expected = Expected("sockets.chlsj", "Charles (JSON session)")
expected.sent("GET /socket")
expected.received("101")
expected.sent("-", JSON, protocol="websocket")
expected.received("-", BINARY, protocol="websocket")
expected.sent("GET /unread")
expected.received("101")
expected.gap("lossy-import", "messages of WebSockets in a form that is not known")
expected.gap("lossy-import", "WebSockets of which the messages are not read from a Charles session; its HAR has them")
expected.write()

# The same as a ZIP: bodies are files.
files = {}
for number, one in enumerate(session):
    meta = json.loads(json.dumps(one))
    for half, short in (("request", "req"), ("response", "res")):
        meta[half].pop("body", None)
    files[f"{number}-meta.json"] = json.dumps(meta)
files |= {"0-req.json": JSON, "0-res.json": ANSWER, "1-req.bin": BINARY, "1-res.json": ANSWER, "2-req.txt": GBK}
pack("charles.chlz", files)
expect_charles("charles.chlz", "Charles (ZIP session)").write()

# --- Fiddler ---------------------------------------------------------------------------------


def notes(flags=0, begin="2026-03-01T16:00:01.2500000+08:00", **flag):
    named = "".join(f'<SessionFlag N="{name.replace("_", "-")}" V="{value}" />' for name, value in flag.items())
    return f"""\ufeff<?xml version="1.0" encoding="utf-8"?>
<Session SID="1" BitFlags="{flags:x}">
  <SessionTimers ClientConnected="{begin}" ClientBeginRequest="{begin}" GatewayTime="0" DNSTime="0" ServerBeginResponse="2026-03-01T16:00:01.2620000+08:00" ClientDoneResponse="0001-01-01T00:00:00" />
  <PipeInfo />
  <SessionFlags><SessionFlag N="x-processinfo" V="chrome:6152" />{named}</SessionFlags>
</Session>
"""


def http(start, body=b"", *fields):
    return f"{start}\r\nHost: {HOST}\r\n".encode() + b"".join(f"{field}\r\n".encode() for field in fields) + b"\r\n" + body


def chunked(*parts):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


AT = {"x_clientip": f"::ffff:{PHONE}", "x_hostip": SERVER}
files = {
    "[Content_Types].xml": '<?xml version="1.0"?><Types/>', "_index.htm": "<html></html>",
    # Chunks as they came, a coding as it came.
    "raw/01_c.txt": http(f"POST https://{HOST}/v2/bind?x=1 HTTP/1.1", JSON, f"Content-Length: {len(JSON)}"),
    "raw/01_s.txt": http("HTTP/1.1 200 OK", chunked(gzip.compress(ANSWER, mtime=0)[:10], gzip.compress(ANSWER, mtime=0)[10:]),
                         "Transfer-Encoding: chunked", "Content-Encoding: gzip"),
    "raw/01_m.xml": notes(0x1, **AT),
    # Without TLS.
    "raw/02_c.txt": http(f"POST http://{HOST}/u HTTP/1.1", BINARY), "raw/02_s.txt": http("HTTP/1.1 204 No Content"),
    "raw/02_m.xml": notes(0, **AT),
    # A tunnel that was decrypted is the exchanges in it; one that was not stays closed.
    "raw/03_c.txt": f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n", "raw/03_s.txt": "HTTP/1.1 200 Connection Established\r\n\r\n",
    "raw/03_m.xml": notes(0x2000, **AT),
    "raw/04_c.txt": "CONNECT closed.example.com:443 HTTP/1.1\r\n\r\n", "raw/04_s.txt": "HTTP/1.1 200 Connection Established\r\n\r\n",
    "raw/04_m.xml": notes(0x1000, **AT),
    # What the user made by hand.
    "raw/05_c.txt": http(f"POST https://{HOST}/composed HTTP/1.1", JSON), "raw/05_s.txt": http("HTTP/1.1 200 OK"),
    "raw/05_m.xml": notes(0x81, **AT),
    # An exporter that writes the origin form: the flags have the scheme, or nothing has.
    "raw/06_c.txt": http("POST /origin HTTP/1.1", FORM), "raw/06_s.txt": b"", "raw/06_m.xml": notes(0x1, **AT),
    "raw/07_c.txt": http("POST /unsaid HTTP/1.1", FORM), "raw/07_s.txt": b"",
}
pack("fiddler.saz", files)
expected = Expected("fiddler.saz", "Fiddler (SAZ)")
expected.sent("POST /v2/bind?x=1", JSON)
expected.received("200", gzip.compress(ANSWER, mtime=0))
expected.sent("POST /u", BINARY)
expected.received("204")
expected.sent("no-key", protocol="tls")
expected.sent("POST /origin", FORM)
expected.sent("POST /unsaid", FORM)
expected.gap("lossy-import", "requests that Fiddler's user made; no app did")
expected.gap("lossy-import", "exchanges without a time; that of the one before is taken")
expected.gap("lossy-import", NO_ADDRESS)
expected.write()

# --- HttpCanary ------------------------------------------------------------------------------


def canary(path="/v2/bind", **more):
    return json.dumps({"method": "POST", "url": f"https://{HOST}{path}", "protocol": "HTTP/1.1", "app": APP, "remoteIp": SERVER,
                       "remotePort": 443, "headers": {"Content-Type": "application/json", "Cookie": "b=2"},
                       "startTime": 1772352001250, **more})


def answered(**more):
    return json.dumps({"code": 200, "message": "OK", "protocol": "HTTP/1.1", "headers": {"Set-Cookie": "b=2"}, "startTime": 1772352001262, **more})


RAW = http("POST /v2/bind HTTP/1.1", JSON, "Content-Type: application/json", "Cookie: a=1", "Cookie: b=2")
files = {
    # The raw head has both cookies.
    "1/request.json": canary(), "1/request_body.json": JSON, "1/request.hcy": RAW,
    "1/response.json": answered(), "1/response_body.json": ANSWER,
    "1/response.hcy": http("HTTP/1.1 200 OK", ANSWER, "Set-Cookie: a=1", "Set-Cookie: b=2"),
    # No raw message: the JSON keeps one field of a name. No app.
    "2（登录）/request.json": canary(app=None, url=f"http://{HOST}/u"), "2（登录）/request_body.bin": BINARY,
    # No time; the body is not there.
    "3/request.json": canary("/gone", startTime=None, headers={"Content-Length": "40"}),
    "10/tcp.json": json.dumps({"app": APP, "remoteIp": "198.51.100.9", "remotePort": 5222, "startTime": 1772352003000}),
    "10/1.bin": b"\x01\x02",
    "11/websocket.json": json.dumps({"url": f"wss://{HOST}/socket", "app": APP, "headers": {}, "startTime": 1772352004000}),
    "11/1.bin": JSON, "11/2.bin": ANSWER,
}
pack("httpcanary.zip", files)
for name, data in files.items():
    path = folder / "httpcanary" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
for name in ("httpcanary.zip", "httpcanary"):
    expected = Expected(name, "HttpCanary")
    expected.sent("POST /v2/bind", JSON, app=APP)
    expected.received("200", ANSWER, app=APP)
    expected.sent("POST /u", BINARY)
    expected.sent("POST /gone", length=40, app=APP)
    expected.sent("lossy-import", protocol="tcp", app=APP)
    expected.gap("lossy-import", "heads of which HttpCanary's JSON keeps one field of a name; there is no raw message beside them", 0, 2)
    expected.gap("lossy-import", "records without a time; that of the record before is taken")
    expected.gap("lossy-import", LEFT_OUT, 40)
    expected.sent("lossy-import", protocol="tls", app=APP)
    expected.gap("lossy-import", "payloads of TCP, UDP and WebSockets that HttpCanary saved without the way that each went: not read", 0, 3)
    expected.write()

# --- ProxyPin's history ----------------------------------------------------------------------


def entry(number, data, answer, **more):
    return json.dumps({
        "startedDateTime": "2026-03-01T08:00:01.250Z", "time": 12, "pageref": "ProxyPin", "_id": str(number),
        "_app": {"id": APP, "name": "Example", "path": "", "os": "android"},
        "request": {"method": "POST", "url": f"https://{HOST}/v2/bind", "httpVersion": "HTTP/1.1", "cookies": [],
                    "headers": [{"name": "Content-Type", "value": "application/json"}], "queryString": [],
                    "postData": {"mimeType": "application/json", "text": data.decode("latin-1")}, "headersSize": -1, "bodySize": len(data)},
        "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
                     "content": {"size": len(answer), "mimeType": "application/json", "text": answer.decode("latin-1")}, "bodySize": len(answer)},
        "cache": {}, "timings": {"send": 0, "wait": 12, "receive": 0}, "serverIPAddress": SERVER, **more,
    }, ensure_ascii=False) + ",\n"


lines = [entry(1, JSON, ANSWER), entry(2, BINARY, BINARY), "\n", '{"startedDateTime": "2026-03-0\n', entry(3, FORM, ANSWER)]
(folder / "proxypin.txt").write_text("".join(lines), encoding="utf-8")
expected = Expected("proxypin.txt", "ProxyPin (history)")
for data, answer in ((JSON, ANSWER), (BINARY, BINARY), (FORM, ANSWER)):
    expected.sent("POST /v2/bind", data, app=APP)
    expected.received("200", answer, app=APP)
expected.gap("damaged-input", "lines that are cut or no JSON")
expected.write()

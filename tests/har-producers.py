"""Writes tests/data/import/har/: for each program that exports HAR, a file in its shape
with its known faults, and what must come out of it, from the bytes that the case is
made of.

    har-producers.py FOLDER
"""

import base64
import hashlib
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)

BINARY = bytes(range(256))
JSON = '{"imei":"867530900000017","say":"水火"}'.encode()
FORM = b"imei=867530900000017&name=%E6%B0%B4"
ANSWER = '{"ok":true,"say":"你好"}'.encode()
HOST = "api.example.com"


def b64(data):
    return base64.b64encode(data).decode()


def latin(data):
    return data.decode("latin-1")


def lenient(data):
    return data.decode("utf-8", "replace")


class Case:
    """A HAR file and what it must yield."""

    def __init__(self, name, creator, version, **log):
        self.name = name
        self.har = {"log": {"version": "1.2", "creator": {"name": creator, "version": version}, "entries": [], **log}}
        self.entries = self.har["log"]["entries"]
        self.messages, self.gaps = [], {}
        self.producer = f"{creator} {version}"

    def entry(self, method="POST", path="/v2/bind", request=None, response=None, **entry):
        request = {
            "method": method, "url": f"https://{HOST}{path}", "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": [{"name": "Host", "value": HOST}], "queryString": [], "headersSize": -1, **(request or {}),
        }
        answer = {
            "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
            "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1, "bodySize": -1, **(response or {}),
        }
        self.entries.append({
            "startedDateTime": "2026-03-01T08:00:01.250Z", "time": 12, "serverIPAddress": "198.51.100.7",
            "request": request, "response": answer, "cache": {}, "timings": {"send": 1, "wait": 10, "receive": 1}, **entry,
        })

    def sent(self, what, body=b"", protocol="http/1.1", app="-", length=None):
        self.message("sent", what, body, protocol, app, length)

    def received(self, what, body=b"", protocol="http/1.1", app="-", length=None):
        self.message("received", what, body, protocol, app, length)

    def message(self, direction, what, body, protocol, app, length):
        length = len(body) if length is None else length
        digest = hashlib.sha256(body).hexdigest()[:16]
        self.messages.append(f"{direction} {protocol} {what} {app} {length} {digest}")

    def gap(self, reason, detail, missing=0, count=1):
        self.gaps[f"{reason}: {detail}"] = [count, missing]

    def write(self, head=""):
        har = json.dumps(self.har, ensure_ascii=False, indent=1)
        (folder / f"{self.name}.har").write_text(head + har + "\n", encoding="utf-8")
        expected = {"producer": self.producer, "messages": self.messages, "gaps": dict(sorted(self.gaps.items()))}
        (folder / f"{self.name}.expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


LEFT_OUT = "bodies that the exporter left out"
NO_ADDRESS = "entries of a HAR file without the server's address"

# Chrome: HTTP/2 pseudo headers among the fields, fields and text of a form, a response that
# was dropped from memory, entries that no request was sent for, WebSocket messages.
chrome = Case("chrome", "WebInspector", "537.36", pages=[])
chrome.producer = "Chrome (WebInspector 537.36)"
pseudo = [{"name": ":authority", "value": HOST}, {"name": ":method", "value": "POST"}, {"name": "accept", "value": "*/*"}]
chrome.entry(
    request={"httpVersion": "h2", "headers": pseudo, "bodySize": len(FORM), "postData": {
        "mimeType": "application/x-www-form-urlencoded", "text": FORM.decode(), "params": [{"name": "imei", "value": "867530900000017"}]}},
    response={"httpVersion": "h2", "content": {"size": len(BINARY), "mimeType": "image/png", "text": b64(BINARY), "encoding": "base64"}},
    serverIPAddress="[2001:db8::7]", _initiator={"type": "script"}, _priority="High", _resourceType="xhr",
)
chrome.sent("POST /v2/bind", FORM, "http/2")
chrome.received("200", BINARY, "http/2")
chrome.entry("GET", "/large", {"httpVersion": "h3"}, {"httpVersion": "h3", "content": {"size": 9000, "mimeType": "video/mp4"}})
chrome.sent("GET /large", b"", "http/3")
chrome.received("200", b"", "http/3", length=9000)
chrome.gap("lossy-import", LEFT_OUT, 9000)
chrome.entry("GET", "/cached", _fromCache="disk")
chrome.entry("GET", "/blocked", response={"status": 0, "_error": "net::ERR_BLOCKED_BY_CLIENT"}, serverIPAddress="")
chrome.entry("GET", "/live", response={"status": 101}, _resourceType="websocket", _webSocketMessages=[
    {"type": "send", "time": 1772352001.5, "opcode": 1, "data": JSON.decode()},
    {"type": "receive", "time": 1772352002, "opcode": 2, "data": b64(BINARY)},
])
chrome.entries[-1]["request"]["url"] = f"wss://{HOST}/live"
chrome.sent("GET /live")
chrome.received("101")
chrome.sent("-", JSON, "websocket")
chrome.received("-", BINARY, "websocket")
chrome.entries.append({"startedDateTime": "2026-03-01T08:00:02Z", "request": {"method": "GET", "url": "data:text/plain,x"}, "response": {"status": 200}})
chrome.gap("lossy-import", "Chrome leaves Cookie, Set-Cookie and Authorization out of a HAR unless told to keep sensitive data")
chrome.write()

# Firefox: no bytes of a response that was not kept, and a comment that says so.
firefox = Case("firefox", "Firefox", "128.0", browser={"name": "Firefox", "version": "128.0"}, pages=[])
firefox.entry(
    request={"httpVersion": "HTTP/2", "bodySize": len(JSON), "postData": {"mimeType": "application/json", "params": [], "text": JSON.decode()}},
    response={"httpVersion": "HTTP/2", "content": {"mimeType": "text/html", "size": 500, "comment": "Response bodies are not included."}},
    connection="443", _securityState="secure",
)
firefox.sent("POST /v2/bind", JSON, "http/2")
firefox.received("200", b"", "http/2", length=500)
firefox.gap("lossy-import", LEFT_OUT, 500)
firefox.write()

# Safari: says where it took a response from.
safari = Case("safari", "WebKit Web Inspector", "1.0", pages=[])
safari.producer = "Safari (WebKit Web Inspector 1.0)"
safari.entry(
    request={"httpVersion": "h2", "bodySize": len(JSON), "postData": {"mimeType": "application/json", "text": JSON.decode()}},
    response={"httpVersion": "h2", "content": {"size": len(ANSWER), "mimeType": "application/json", "text": ANSWER.decode()}},
    _fetchType="Network Load", _priority="high",
)
safari.entry("GET", "/cached", _fetchType="Memory Cache")
safari.sent("POST /v2/bind", JSON, "http/2")
safari.received("200", ANSWER, "http/2")
safari.write()

# Charles: responses in base64, whatever they are.
charles = Case("charles", "Charles Proxy", "4.6.2")
charles.entry(
    request={"bodySize": len(JSON), "postData": {"mimeType": "application/json", "text": JSON.decode()}},
    response={"content": {"size": len(ANSWER), "mimeType": "application/json", "text": b64(ANSWER), "encoding": "base64"}},
    startedDateTime="2026-03-01T16:00:01.250+08:00",
)
charles.sent("POST /v2/bind", JSON)
charles.received("200", ANSWER)
charles.write()

# Fiddler: a byte order mark; the device that asked.
fiddler = Case("fiddler", "Fiddler", "5.0.20202.18177")
fiddler.entry(
    request={"bodySize": len(FORM), "postData": {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "imei", "value": "867530900000017"}]}},
    response={"content": {"size": len(BINARY), "mimeType": "image/png", "text": b64(BINARY), "encoding": "base64"}},
    connection="ClientPort:50000;EgressPort:50001", comment="[#1]",
)
again = b"imei=867530900000017"
fiddler.sent("POST /v2/bind", again, length=len(FORM))
fiddler.received("200", BINARY)
fiddler.gap("lossy-import", "form bodies put together again from their fields; the bytes are not in the file", len(FORM) - len(again))
fiddler.write("\ufeff")

# Insomnia: no address, and nobody's app.
insomnia = Case("insomnia", "Insomnia REST Client", "insomnia.desktop.app:v2023.5.8")
insomnia.entry(
    request={"bodySize": -1, "postData": {"mimeType": "application/json", "text": JSON.decode(), "params": []}},
    response={"content": {"size": len(ANSWER), "mimeType": "application/json", "text": ANSWER.decode()}},
)
insomnia.entries[0].pop("serverIPAddress")
insomnia.sent("POST /v2/bind", JSON)
insomnia.received("200", ANSWER)
insomnia.gap("lossy-import", NO_ADDRESS)
insomnia.gap("lossy-import", "Insomnia is an API client: what it exports was written by hand, not sent by an app")
insomnia.write()

# PCAPdroid: base64 in a request, which HAR has no word for; no reply is status 0.
NO_APP = "PCAPdroid leaves the app of a request out of a HAR; its pcapng has it"
pcapdroid = Case("pcapdroid", "PCAPdroid", "1.9.0")
pcapdroid.entry(
    request={"bodySize": len(BINARY), "postData": {"mimeType": "application/octet-stream", "text": b64(BINARY), "encoding": "base64", "params": []}},
    response={"status": 0, "statusText": "", "httpVersion": "", "content": {}, "bodySize": -1},
    time=-1, connection="17",
)
pcapdroid.sent("POST /v2/bind", BINARY)
pcapdroid.gap("lossy-import", NO_APP)
pcapdroid.write()

# Before base64, PCAPdroid wrote bytes as text, and lost those that are none.
old = Case("pcapdroid-old", "PCAPdroid", "1.8.7")
old.entry(
    request={"bodySize": len(BINARY), "postData": {"mimeType": "application/octet-stream", "text": lenient(BINARY), "params": []}},
    response={"content": {"size": len(ANSWER), "mimeType": "application/json", "text": ANSWER.decode()}, "bodySize": len(ANSWER)},
)
old.sent("POST /v2/bind", lenient(BINARY).encode())
old.received("200", ANSWER)
old.gap("lossy-import", NO_APP)
old.gap("lossy-import", "bodies with U+FFFD for what the exporter could not write as text")
old.write()

# ProxyPin: the app; a character for each byte; base64 that is not called so; the two halves
# of an exchange one by one.
proxypin = Case("proxypin", "ProxyPin", "1.2.8", pages=[{"title": "[ProxyPin]", "id": "ProxyPin"}])
app = {"id": "com.example.app", "name": "Example", "path": "", "os": "android"}
proxypin.entry(
    request={"bodySize": len(BINARY), "postData": {"mimeType": "application/octet-stream", "text": latin(BINARY)}},
    response={"content": {"size": len(BINARY), "mimeType": "image/png", "text": latin(BINARY)}, "bodySize": len(BINARY)},
    _id="1", _app=app, pageref="ProxyPin",
)
proxypin.sent("POST /v2/bind", BINARY, app="com.example.app")
proxypin.received("200", BINARY, app="com.example.app")
proxypin.entry(
    request={"bodySize": len(JSON), "postData": {"mimeType": "application/json", "text": latin(JSON)}},
    response={"content": {"size": len(ANSWER), "mimeType": "application/json", "text": ANSWER.decode()}, "bodySize": len(ANSWER)},
    _id="2", _app=None, pageref="ProxyPin",
)
proxypin.sent("POST /v2/bind", JSON)
proxypin.received("200", ANSWER)
proxypin.entry("GET", "/half", {"bodySize": -1}, _id="3", _phase="request", _app=app)
proxypin.entries[-1]["response"] = None
proxypin.entry(
    "GET", "/half", response={"content": {"size": len(BINARY), "mimeType": "image/png", "text": b64(BINARY)}, "bodySize": len(BINARY)},
    _id="3", _phase="response", _app=app,
)
proxypin.entries[-1]["request"] = {"method": "GET", "url": f"https://{HOST}/half"}
proxypin.sent("GET /half", app="com.example.app")
proxypin.received("200", BINARY, app="com.example.app")
proxypin.write()

# Proxyman: a binary request body is not there.
proxyman = Case("proxyman", "Proxyman", "5.10.0")
proxyman.entry(
    request={"bodySize": len(BINARY), "headers": [{"name": "Content-Type", "value": "application/octet-stream"}]},
    response={"content": {"size": len(ANSWER), "mimeType": "application/json", "text": b64(ANSWER), "encoding": "base64"}},
)
proxyman.sent("POST /v2/bind", b"", length=len(BINARY))
proxyman.received("200", ANSWER)
proxyman.gap("lossy-import", LEFT_OUT, len(BINARY))
proxyman.gap("lossy-import", "Proxyman leaves binary request bodies out of a HAR")
proxyman.write()

# HTTP Toolkit: bodies over its limit are a comment, binary ones stand elsewhere; clients
# that refused its certificate stand behind the entries.
toolkit = Case("http-toolkit", "HTTP Toolkit", "1.20.1", pages=[])
toolkit.entry(
    request={"bodySize": 600_000, "_requestBodyStatus": "discarded:too-large",
             "comment": "Body discarded during HAR generation: longer than limit of 500000 bytes"},
    response={"content": {"mimeType": "video/mp4", "size": 700_000, "comment": "Body discarded during HAR generation: longer than limit of 500000 bytes"}},
)
toolkit.sent("POST /v2/bind", b"", length=600_000)
toolkit.received("200", b"", length=700_000)
toolkit.entry(
    request={"bodySize": len(BINARY), "_requestBodyStatus": "discarded:not-representable", "_content": {"text": b64(BINARY), "size": len(BINARY), "encoding": "base64"}},
    response={"content": {"mimeType": "application/json", "size": len(ANSWER), "text": ANSWER.decode()}, "bodySize": 40},
)
toolkit.sent("POST /v2/bind", BINARY)
toolkit.received("200", ANSWER)
for entry in toolkit.entries:
    entry.pop("serverIPAddress")
toolkit.har["log"]["_tlsErrors"] = [
    {"startedDateTime": "2026-03-01T08:00:03Z", "time": 4.5, "hostname": "pinned.example.com", "cause": "cert-rejected",
     "clientIPAddress": "192.0.2.9", "clientPort": 40000, "tlsMetadata": {"sniHostname": "pinned.example.com"}},
]
toolkit.sent("pinned", b"", "tls")
toolkit.gap("lossy-import", "bodies that the exporter left out for their size", 1_300_000, 2)
toolkit.gap("lossy-import", NO_ADDRESS, 0, 2)
toolkit.write()

# Reqable: the app under a name that starts with `_app`; base64 that is not called so.
reqable = Case("reqable", "Reqable", "2.33.0")
reqable.entry(
    request={"bodySize": len(BINARY), "postData": {"mimeType": "application/x-protobuf", "text": b64(BINARY)}},
    response={"content": {"size": len(BINARY), "mimeType": "image/png", "text": b64(BINARY), "encoding": "base64"}},
    _appName="Example", _appId="com.example.app",
)
reqable.sent("POST /v2/bind", BINARY, app="com.example.app")
reqable.received("200", BINARY, app="com.example.app")
reqable.write()

# cyanoacrylate: mitmproxy's HAR and a note behind the entries. Only an allow-list of one
# says whose traffic it is.
NO_STREAMS = "mitmproxy leaves DNS, TCP and UDP flows out of a HAR; its flow file has them"
for name, options, whose in (
    ("cyanoacrylate", {"mode": "allowlist", "apps": ["com.example.app"]}, "com.example.app"),
    ("cyanoacrylate-all", {"mode": "all-apps"}, "-"),
):
    case = Case(name, "mitmproxy", "10.2.1")
    case.entry(
        request={"bodySize": len(BINARY), "postData": {"mimeType": "", "text": latin(BINARY), "params": []}},
        response={"content": {"size": 30, "compression": len(ANSWER) - 30, "mimeType": "application/json", "text": ANSWER.decode()}},
    )
    case.har["log"]["_tweasel"] = {
        "startDate": "2026-03-01T08:00:00.000Z", "endDate": "2026-03-01T08:01:00.000Z", "options": options,
        "device": {"platform": "android", "runTarget": "emulator", "osVersion": "13", "architectures": "x86_64"},
        "versions": {"appstraction": "1.0.0", "cyanoacrylate": "1.2.0", "mitmproxy": "10.2.1"},
        "apps": [{"platform": "android", "id": "com.example.app", "name": "Example", "version": "1.0", "architectures": [], "md5": "0" * 32}],
        "metaVersion": "1.0",
    }
    case.producer = "cyanoacrylate 1.2.0, mitmproxy 10.2.1, started com.example.app 1.0"
    case.sent("POST /v2/bind", BINARY, app=whose)
    case.received("200", ANSWER, app=whose)
    case.gap("lossy-import", NO_STREAMS)
    case.write()

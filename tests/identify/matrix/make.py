#!/usr/bin/env python3
"""Makes the matrix: values in many forms, in many containers, sent by many programs.

    tests/identify/matrix/record.sh        # makes the venv, the namespace, and calls this

Nothing here asks wirewitness. A value is digested by openssl, encoded by Python's own
modules, base32(1), base58 (PyPI), zstd(1) and Node (brotli, JSON Web Tokens), put into a
container by Python's writers (json, csv, xml.etree, plistlib, urllib, email), and sent by
curl, Python's http.client, Node's http, http2 and dns, websockets, paho-mqtt and sockets
to servers in an empty network namespace, where tcpdump records it. Each case has a server
address and a host of its own, so that what is found is known to be the case's.

All values are made up; the IMEI has a test TAC, the numbers belong to no one.
"""

import base64
import csv
import gzip
import hashlib
import html
import io
import json
import os
import plistlib
import quopri
import subprocess
import sys
import urllib.parse
import zlib
from xml.sax.saxutils import escape, quoteattr

import base58

IMEI = "352099001761481"
PROFILE = {
    "imei": [IMEI],
    "oaid": ["3a5f2c1e-7b48-4d09-9e6a-1c2d3e4f5a6b"],
    "android_id": ["9f3c21ab47de5608"],
    "idfa": ["5E1B7C94-20AF-4D6E-8B13-7F90C2D4A6E8"],
    "mac": ["3C:5A:B4:D1:E2:0F"],
    "bssid": ["A4:2B:8C:5D:6E:71"],
    "phone": ["13912345678"],
    "iccid": ["89860012345678901239"],
    "imsi": ["460001234567890"],
    "serial": ["R58M41XYZ7Q"],
    "email": ["canary.4711@mail.example.com"],
    "id_card": ["11010519491231002X"],
    "ssid": ["云岫实验室五楼-5G"],
    "location": ["31.230416,121.473701"],
    "contacts": ["欧阳金丝雀", "13700001234"],
    "sms": ["canary code 730-118 for matrix"],
    "clipboard": ["clip-canary-7f3a9e21"],
    "installed_apps": ["com.tencent.mm", "com.taobao.taobao", "com.sina.weibo", "com.ss.android.ugc.aweme", "com.example.reader"],
}
V = {name: values[0] for name, values in PROFILE.items()}


def run(command, data=b""):
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def node(script, data):
    return run(["node", "-e", script], data)


def openssl(name, data, raw=False):
    digest = run(["openssl", "dgst", "-" + name, "-binary"], data)
    return digest if raw else digest.hex()


def b64(data):
    return base64.b64encode(data).decode()


# --- forms: value (text) to what stands in the container (text), the digest that must be
# named, how the value was written before it, the certainty, and the layers it adds. ---
FORMS = {}


def form(name, tool, digest="plain", variant=None, certainty="confirmed", layers=()):
    def add(function):
        FORMS[name] = dict(make=function, tool=tool, digest=digest, variant=variant, certainty=certainty, layers=list(layers))
        return function
    return add


form("plain", "Python")(lambda v: v)
form("upper case", "Python")(str.upper)
form("no separators", "Python")(lambda v: v.replace(":", "").replace("-", "").lower())
form("dashes", "Python")(lambda v: v.replace(":", "-").lower())
form("+86", "Python", variant="+86")(lambda v: "+86" + v)
form("0086", "Python", variant="0086")(lambda v: "0086" + v)
form("86 with dash", "Python", variant="86-")(lambda v: "86-" + v)
form("14 digits", "Python", variant="14-digits")(lambda v: v[:14])
form("16 digits (IMEISV)", "Python", variant="16-digits")(lambda v: v[:14] + "07")
form("with dashes (3GPP)", "Python", variant="dashed")(lambda v: f"{v[:2]}-{v[2:8]}-{v[8:14]}-{v[14:]}")
for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sm3"):
    form(name, "openssl", digest=name)(lambda v, n=name: openssl(n, v.encode()))
form("MD5 in capitals", "openssl", digest="md5")(lambda v: openssl("md5", v.encode()).upper())
form("md5 of lower case", "openssl", digest="md5")(lambda v: openssl("md5", v.lower().encode()))
form("md5 of capitals", "openssl", digest="md5")(lambda v: openssl("md5", v.upper().encode()))
form("md5 without separators", "openssl", digest="md5")(lambda v: openssl("md5", v.replace(":", "").replace("-", "").encode()))
form("sha256 of 14 digits", "openssl", digest="sha256", variant="14-digits")(lambda v: openssl("sha256", v[:14].encode()))
form("md5, middle 16", "openssl", digest="md5-16")(lambda v: openssl("md5", v.encode())[8:24])
form("md5 of md5", "openssl", digest="md5-md5")(lambda v: openssl("md5", openssl("md5", v.encode()).encode()))
form("md5 of MD5", "openssl", digest="md5-md5")(lambda v: openssl("md5", openssl("md5", v.encode()).upper().encode()))
form("sha256 in base64", "openssl", digest="sha256")(lambda v: b64(openssl("sha256", v.encode(), raw=True)))
form("sha1 in base64url", "openssl", digest="sha1")(lambda v: base64.urlsafe_b64encode(openssl("sha1", v.encode(), raw=True)).decode().rstrip("="))
form("crc32", "Python", digest="crc32", certainty="possible")(lambda v: f"{zlib.crc32(v.encode()):08x}")
form("crc32 as a number", "Python", digest="crc32", certainty="possible")(lambda v: str(zlib.crc32(v.encode())))


def murmur3(data, seed=0):
    """MurmurHash3_x86_32, after Austin Appleby's public domain reference."""
    mask, c1, c2, h = 0xffffffff, 0xcc9e2d51, 0x1b873593, seed
    rotate = lambda x, r: ((x << r) | (x >> (32 - r))) & mask
    for i in range(0, len(data) // 4 * 4, 4):
        k = int.from_bytes(data[i:i + 4], "little") * c1 & mask
        h = rotate(h ^ (rotate(k, 15) * c2 & mask), 13) * 5 + 0xe6546b64 & mask
    tail = data[len(data) // 4 * 4:]
    if tail:
        h ^= rotate(int.from_bytes(tail, "little") * c1 & mask, 15) * c2 & mask
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85ebca6b & mask
    h = (h ^ h >> 13) * 0xc2b2ae35 & mask
    return h ^ h >> 16


# Of the reference's verification: murmur3_x86_32 of "The quick brown fox jumps over the lazy dog".
assert murmur3(b"The quick brown fox jumps over the lazy dog") == 0x2e4ff723
form("murmur3", "Python", digest="murmur3", certainty="possible")(lambda v: f"{murmur3(v.encode()):08x}")

percent_all = lambda v: "".join(f"%{b:02X}" for b in v.encode())
form("percent", "Python", layers=["percent"])(percent_all)
form("double percent", "Python", layers=["percent", "percent"])(lambda v: urllib.parse.quote(percent_all(v), safe=""))
form("base64", "Python", layers=["base64"])(lambda v: b64(v.encode()))
form("base64url unpadded", "Python", layers=["base64"])(lambda v: base64.urlsafe_b64encode(v.encode()).decode().rstrip("="))
form("hex of text in a name", "Python", layers=["label", "hex"], variant="as-is")(lambda v: v.encode().hex())
form("base64 in lines", "openssl", layers=["base64"])(lambda v: run(["openssl", "base64"], (v + " and more of the same line, so that it breaks").encode()).decode())
form("base64 of base64", "Python", layers=["base64", "base64"])(lambda v: b64(b64(v.encode()).encode()))
form("three times base64", "Python", layers=["base64"] * 3)(lambda v: b64(b64(b64(v.encode()).encode()).encode()))
for n in range(3):
    form(f"base64 in text, offset {n}", "Python", variant="as-is in base64")(
        lambda v, n=n: "trace [" + b64(b"\x81\x9c\xf3"[:n] + b"\x02\xff" + v.encode() + b"\x00\xfe") + "] end of trace")
form("base64 of JSON in text", "Python", layers=["base64", "json"])(
    lambda v: "payload: " + b64(json.dumps({"n": 1, "v": v}).encode()) + " (sent)")
form("base64 behind a mark", "Python", layers=["base64", "json"])(
    lambda v: "data:application/json;base64," + b64(json.dumps({"n": 1, "v": v}).encode()))
form("base64 with a glued prefix", "Python", layers=["base64", "json"])(
    lambda v: "Q9x" + b64(json.dumps({"n": 1, "v": v}).encode()))
form("hex", "Python", layers=["hex"])(lambda v: v.encode().hex())
form("HEX", "Python", layers=["hex"])(lambda v: v.encode().hex().upper())
form("0x hex", "Python", layers=["hex"])(lambda v: "0x" + v.encode().hex())
form("hex with colons", "Python", layers=["hex"])(lambda v: v.encode().hex(":"))
form("hex with spaces", "Python", layers=["hex"])(lambda v: v.encode().hex(" ").upper())
form("base32", "base32(1)", layers=["base32"])(lambda v: run(["base32", "-w0"], v.encode()).decode())
form("base58", "base58 (PyPI)", layers=["base58"])(lambda v: base58.b58encode(v.encode()).decode())
form("ascii85", "Python", layers=["base85"])(lambda v: base64.a85encode(v.encode(), adobe=True).decode())
form("base85", "Python", layers=["base85"])(lambda v: base64.b85encode((v + "/device/value").encode()).decode())
form("HTML entities", "Python", layers=["html"])(lambda v: html.escape(f'<i id="{v}">') + "".join(f"&#{ord(c)};" for c in v[:3]))
form("numeric entities", "Python", layers=["html"])(lambda v: "".join(f"&#x{ord(c):x};" for c in v))
form("quoted-printable", "Python", layers=["quoted-printable", "packed"])(
    lambda v: quopri.encodestring(f"note=\u5907\u6ce8 and a line that is long enough to be broken in two; value={v}".encode()).decode())
form("\\x escapes", "Python", layers=["escapes"])(lambda v: "".join(f"\\x{b:02x}" for b in v.encode()))
form("\\u escapes", "Python", layers=["escapes"])(lambda v: "".join(f"\\u{ord(c):04x}" for c in v))
form("gzip, base64", "Python", layers=["base64", "gzip"])(lambda v: b64(gzip.compress(f"v={v}".encode(), mtime=0)))
form("zlib, base64url", "Python", layers=["base64", "deflate"])(
    lambda v: base64.urlsafe_b64encode(zlib.compress(f"v={v}".encode())).decode().rstrip("="))
form("gzip, hex", "Python", layers=["hex", "gzip"])(lambda v: gzip.compress(f"v={v}".encode(), mtime=0).hex())
form("zstd, base64", "zstd(1)", layers=["base64", "zstd"])(lambda v: b64(run(["zstd", "-c", "-q"], f"value={v}".encode())))
form("JWT", "Node", layers=["jwt", "json"])(lambda v: node(
    "const c=require('crypto'),b=x=>Buffer.from(JSON.stringify(x)).toString('base64url');"
    "const h=b({alg:'HS256',typ:'JWT'})+'.'+b({sub:'matrix',v:require('fs').readFileSync(0,'utf8')});"
    "process.stdout.write(h+'.'+c.createHmac('sha256','secret').update(h).digest('base64url'))", v.encode()).decode())
form("URL", "Python", layers=["url"])(lambda v: "https://cdn.example.net/pic?" + urllib.parse.urlencode({"w": "200", "v": v}))
form("form", "Python", layers=["form"])(lambda v: urllib.parse.urlencode({"a": "1", "v": v}))
form("JSON", "Python", layers=["json"])(lambda v: json.dumps({"d": {"v": v}}))
form("JSON in JSON", "Python", layers=["json", "json"])(lambda v: json.dumps({"d": json.dumps({"v": v})}))
form("JSON in base64 in JSON", "Python", layers=["json", "base64", "json"])(
    lambda v: json.dumps({"d": b64(json.dumps({"v": v}).encode())}))
form("JSON, gzip, base64, form", "Python", layers=["form", "base64", "gzip", "json"])(
    lambda v: urllib.parse.urlencode({"c": "1", "d": b64(gzip.compress(json.dumps({"v": v}).encode(), mtime=0))}))
form("k=v##k=v", "Python", layers=["packed"])(lambda v: f"os=android##v={v}##ram=8")
form("a=b|c=d", "Python", layers=["packed"])(lambda v: f"os=android|v={v}|ram=8")
form("k:v,k:v", "Python", layers=["packed"])(lambda v: f"os:android,v:{v},ram:8")
form("k=v in tabs", "Python", layers=["packed"])(lambda v: f"os=android\tv={v}\tram=8")


# --- containers: (type, text) to the parts of a request, and the layers it adds. ---
def parts(body=None, content_type=None, target="/v1/collect", headers=(), layers=("body",), wire="length"):
    if isinstance(body, str):
        body = body.encode()
    return dict(body=body, content_type=content_type, target=target, headers=list(headers), layers=list(layers), wire=wire)


def quote(text):
    return urllib.parse.quote(text, safe="")


def multipart(fields):
    """As RFC 7578 wants it; (name, filename, type, bytes)."""
    boundary, out = "----matrixBoundary7MA4YWxk", b""
    for name, filename, kind, data in fields:
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        out += f'; filename="{filename}"'.encode() if filename else b""
        out += (f"\r\nContent-Type: {kind}" if kind else "").encode() + b"\r\n\r\n" + data + b"\r\n"
    return out + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def csv_text(rows, **how):
    out = io.StringIO()
    csv.writer(out, **how).writerows(rows)
    return out.getvalue()


JSON, FORM = "application/json", "application/x-www-form-urlencoded"
CONTAINERS = {
    "query": lambda k, t: parts(target=f"/v1/get?os=android&{k}={quote(t)}", layers=["query"]),
    "path segment": lambda k, t: parts(target=f"/v1/d/{quote(t)}/events", layers=["path"]),
    "header": lambda k, t: parts(headers=[["X-Matrix-" + k, t]], layers=["header"]),
    "cookie": lambda k, t: parts(headers=[["Cookie", f"a=b; {k}={t}; z=1"]], layers=["header", "cookie"]),
    "Basic authorization": lambda k, t: parts(headers=[["Authorization", "Basic " + b64(f"user:{t}".encode())]], layers=["header", "authorization"]),
    "Bearer authorization": lambda k, t: parts(headers=[["Authorization", "Bearer " + t]], layers=["header", "authorization"]),
    "form body": lambda k, t: parts(urllib.parse.urlencode({"os": "android", k: t}), FORM, layers=["body", "form"]),
    "form body, undeclared": lambda k, t: parts(urllib.parse.urlencode({"os": "android", k: t}), "text/plain", layers=["body", "form"]),
    "JSON body": lambda k, t: parts(json.dumps({"n": 7, "device": {k: t}}), JSON, layers=["body", "json"]),
    "JSON body, raw UTF-8": lambda k, t: parts(json.dumps({"n": 7, "device": {k: t}}, ensure_ascii=False), JSON, layers=["body", "json"]),
    "JSON body, undeclared": lambda k, t: parts(json.dumps([{"n": 7}, {k: t}]), "application/octet-stream", layers=["body", "json"]),
    "JSON lines": lambda k, t: parts("".join(json.dumps(x) + "\n" for x in ({"n": 1}, {k: t}, {"n": 3})), "application/x-ndjson", layers=["body", "line", "json"]),
    "JSONP": lambda k, t: parts(f"jQuery17_cb({json.dumps({k: t})});", "application/javascript", layers=["body", "jsonp", "json"]),
    "JSON, three deep": lambda k, t: parts(json.dumps({"a": json.dumps({"b": json.dumps({k: t})})}), JSON, layers=["body", "json", "json", "json"]),
    "form in JSON in form": lambda k, t: parts(urllib.parse.urlencode({"data": json.dumps({"q": urllib.parse.urlencode({"x": "1", k: t})})}), FORM,
                                               layers=["body", "form", "json", "form"]),
    "XML text": lambda k, t: parts(f'<?xml version="1.0" encoding="UTF-8"?>\n<log><n>1</n><{k}>{escape(t)}</{k}></log>', "text/xml", layers=["body", "xml"]),
    "XML attribute": lambda k, t: parts(f"<log level='i'><device {k}={quoteattr(t)}/></log>", "application/xml", layers=["body", "xml"]),
    "XML CDATA": lambda k, t: parts(f"<log><{k}><![CDATA[{t}]]></{k}></log>", "text/xml", layers=["body", "xml"]),
    "XML in JSON": lambda k, t: parts(json.dumps({"m": f"<r><{k}>{escape(t)}</{k}></r>"}), JSON, layers=["body", "json", "xml"]),
    "plist (XML)": lambda k, t: parts(plistlib.dumps({"n": 1, "device": {k: t}}), "text/x-xml-plist", layers=["body", "plist"]),
    "YAML": lambda k, t: parts(f"app:\n  os: android\n  device:\n    {k}: \"{t}\"\n  tags:\n    - a\n    - b\n", "application/yaml", layers=["body", "yaml"]),
    "CSV": lambda k, t: parts(csv_text([["time", "os", k], ["1", "android", t], ["2", "android", ""]]), "text/csv", layers=["body", "csv"]),
    "TSV, undeclared": lambda k, t: parts(csv_text([["time", "os", k], ["1", "android", t]], delimiter="\t"), "application/octet-stream", layers=["body", "csv"]),
    "k=v##k=v body": lambda k, t: parts(f"os=android##{k}={t}##ram=8", "text/plain", layers=["body", "packed"]),
    "log line": lambda k, t: parts(f'2026-03-01 08:00:01 I/Net: registered "{t}" at once', "text/plain", layers=["body"]),
    "multipart field": lambda k, t: parts(*multipart([("os", None, None, b"android"), (k, None, None, t.encode())]), layers=["body", "multipart"]),
    "multipart file (gzip)": lambda k, t: parts(*multipart([("os", None, None, b"android"), ("log", "log.gz", "application/gzip", gzip.compress(json.dumps({k: t}).encode(), mtime=0))]),
                                                layers=["body", "multipart", "gzip", "json"]),
    "multipart file (CSV)": lambda k, t: parts(*multipart([("f", "a.csv", "text/csv", csv_text([["n", k], ["1", t]]).encode())]), layers=["body", "multipart", "csv"]),
    "gzip body": lambda k, t: parts(gzip.compress(json.dumps({k: t}).encode(), mtime=0), JSON, headers=[["Content-Encoding", "gzip"]], layers=["body", "gzip", "json"]),
    "gzip body, unannounced": lambda k, t: parts(gzip.compress(json.dumps({k: t}).encode(), mtime=0), "application/octet-stream", layers=["body", "gzip", "json"]),
    "raw deflate body, unannounced": lambda k, t: parts(zlib.compress(json.dumps({k: t, "list": list(range(40))}).encode(), wbits=-15), "application/octet-stream", layers=["body", "deflate", "json"]),
    "brotli body": lambda k, t: parts(node("process.stdout.write(require('zlib').brotliCompressSync(require('fs').readFileSync(0)))", json.dumps({k: t}).encode()), JSON,
                                      headers=[["Content-Encoding", "br"]], layers=["body", "br", "json"]),
    "zstd body, unannounced": lambda k, t: parts(run(["zstd", "-c", "-q"], json.dumps({k: t}).encode()), "application/octet-stream", layers=["body", "zstd", "json"]),
    "UTF-16 body with a mark": lambda k, t: parts(json.dumps({k: t}, ensure_ascii=False).encode("utf-16"), JSON, layers=["body", "charset", "json"]),
    "UTF-16BE body": lambda k, t: parts(json.dumps({k: t}).encode("utf-16-be"), "application/octet-stream", layers=["body", "charset", "json"]),
    "UTF-8 body with a mark": lambda k, t: parts(b"\xef\xbb\xbf" + json.dumps({k: t}, ensure_ascii=False).encode(), JSON, layers=["body", "charset", "json"]),
    "GBK body": lambda k, t: parts(json.dumps({"城市": "上海", k: t}, ensure_ascii=False).encode("gbk"), "application/json; charset=GBK", layers=["body", "charset", "json"]),
    "GB18030 form, undeclared": lambda k, t: parts("os=android&" + k + "=" + urllib.parse.quote(t.encode("gb18030")), FORM, layers=["body", "form", "charset"]),
    "chunked body": lambda k, t: parts(json.dumps({"n": 7, k: t}), JSON, layers=["body", "json"], wire="chunked"),
    "split over two segments": lambda k, t: parts(json.dumps({"n": 7, k: t}), JSON, layers=["body", "json"], wire="split"),
    "query split over two segments": lambda k, t: parts(target=f"/v1/get?os=android&{k}={quote(t)}", layers=["query"], wire="split"),
    "Socket.IO event": lambda k, t: parts("42" + json.dumps(["report", {k: t}]), None, layers=["body", "engine.io", "json"]),
    "Engine.IO polling": lambda k, t: parts("2probe\x1e42" + json.dumps(["report", {k: t}]), "text/plain", layers=["body", "engine.io", "json"]),
    "bare": lambda k, t: parts(t, "text/plain", layers=["body"]),
    "DNS label": lambda k, t: parts(t, None, layers=["dns"]),
}
# --- which of them go together, by hand: every form and every container more than once,
# every protocol with a dozen of them. (type, form, container, protocol, further types found) ---
H1, H2, WS, MQ, DN, TCP, UDP, HAR = "HTTP/1.1", "HTTP/2", "WebSocket", "MQTT", "DNS", "TCP", "UDP", "HAR"
ROWS = []


def rows(data_types, forms, containers, protocols):
    """One row for each form; the other lists are gone through in turn."""
    for i, name in enumerate(forms):
        ROWS.append((data_types[i % len(data_types)], name, containers[i % len(containers)], protocols[i % len(protocols)]))


ENCODED = [name for name, f in FORMS.items() if f["layers"] and name not in ("base64 in lines", "JWT")]
DIGESTS = [name for name, f in FORMS.items() if f["digest"] != "plain" and name not in ("md5 of lower case", "md5 of capitals", "md5 without separators", "sha256 of 14 digits")]
# Digests, in HTTP of both versions and in HAR.
rows(["imei", "oaid", "android_id", "email"], DIGESTS, ["JSON body", "query", "form body", "header"], [H1, H2, HAR])
rows(["phone", "imsi", "serial"], DIGESTS, ["cookie", "XML attribute", "multipart field", "JSON, three deep", "CSV"], [H2, H1])
# Encodings, everywhere.
rows(["imei", "oaid", "email", "android_id"], ENCODED, ["JSON body", "form body", "query", "multipart field"], [H1, HAR, H2])
rows(["oaid", "phone", "idfa", "imsi"], [f for f in ENCODED if f not in ("hex with spaces", "base64 in text, offset 0")],
     ["JSON body, undeclared", "XML text", "JSON lines", "form in JSON in form"], [WS, MQ, TCP, H1])
# Containers, with what is plain and with one digest.
WHOLE = [c for c in CONTAINERS if c not in ("DNS label", "Bearer authorization", "GBK body", "GB18030 form, undeclared", "Socket.IO event")]
for i, container in enumerate(WHOLE):
    ROWS.append((["imei", "oaid", "android_id", "iccid", "id_card"][i % 5], "plain", container, [H1, H2, HAR][i % 3]
                 if CONTAINERS[container]("k", "v")["wire"] == "length" else H1))
    if container not in ("log line", "bare"):
        ROWS.append((["email", "serial", "clipboard"][i % 3], "sha256", container, [H2, HAR, H1][i % 3]
                     if CONTAINERS[container]("k", "v")["wire"] == "length" else H1))
ROWS += [
    # How the types are written.
    ("mac", "plain", "JSON body", H1), ("mac", "no separators", "query", H2), ("mac", "dashes", "form body", H1),
    ("mac", "upper case", "header", H1), ("mac", "md5 without separators", "query", HAR), ("mac", "md5 of lower case", "JSON body", H2),
    ("bssid", "dashes", "XML text", H1), ("bssid", "md5", "CSV", HAR),
    ("imei", "14 digits", "query", H1), ("imei", "16 digits (IMEISV)", "JSON body", H2), ("imei", "with dashes (3GPP)", "form body", H1),
    ("imei", "sha256 of 14 digits", "cookie", H1), ("phone", "+86", "JSON body", H2), ("phone", "0086", "form body", H1),
    ("phone", "86 with dash", "XML attribute", HAR), ("idfa", "no separators", "JSON body", H1), ("idfa", "md5 of lower case", "query", H2),
    ("idfa", "md5 without separators", "header", H1), ("android_id", "md5 of capitals", "multipart field", H1), ("oaid", "upper case", "cookie", H2),
    # Text that is not ASCII.
    ("ssid", "plain", "GBK body", H1), ("ssid", "plain", "GB18030 form, undeclared", H2), ("ssid", "plain", "JSON body", H1),
    ("ssid", "plain", "JSON body, raw UTF-8", HAR), ("ssid", "plain", "UTF-16 body with a mark", H1), ("ssid", "\\u escapes", "form body", H2),
    ("ssid", "md5", "query", H1), ("contacts", "plain", "JSON body, raw UTF-8", H1), ("contacts", "plain", "GBK body", HAR),
    ("contacts", "percent", "JSON body", H2), ("sms", "plain", "multipart field", H1), ("sms", "base64", "JSON body", MQ),
    ("clipboard", "plain", "form body", H1), ("clipboard", "hex", "JSON body", WS),
    # Base64 that breaks its lines, and tokens.
    ("email", "base64 in lines", "JSON body", H1), ("oaid", "base64 in lines", "multipart field", HAR), ("imei", "base64 in lines", "bare", TCP),
    ("imei", "JWT", "Bearer authorization", H1), ("oaid", "JWT", "Bearer authorization", H2), ("email", "JWT", "JSON body", HAR),
    ("android_id", "JWT", "cookie", H1), ("phone", "JWT", "query", H2), ("idfa", "sha256", "Basic authorization", HAR),
    # Messages of WebSocket: text, binary, in fragments, Socket.IO.
    ("imei", "plain", "JSON body", WS), ("oaid", "md5", "JSON body", WS + ", in fragments"), ("email", "plain", "Socket.IO event", WS),
    ("android_id", "sha1", "Socket.IO event", WS), ("imei", "plain", "gzip body, unannounced", WS + ", binary"), ("phone", "plain", "JSON, three deep", WS + ", in fragments"),
    ("oaid", "plain", "XML attribute", WS), ("idfa", "plain", "YAML", WS), ("mac", "plain", "k=v##k=v body", WS + ", in fragments"),
    # MQTT.
    ("imei", "plain", "JSON body", MQ), ("oaid", "sha256", "k=v##k=v body", MQ), ("android_id", "plain", "gzip body, unannounced", MQ),
    ("phone", "md5", "CSV", MQ), ("email", "plain", "YAML", MQ), ("imsi", "plain", "XML text", MQ), ("serial", "plain", "JSON lines", MQ),
    # Names asked of DNS: what tunnels and canaries use.
    ("imei", "plain", "DNS label", DN), ("android_id", "plain", "DNS label", DN), ("imei", "md5", "DNS label", DN), ("oaid", "plain", "DNS label", DN),
    ("oaid", "no separators", "DNS label", DN), ("mac", "no separators", "DNS label", DN), ("android_id", "sha1", "DNS label", DN),
    ("phone", "hex of text in a name", "DNS label", DN), ("serial", "md5, middle 16", "DNS label", DN),
    # Bytes over bare sockets.
    ("imei", "plain", "bare", TCP), ("oaid", "plain", "JSON body", TCP), ("android_id", "md5", "k=v##k=v body", TCP), ("email", "plain", "log line", TCP),
    ("phone", "plain", "JSON lines", TCP + ", in two segments"), ("imei", "sha256", "JSON body", TCP + ", in two segments"), ("idfa", "plain", "XML attribute", TCP + ", in two segments"),
    ("imsi", "plain", "gzip body, unannounced", TCP), ("oaid", "base64", "JSON body", TCP + ", in two segments"),
    ("imei", "plain", "bare", UDP), ("oaid", "plain", "JSON body", UDP), ("android_id", "sha256", "k=v##k=v body", UDP), ("mac", "plain", "CSV", UDP),
    ("email", "base64", "JSON body", UDP), ("iccid", "plain", "XML attribute", UDP), ("serial", "plain", "gzip body, unannounced", UDP),
]

# Layers that a container hides from a form: a whole value is opened, one in other text is not.
assert all(row[2] in CONTAINERS and row[1] in FORMS for row in ROWS), [r for r in ROWS if r[2] not in CONTAINERS or r[1] not in FORMS]


def case(number, row):
    data_type, name, container, protocol = row
    made = FORMS[name]
    text = made["make"](V[data_type])
    p = CONTAINERS[container]("fp", text)
    layers = list(p["layers"])
    # A query value is percent-decoded once by what reads queries.
    added = list(made["layers"])
    found = {"type": data_type, "digest": made["digest"], "certainty": made["certainty"], "layers": layers + added}
    if made["variant"]:
        found["variant"] = made["variant"]
    if protocol.startswith((WS, MQ, TCP, UDP)) and p["content_type"] is None:
        p["content_type"] = "text/plain"
    return {"case": number, "host": f"c{number}.matrix.example", "address": f"198.18.{number >> 8}.{number & 255}",
            "type": data_type, "form": name, "container": container, "protocol": protocol, "made_by": made["tool"],
            "target": p["target"], "headers": p["headers"] + ([["Content-Type", p["content_type"]]] if p["content_type"] and p["body"] is not None else []),
            "body": None if p["body"] is None else b64(p["body"]), "wire": p["wire"], "expect": [found]}


def places(cases):
    """Coordinates, and lists of apps: types that are not one text."""
    lat, lon = V["location"].split(",")
    # GCJ-02 and BD-09 of the profile's place, by the Python package eviltransform 0.1.1.
    gcj, bd = ("31.228473709", "121.478224134"), ("31.234326547", "121.484782549")
    apps = PROFILE["installed_apps"]
    form_of = lambda lat, lon: parts(f"lat={lat}&lng={lon}", FORM, layers=["body", "form"])
    wanted = [
        ("location", "WGS-84, as in the profile", "JSON body", H1, parts(json.dumps({"lat": float(lat), "lng": float(lon)}), JSON, layers=["body", "json"]), "as-is"),
        ("location", "GCJ-02", "form body", H2, form_of(gcj[0][:9], gcj[1][:10]), "gcj-02"),
        ("location", "BD-09", "form body", HAR, form_of(bd[0][:9], bd[1][:10]), "bd-09"),
        ("location", "lon,lat", "query", H1, parts(target=f"/geo?location={lon},{lat}", layers=["query"]), "as-is"),
        ("location", "millionths", "JSON body", H2, parts(json.dumps({"lat": 31230416, "lng": 121473701}), JSON, layers=["body", "json"]), "as-is"),
        ("location_coarse", "two decimals", "JSON body", HAR, parts(json.dumps({"latitude": "31.23", "longitude": "121.47"}), JSON, layers=["body", "json"]), "as-is"),
        ("location", "four decimals", "XML attribute", H1, parts(f'<p lat="{lat[:7]}" lon="{lon[:8]}"/>', "text/xml", layers=["body", "xml"]), "as-is"),
        ("location", "in base64", "JSON body", MQ, parts(json.dumps({"g": b64(json.dumps({"lat": float(lat), "lon": float(lon)}).encode())}), JSON, layers=["body", "json", "base64", "json"]), "as-is"),
        ("installed_apps", "array of objects", "JSON body", H1, parts(json.dumps({"d": [{"p": a, "v": "1"} for a in apps]}), JSON, layers=["body", "json"]), None),
        ("installed_apps", "comma list", "form body", H2, parts(urllib.parse.urlencode({"a": "1", "l": ",".join(apps)}), FORM, layers=["body", "form"]), None),
        ("installed_apps", "gzip, base64", "JSON body", HAR, parts(json.dumps({"d": b64(gzip.compress(json.dumps(apps).encode(), mtime=0))}), JSON, layers=["body", "json", "base64", "gzip", "json"]), None),
        ("installed_apps", "lines", "CSV", MQ, parts(csv_text([["pkg", "version"]] + [[a, "1"] for a in apps]), "text/csv", layers=["body", "csv"]), None),
    ]
    for data_type, name, container, protocol, p, variant in wanted:
        number = len(cases) + 1
        found = {"type": data_type, "digest": "plain", "certainty": "confirmed", "layers": p["layers"]}
        if variant:
            found["variant"] = variant
        cases.append({"case": number, "host": f"c{number}.matrix.example", "address": f"198.18.{number >> 8}.{number & 255}",
                      "type": data_type, "form": name, "container": container, "protocol": protocol, "made_by": "Python",
                      "target": p["target"], "headers": p["headers"] + ([["Content-Type", p["content_type"]]] if p["content_type"] else []),
                      "body": None if p["body"] is None else b64(p["body"]), "wire": "length", "expect": [found]})


def har(cases):
    """HAR 1.2, one entry for each case, as an exporter of a browser would write it."""
    entries = []
    for c in cases:
        body = None if c["body"] is None else base64.b64decode(c["body"])
        request = {"method": "GET" if body is None else "POST", "url": f"https://{c['host']}{c['target']}", "httpVersion": "HTTP/1.1",
                   "headers": [{"name": n, "value": v} for n, v in [["Host", c["host"]]] + c["headers"]], "queryString": [], "cookies": [],
                   "headersSize": -1, "bodySize": 0 if body is None else len(body)}
        if body is not None:
            kind = next((v for n, v in c["headers"] if n == "Content-Type"), "application/octet-stream")
            try:
                request["postData"] = {"mimeType": kind, "text": body.decode("ascii")}
            except UnicodeDecodeError:
                # Charles and mitmproxy write it so.
                request["postData"] = {"mimeType": kind, "encoding": "base64", "text": b64(body)}
        entries.append({"startedDateTime": f"2026-03-01T08:{c['case'] // 60 % 60:02d}:{c['case'] % 60:02d}.000Z", "time": 5, "request": request,
                        "response": {"status": 204, "statusText": "No Content", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
                                     "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1, "bodySize": 0},
                        "cache": {}, "timings": {"send": 1, "wait": 3, "receive": 1}, "serverIPAddress": c["address"]})
    return {"log": {"version": "1.2", "creator": {"name": "matrix/make.py", "version": "1"}, "entries": entries}}


PAGE = """# What is found, in which form, in what

Each line is one message of `tests/identify/matrix`, made and sent by other programs (`make.py`,
`play.py`, `play.mjs`; recorded by `record.sh`), in which one value of the test device must be found
once, with this type, digest, certainty and way to it, and nothing else. `tests/matrix.rs` runs
`inspect` on all of them and holds this table in step.

| # | type | written as | container | sent over | digest | certainty | layers |
|---|---|---|---|---|---|---|---|
"""


def row_of(case):
    """As tests/matrix.rs builds it."""
    found = case["expect"][0]
    cells = [str(case["case"]), case["type"], case["form"], case["container"], case["protocol"], found["digest"],
             found["certainty"], " ▸ ".join(found["layers"])]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def main(folder):
    cases = []
    for row in dict.fromkeys(ROWS):
        cases.append(case(len(cases) + 1, row))
    places(cases)
    with open(os.path.join(folder, "device.toml"), "w") as out:
        out.write("# Made by make.py: values that were made up, valid in shape only.\n\n[ids]\n")
        for name, values in PROFILE.items():
            out.write(f"{name} = {json.dumps(values, ensure_ascii=False)}\n")
    with open(os.path.join(folder, "cases.json"), "w") as out:
        out.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n")
    with open(os.path.join(folder, "../../../docs/matrix.md"), "w") as out:
        out.write(PAGE + "".join(row_of(c) for c in cases))
    with open(os.path.join(folder, "matrix.har"), "w") as out:
        json.dump(har([c for c in cases if c["protocol"] == HAR]), out, ensure_ascii=False, indent=0)
        out.write("\n")
    print(len(cases), "cases")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))

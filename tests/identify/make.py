#!/usr/bin/env python3
"""Makes the cases in this folder: what a client sends, and what must be found in it.

Nothing here asks wirewitness: values are written, hashed, encoded and encrypted with
Python's own modules (hashlib, base64, gzip, zlib, json, urllib) and the commands
openssl, node (brotli) and zstd, so that the expectations come from how each case was made. All values are
made up; the IMEIs have a test TAC, the MACs are from no one's range, the numbers
from ranges that are not assigned to people.

    python3 tests/identify/make.py
"""

import base64
import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
import urllib.parse
import uuid
import zipfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))


def luhn(body):
    total = 0
    for i, c in enumerate(reversed(body)):
        d = int(c)
        if i % 2 == 0:
            d *= 2
            if d > 9:
                d -= 9
        total += d
    return body + str(-total % 10)


IMEI = luhn("35209900176148")
IMEI2 = luhn("86753090000001")
OTHER_IMEI = luhn("86420103112233")
OAID = "3a5f2c1e-7b48-4d09-9e6a-1c2d3e4f5a6b"
ANDROID_ID = "9f3c21ab47de5608"
MAC = "3C:5A:B4:D1:E2:0F"
PHONE = "13912345678"
ICCID = luhn("898600" + "1234567890123")
IMSI = "460001234567890"
LAT, LON = "31.230416", "121.473701"
APPS = ["com.tencent.mm", "com.taobao.taobao", "com.sina.weibo", "com.ss.android.ugc.aweme", "com.example.reader"]
PROFILE = {
    "imei": [IMEI, IMEI2],
    "oaid": [OAID],
    "android_id": [ANDROID_ID],
    "mac": [MAC],
    "phone": [PHONE],
    "ssid": ["Lab5"],
    "location": [f"{LAT},{LON}"],
    "installed_apps": APPS,
    "device_model": ["WW-Test-9000"],
}
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def h(name, text, raw=False):
    digest = hashlib.new(name, text.encode())
    return digest.digest() if raw else digest.hexdigest()


def b64(data):
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def openssl_aes_ecb(key, data):
    command = ["openssl", "enc", "-aes-128-ecb", "-K", key.encode().hex()]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def hit(data_type, written, digest="plain", certainty="confirmed", key=None, steps=None, variant=None, published=None):
    found = {"type": data_type, "written": written, "digest": digest, "certainty": certainty}
    for name, value in (("key", key), ("steps", steps), ("variant", variant), ("published_key", published)):
        if value is not None:
            found[name] = value
    return found


CASES = []


def case(name, hits, target="/", headers=(), body=b"", content_type=None, profile=PROFILE, product=None,
         host="collect.example.com", method=None, **more):
    if isinstance(body, str):
        body = body.encode()
    headers = [list(h) for h in headers] + ([["Content-Type", content_type]] if content_type else [])
    made = {"name": name, "host": host, "method": method or ("POST" if body else "GET"), "target": target,
            "headers": headers, "body_base64": b64(body), "hits": hits}
    if profile is not PROFILE:
        made["profile"] = profile or {}
    if product:
        made["product"] = product
    made.update(more)
    CASES.append(made)


def plain(data_type, value, **more):
    return hit(data_type, value, **more)


# --- where a value stands ---
case("query", [plain("imei", IMEI, key="imei", steps=["query imei"])], target=f"/v1?imei={IMEI}&t=1772352001250")
case("query-under-any-name", [plain("imei", IMEI, key="zz")], target=f"/v1?zz={IMEI}")
case("query-twice", [plain("imei", IMEI, steps=["query id"]), plain("imei", IMEI2, steps=["query id[1]"])],
     target=f"/v1?id={IMEI}&id={IMEI2}")
case("path-segment", [plain("oaid", OAID, steps=["path 2"])], target=f"/v1/user/{OAID}/events")
case("path-slots", [plain("mac", h("md5", MAC.replace(":", "")), digest="md5", variant="upper-no-separators", steps=["path 1", "form m6a"])],
     target=f"/x/k=2001&p=7S&m6a={h('md5', MAC.replace(':', ''))}&rt=2", method="GET")
case("header", [plain("android_id", ANDROID_ID, steps=["header x-device-id"])], headers=[["X-Device-Id", ANDROID_ID]])
case("cookie", [plain("oaid", OAID, key="did", steps=["header cookie", "cookie did"])], headers=[["Cookie", f"a=b; did={OAID}; c=d"]])
case("absolute-target", [plain("imei", IMEI, steps=["query i"])], target=f"http://collect.example.com/v1?i={IMEI}")
case("user-agent-model-is-no-sighting", [], headers=[["User-Agent", "Demo/1.0 (Linux; Android 13; WW-Test-9000)"]])
case("model-in-a-body", [plain("device_model", "WW-Test-9000", key="model")], body="model=WW-Test-9000&v=1", content_type=FORM)

# --- containers ---
case("a-name-that-is-a-value", [plain("mac", MAC, steps=["body", "name"]), plain("imei", IMEI, steps=["body", "name"])],
     body=json.dumps({"devices": {MAC: -40, IMEI: 1}}), content_type=JSON)
case("form", [plain("phone", PHONE, key="mobile", steps=["body", "form mobile"])], body=f"a=1&mobile={PHONE}", content_type=FORM)
case("form-undeclared", [plain("phone", PHONE, steps=["body", "form mobile"])], body=f"a=1&mobile={PHONE}", content_type="text/plain")
case("form-percent", [plain("mac", MAC, steps=["body", "form mac"])], body="mac=" + urllib.parse.quote(MAC, safe=""), content_type=FORM)
case("percent-twice", [plain("mac", MAC, steps=["body", "form mac", "percent"])],
     body="mac=" + urllib.parse.quote(urllib.parse.quote(MAC, safe=""), safe=""), content_type=FORM)
case("json", [plain("imei", IMEI, key="ids", steps=["body", "json $.device.ids[0]"]),
              plain("imei", IMEI2, key="ids", steps=["body", "json $.device.ids[1]"])],
     body=json.dumps({"device": {"ids": [IMEI, IMEI2]}, "n": 5}), content_type=JSON)
case("json-number", [plain("imei", IMEI, key="imei")], body='{"imei":%s}' % IMEI, content_type=JSON)
case("json-same-name-twice", [plain("imei", IMEI)], body='{"a":"%s","a":""}' % IMEI, content_type=JSON)
case("json-escapes", [plain("oaid", OAID, steps=["body", "json $.v"])],
     body='{"v":"' + "".join("\\u%04x" % ord(c) for c in OAID) + '"}', content_type=JSON)
case("json-in-json", [plain("oaid", OAID, key="oaid", steps=["body", "json $.p", "json $.d.oaid"])],
     body=json.dumps({"p": json.dumps({"d": {"oaid": OAID}})}), content_type=JSON)
case("json-in-form", [plain("oaid", OAID, key="oaid", steps=["body", "form data", "json $.oaid"])],
     body=urllib.parse.urlencode({"data": json.dumps({"oaid": OAID})}), content_type=FORM)
case("json-lines", [plain("imei", IMEI, key="imei", steps=["body", "line 1", "json $.imei"])],
     body=json.dumps({"a": 1}) + "\n" + json.dumps({"imei": IMEI}) + "\n", content_type="application/x-ndjson")
case("json-without-declaration", [plain("oaid", OAID, steps=["body", "json $.x"])], body=json.dumps({"x": OAID}))
case("multipart", [plain("imei", IMEI, key="imei", steps=["body", "multipart imei"]),
                   plain("oaid", OAID, key="o", steps=["body", "multipart meta", "json $.o"])],
     body=f'--XX\r\nContent-Disposition: form-data; name="imei"\r\n\r\n{IMEI}\r\n--XX\r\n'
          f'Content-Disposition: form-data; name="meta"\r\nContent-Type: application/json\r\n\r\n{{"o":"{OAID}"}}\r\n--XX--\r\n',
     content_type='multipart/form-data; boundary="XX"')
case("url-as-a-value", [plain("imei", IMEI, key="im", steps=["body", "form u", "url im"])],
     body=urllib.parse.urlencode({"u": f"https://cdn.example.com/a?im={IMEI}&v=2"}), content_type=FORM)
case("packed-hashes", [plain("android_id", ANDROID_ID, key="android_id", steps=["body", "json $.d", "packed android_id"]),
                       plain("mac", MAC, key="mac", steps=["body", "json $.d", "packed mac"])],
     body=json.dumps({"d": f"android_id={ANDROID_ID}##imei=##mac={MAC}"}), content_type=JSON, withheld=[["imei", "imei"]])
case("packed-bars", [plain("android_id", ANDROID_ID, key="aid")], body=json.dumps({"d": f"aid={ANDROID_ID}|oaid=|ram=8"}), content_type=JSON,
     withheld=[["oaid", "oaid"]])
case("list-in-a-value", [plain("imei", IMEI), plain("imei", IMEI2)], target=f"/?imeis={IMEI},{IMEI2}")
case("xml-attribute", [plain("imei", IMEI, key="imei", steps=["body", "xml /log/@imei"])], body=f'<log level="i" imei="{IMEI}"/>', content_type="text/xml")
case("undecoded-text", [plain("imei", IMEI, key="imei", steps=["body"])], body=f'<log level="i" imei="{IMEI}">', content_type="text/xml")

# --- encodings ---
inner = json.dumps({"imei": IMEI, "os": "android"})
for name, text in (("standard", b64(inner)), ("unpadded", b64(inner).rstrip("=")),
                   ("url", base64.urlsafe_b64encode(inner.encode()).decode())):
    case(f"base64-{name}", [plain("imei", IMEI, key="imei", steps=["body", "form d", "base64", "json $.imei"])],
         body=urllib.parse.urlencode({"d": text}), content_type=FORM)
case("base64-of-the-value", [plain("imei", IMEI, key="d", steps=["query d", "base64"])], target=f"/?d={b64(IMEI)}")
case("base64-body", [plain("imei", IMEI, steps=["body", "base64", "json $.imei"])], body=b64(inner))
case("base64-gzip-json", [plain("imei", IMEI, steps=["body", "json $.p", "base64", "gzip", "json $.imei"])],
     body=json.dumps({"p": b64(gzip.compress(inner.encode()))}), content_type=JSON)
case("base64-zlib-json", [plain("imei", IMEI, steps=["body", "json $.p", "base64", "deflate", "json $.imei"])],
     body=json.dumps({"p": b64(zlib.compress(inner.encode()))}), content_type=JSON)
case("hex-of-json", [plain("imei", IMEI, steps=["query d", "hex", "json $.imei"])], target=f"/?d={inner.encode().hex().upper()}")
case("hex-of-the-value", [plain("oaid", OAID, steps=["query d", "hex"])], target=f"/?d={OAID.encode().hex()}")

# --- content codings ---
raw = zlib.compressobj(wbits=-15)
deflated = raw.compress(inner.encode()) + raw.flush()
for coding, body, step in (("gzip", gzip.compress(inner.encode()), "gzip"), ("deflate", zlib.compress(inner.encode()), "deflate"),
                           ("deflate", deflated, "deflate")):
    kind = "raw" if body is deflated else "zlib" if coding == "deflate" else "gzip"
    case(f"coding-{kind}", [plain("imei", IMEI, steps=["body", step, "json $.imei"])], body=body,
         headers=[["Content-Encoding", coding]], content_type=JSON)
case("coding-twice", [plain("imei", IMEI, steps=["body", "gzip", "deflate", "json $.imei"])],
     body=gzip.compress(zlib.compress(inner.encode())), headers=[["Content-Encoding", "deflate, gzip"]])
case("coding-undone-by-an-exporter", [plain("imei", IMEI, steps=["body", "json $.imei"])], body=inner,
     headers=[["Content-Encoding", "gzip"]])
case("gzip-unannounced", [plain("imei", IMEI, steps=["body", "gzip", "json $.imei"])], body=gzip.compress(inner.encode()),
     content_type="application/octet-stream")
case("coding-damaged", [], body=b"\x1f\x8b\x08\x00garbage\xff\xfe", headers=[["Content-Encoding", "gzip"]],
     gaps=["undecodable", "undecodable"])
case("binary-body", [], body=bytes(range(128, 256)), gaps=["undecodable"])
brotli = "process.stdout.write(require('zlib').brotliCompressSync(require('fs').readFileSync(0)))"
for coding, command in (("br", ["node", "-e", brotli]), ("zstd", ["zstd", "-c"])):
    made = subprocess.run(command, input=inner.encode(), capture_output=True, check=True).stdout
    case(f"coding-{coding}", [plain("imei", IMEI, steps=["body", coding, "json $.imei"])], body=made,
         headers=[["Content-Encoding", coding]], content_type=JSON)

# --- values in bytes that nothing decodes ---
for before in range(3):
    around = bytes([0xf1, 0x02, 0x9c][:before]) + b"\x0a\x0f" + IMEI.encode() + b"\x12\xff\xfe"
    case(f"base64-of-binary-{before}", [plain("imei", IMEI, variant="as-is in base64", steps=["body", "json $.p"])],
         body=json.dumps({"p": b64(around)}), content_type=JSON)
    longer = bytes([0xf1, 0x02, 0x9c][:before]) + b"9" + IMEI.encode() + b"\x12\xff\xfe"
    case(f"base64-of-a-longer-number-{before}", [], body=json.dumps({"p": b64(longer)}), content_type=JSON)
    # What is no text before it fills the first group of four.
    text = b64(b"\x01\x02\x03"[:before] + b"id " + OAID.encode() + b" end")
    case(f"base64-in-text-{before}", [plain("oaid", OAID, steps=["body", "xml /a", f"base64 {8 if before else 4}..{4 + len(text)}"])],
         body="<a>log " + text + " more</a>", content_type="text/plain")
    case(f"base64-in-undecoded-text-{before}", [plain("oaid", OAID, variant="as-is in base64", steps=["body"])],
         body="<a>log " + b64(b"\x01\xfe\x03"[:before] + b"\xff " + OAID.encode() + b" \xff") + " more", content_type="text/plain")
case("hex-of-binary", [plain("imei", IMEI, variant="as-is in hex")], body=json.dumps({"p": (b"\x0a\x0f" + IMEI.encode() + b"\xff").hex()}), content_type=JSON)
case("hex-of-a-longer-number", [], body=json.dumps({"p": (b"\x0a\x0f1" + IMEI.encode() + b"\xff").hex()}), content_type=JSON)
case("utf-16-le", [plain("oaid", OAID, key="id", steps=["body", "charset UTF-16LE"])], body=b"\xff\xfe" + f"id={OAID};".encode("utf-16-le"))
case("utf-16-in-binary", [plain("oaid", OAID, variant="as-is in utf-16")], body=b"\x0a\xff\xfe" + f"id={OAID};".encode("utf-16-le"), gaps=["undecodable"])
case("utf-16-be", [plain("oaid", OAID, variant="as-is in utf-16")], body=b"\x00\x01\x81" + f"id={OAID};".encode("utf-16-be"), gaps=["undecodable"])
case("utf-16-longer", [], body=b"\xff\xfe" + f"id={IMEI}7;".encode("utf-16-le"))
case("plain-in-binary", [plain("imei", IMEI, steps=["body"])], body=b"\x0a\x0f" + IMEI.encode() + b"\x12\x04\xff\xfe", gaps=["undecodable"])
# Protobuf by hand: field 1 a string, field 9 (tag 'J') another; the second with a length that is a digit's code.
proto = b"\x08\x80\x01\x1a\x0f" + IMEI.encode() + b"J\x03abc"
case("protobuf-next-tag-is-a-letter", [plain("imei", IMEI)], body=proto)
case("protobuf-in-base64", [plain("imei", IMEI, steps=["body", "json $.p", "base64", "protobuf 3"])], body=json.dumps({"p": b64(proto)}), content_type=JSON)
digest = h("md5", IMEI).encode()
case("protobuf-digest", [plain("imei", digest.decode(), digest="md5")], body=b"\x08\x80\x01\x12\x20" + digest + b"Z\x01a")
case("length-does-not-fit", [], body=b"\x08\x80\x01\x1a\x10" + IMEI.encode() + b"7J\x03abc")
case("repeated-in-one-text", [plain("imei", IMEI)], body=f"<i>{IMEI}</i>" * 2000, content_type="text/xml")

# --- forms and digests ---
for digest in ("md5", "sha1", "sha256", "sm3"):
    case(f"imei-{digest}", [plain("imei", h(digest, IMEI), digest=digest, variant="as-is")], target=f"/?x={h(digest, IMEI)}")
    case(f"imei-{digest}-upper-hex", [plain("imei", h(digest, IMEI).upper(), digest=digest)], target=f"/?x={h(digest, IMEI).upper()}")
    text = b64(h(digest, IMEI, raw=True))
    case(f"imei-{digest}-base64", [plain("imei", text.rstrip("="), digest=digest)], body=json.dumps({"x": text}), content_type=JSON)
    url = base64.urlsafe_b64encode(h(digest, OAID, raw=True)).decode()
    case(f"oaid-{digest}-base64url", [plain("oaid", url.rstrip("="), digest=digest)], body=json.dumps({"x": url}), content_type=JSON)
case("imei-md5-16", [plain("imei", h("md5", IMEI)[8:24], digest="md5-16")], target=f"/?x={h('md5', IMEI)[8:24]}")
case("imei-14-md5", [plain("imei", h("md5", IMEI[:14]), digest="md5", variant="14-digits")], target=f"/?x={h('md5', IMEI[:14])}")
case("imei-14", [plain("imei", IMEI[:14], variant="14-digits")], target=f"/?x={IMEI[:14]}")
case("android-id-upper-md5", [plain("android_id", h("md5", ANDROID_ID.upper()), digest="md5", variant="upper")], target=f"/?x={h('md5', ANDROID_ID.upper())}")
case("android-id-upper", [plain("android_id", ANDROID_ID.upper(), variant="upper")], target=f"/?x={ANDROID_ID.upper()}")
case("oaid-no-dashes", [plain("oaid", OAID.replace("-", ""), variant="no-separators")], target=f"/?x={OAID.replace('-', '')}")
case("oaid-no-dashes-sha1", [plain("oaid", h("sha1", OAID.replace("-", "").upper()), digest="sha1", variant="upper-no-separators")],
     target=f"/?x={h('sha1', OAID.replace('-', '').upper())}")
for variant, text in (("lower-colons", MAC.lower()), ("upper-dashes", MAC.replace(":", "-")), ("lower-dashes", MAC.lower().replace(":", "-")),
                      ("upper-no-separators", MAC.replace(":", "")), ("lower-no-separators", MAC.lower().replace(":", ""))):
    case(f"mac-{variant}", [plain("mac", text)], body=json.dumps({"x": text}), content_type=JSON)
    case(f"mac-{variant}-md5", [plain("mac", h("md5", text), digest="md5")], body=json.dumps({"x": h("md5", text)}), content_type=JSON)
for variant, text in (("+86", "+86" + PHONE), ("86", "86" + PHONE), ("0086", "0086" + PHONE)):
    case(f"phone-{variant}", [plain("phone", text, variant=variant)], body=json.dumps({"x": text}), content_type=JSON)
    case(f"phone-{variant}-sha256", [plain("phone", h("sha256", text), digest="sha256", variant=variant)],
         body=json.dumps({"x": h("sha256", text)}), content_type=JSON)
case("short-value-with-key", [plain("ssid", "Lab5", key="wifi_ssid")], body=json.dumps({"wifi_ssid": "Lab5"}), content_type=JSON)
case("short-value-without-key", [], body=json.dumps({"title": "Lab5"}), content_type=JSON)

# --- places ---
case("place-two-keys", [plain("location", f"{LAT},{LON}", key="lat")], body=json.dumps({"lat": float(LAT), "lng": float(LON)}), content_type=JSON)
case("place-lon-lat", [plain("location", f"{LON},{LAT}", key="location")], target=f"/v3/geocode/regeo?location={LON},{LAT}")
case("place-millionths", [plain("location", "31230416,121473701")], body=json.dumps({"lat": 31230416, "lng": 121473701}), content_type=JSON)
case("place-coarse", [plain("location_coarse", "31.23,121.47")], body=json.dumps({"latitude": "31.23", "longitude": "121.47"}), content_type=JSON)
case("place-array", [plain("location", f"{LON},{LAT}")], body='{"coordinates":[%s,%s]}' % (LON, LAT), content_type=JSON)
case("place-elsewhere-with-profile", [hit("location", "39.904200,116.407400", certainty="possible")],
     body='{"lat":39.904200,"lng":116.407400}', content_type=JSON)
case("place-without-profile", [hit("location", "39.904200,116.407400", certainty="probable")],
     body='{"lat":39.904200,"lng":116.407400}', content_type=JSON, profile=None)
case("place-next-door", [hit("location", "31.238416,121.473701", certainty="possible", key="lat")],
     body='{"lat":31.238416,"lng":121.473701}', content_type=JSON)
case("place-fifty-metres-off", [plain("location", "31.230866,121.473701", key="lat")], body='{"lat":31.230866,"lng":121.473701}', content_type=JSON)
case("place-two-decimals-cut", [plain("location_coarse", "31.23,121.47", key="lat")], body='{"lat":31.23,"lng":121.47}', content_type=JSON)
case("place-two-decimals-of-another", [hit("location_coarse", "31.22,121.48", certainty="possible", key="lat")],
     body='{"lat":31.22,"lng":121.48}', content_type=JSON)
case("place-without-names", [plain("location", "121.473701,31.230416", key="a")], body='{"a":121.473701,"b":31.230416}', content_type=JSON)
case("place-without-names-fifty-metres-off", [hit("location", "121.473701,31.230866", certainty="probable", key="a")],
     body='{"a":121.473701,"b":31.230866}', content_type=JSON)
case("place-without-names-three-decimals", [hit("location_coarse", "31.230,121.474", certainty="possible", key="a")],
     body='{"a":31.230,"b":121.474}', content_type=JSON)
case("place-without-names-next-door", [], body='{"a":121.473701,"b":31.238416}', content_type=JSON)
case("place-unset", [], body='{"lat":0.0,"lng":0.0}', content_type=JSON, profile=None, withheld=[["location", "lat"]])

# --- lists of apps ---
case("apps-of-the-profile", [plain("installed_apps", APPS[0])], body=json.dumps({"x": [{"p": a} for a in APPS[:3]]}), content_type=JSON)
case("apps-by-content", [hit("installed_apps", "com.a.one", certainty="probable")],
     body=json.dumps({"applist": ["com.a.one", "com.b.two", "com.c.three", "com.d.four", "com.e.five"]}), content_type=JSON, profile=None)
case("apps-by-a-kind-of-event", [hit("installed_apps", "com.a.one", certainty="probable")],
     body=json.dumps({"type": "APPS_ALL", "list": [{"pkg": f"com.{c}.one"} for c in "abcdef"]}), content_type=JSON, profile=None)
case("apps-without-a-name", [hit("installed_apps", "com.a.one", certainty="possible")],
     body=json.dumps({"list": [{"v": f"com.{c}.one"} for c in "abcdef"]}), content_type=JSON, profile=None)
case("apps-four-are-no-list", [], body=json.dumps({"applist": ["com.a.one", "com.b.two", "com.c.three", "com.d.four"]}), content_type=JSON, profile=None)
case("components-of-one-app", [], body=json.dumps({"c": [f"com.example.app.part{i}" for i in range(9)]}), content_type=JSON, profile=None)
case("hosts-are-no-apps", [], body=json.dumps({"hosts": [f"www.site{i}.com" for i in range(9)]}), content_type=JSON, profile=None)

# --- without a profile ---
for data_type, key, value in (("imei", "imei", OTHER_IMEI), ("android_id", "androidId", ANDROID_ID), ("oaid", "oaid", OAID), ("gaid", "gaid", OAID),
                              ("idfa", "idfa", OAID.upper()), ("mac", "wifi_mac_address", MAC), ("phone", "mobile", PHONE), ("iccid", "simSerialNo", ICCID),
                              ("imsi", "imsi", IMSI), ("id_card", "idCard", "11010519491231002X"), ("email", "email", "someone@mail.example.com"),
                              ("imei", "device_imei", OTHER_IMEI), ("imei", "imei2", OTHER_IMEI), ("imei", "X-IMEI", OTHER_IMEI)):
    case(f"keyed-{key}", [hit(data_type, value, certainty="probable", key=key)], body=json.dumps({key: value}), content_type=JSON, profile=None)
case("keyed-digest", [hit("imei", h("md5", OTHER_IMEI), digest="md5", certainty="probable", key="imei_md5")],
     body=json.dumps({"imei_md5": h("md5", OTHER_IMEI)}), content_type=JSON, profile=None)
case("keyed-list", [hit("imei", IMEI, certainty="probable"), hit("imei", IMEI2, certainty="probable")], target=f"/?imei={IMEI},{IMEI2}", profile=None)
case("key-alone", [hit("imei", "352099001761489", certainty="possible")], target="/?imei=352099001761489", profile=None)
case("shape-alone", [hit("id_card", "11010519491231002X", certainty="possible")], target="/?q=11010519491231002X", profile=None)
case("another-device", [hit("imei", OTHER_IMEI, certainty="possible")], target=f"/?imei={OTHER_IMEI}")
case("ambiguous-key-of-a-known-recipient", [hit("mac", MAC, certainty="probable", key="mc")], body=json.dumps({"mc": MAC}), content_type=JSON,
     profile=None, product="umeng")
case("ambiguous-key-of-anyone", [], body=json.dumps({"mc": "CN", "aid": "1128", "cid": "8c21f0", "ssid2": "x"}), content_type=JSON, profile=None)
case("ssid-to-a-sdk-that-issues-ids", [hit("ssid", "Some Network", certainty="possible", key="ssid")], body=json.dumps({"ssid": "Some Network"}),
     content_type=JSON, profile=None, product="jiguang")
case("applog-ssid-is-no-wifi-name", [], body=json.dumps({"events": [{"ssid": "d0c0ffee"}]}), content_type=JSON, profile=None, product="pangle",
     not_types=["ssid"])

# --- slots without a value ---
for name, key, value, data_type in (("zero-imei", "imei", "000000000000000", "imei"), ("zero-idfa", "idfa", "00000000-0000-0000-0000-000000000000", "idfa"),
                                    ("android-mac", "mac", "02:00:00:00:00:00", "mac"), ("macro", "oaid", "__OAID__", "oaid"),
                                    ("emulator-android-id", "android_id", "9774d56d682e549c", "android_id"), ("empty", "imei", "", "imei"),
                                    ("md5-of-zero-imei", "imei", h("md5", "000000000000000"), "imei"),
                                    ("md5-of-android-mac-upper-hex", "mac", h("md5", "020000000000").upper(), "mac"),
                                    ("md5-of-nothing", "imei_md5", h("md5", ""), "imei")):
    case(f"withheld-{name}", [], body=json.dumps({key: value}), content_type=JSON, withheld=[[data_type, key]])
    case(f"withheld-{name}-without-profile", [], body=json.dumps({key: value}), content_type=JSON, withheld=[[data_type, key]], profile=None)

# --- look-alikes: nothing may be found ---
LOOK_ALIKES = {
    "order-number": "202603010800012345", "order-with-imei-inside": "20" + IMEI + "7", "milliseconds": "1772352001250",
    "nanoseconds": "1772352001250000000", "build-hash": h("sha1", "build 17"), "git-hash": h("sha1", "commit")[:12],
    "content-hash": h("sha256", "picture"), "md5-of-a-file": h("md5", "file"), "random-uuid": "7d9f3b52-1c4e-4f60-8a2b-9c8d7e6f5a4b",
    "trace-id": h("md5", "trace")[:32], "longer-digits": IMEI + "1", "longer-before": "9" + IMEI, "inside-a-word": "x" + IMEI + "y",
    "android-id-in-a-hash": "00" + ANDROID_ID + "ff0011", "mac-in-a-longer-chain": "00:11:" + MAC, "phone-in-an-order": "88" + PHONE + "01",
    "phone-like-timestamp": "17723520012", "version": "10.0.19041.1", "price": "31.23", "two-prices": "31.23,121.47",
    "decimal": "0." + IMEI, "oaid-with-another-end": OAID[:-1] + "c", "imei-with-another-digit": IMEI[:-1] + str((int(IMEI[-1]) + 1) % 10),
    "md5-in-another-case-of-text": h("md5", IMEI + "salt"), "base64-in-another-case": b64(h("sha256", IMEI, raw=True)).swapcase(),
    "uuid-with-digits-around": "00" + OAID + "11", "card-like": "6217000000000000000", "room": "Lab5 is free", "png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
}
for name, value in LOOK_ALIKES.items():
    for key in ("x", "order_id", "token"):
        case(f"look-alike-{name}-{key}", [], body=json.dumps({key: value}), content_type=JSON)
        case(f"look-alike-{name}-{key}-without-profile", [], body=json.dumps({key: value}), content_type=JSON, profile=None)

# --- recipes ---
dinfo = json.dumps({"adsid": "c0ffee00-7b48-4d09-9e6a-1c2d3e4f5a6b", "imei": IMEI, "mac": MAC, "model": "WW-Test-9000", "plat": 1})
sealed_m = b64(openssl_aes_ecb("sdk.commonap.sdk", dinfo.encode()))
way = ["body", "form m", "base64", "aes-128-ecb sdk.commonap.sdk"]
case("mobtech-dinfo", [hit("gaid", "c0ffee00-7b48-4d09-9e6a-1c2d3e4f5a6b", certainty="probable", steps=way + ["json $.adsid"]),
                       plain("imei", IMEI, steps=way + ["json $.imei"], published=True), plain("mac", MAC, published=True),
                       plain("device_model", "WW-Test-9000")],
     body=urllib.parse.urlencode({"m": sealed_m}), content_type=FORM, host="devs.data.mob.com", target="/dinfo", product="mobtech")
case("mobtech-dinfo-wrong-key", [], body=urllib.parse.urlencode({"m": b64(openssl_aes_ecb("another.key.1234", dinfo.encode()))}),
     content_type=FORM, host="devs.data.mob.com", target="/dinfo", product="mobtech", gaps=["undecodable"])
opaque = b64(hashlib.sha512(b"1").digest() * 3)
case("amap-x-info", [], headers=[["X-INFO", opaque]], host="restsdk.amap.com", target="/v3/iasdkauth", product="amap", body="a=1&b=2",
     content_type=FORM, sealed=[["amap-x-info", ["header x-info"]]])
case("amap-x-info-of-another-host", [], headers=[["X-INFO", opaque]], host="www.example.com")
case("qimei", [], body=json.dumps({"key": opaque, "params": opaque, "time": 1772352001}), content_type=JSON, host="snowflake.qq.com",
     target="/ola/android", product="tencent_beacon", sealed=[["qimei", ["body", "json $.params"]]])
case("getui-sealed", [], body=hashlib.sha512(b"2").digest(), host="sdk-open-phone.getui.com", target="/api.php?format=json&t=1",
     product="getui", sealed=[["getui-api", ["body"]]])
case("getui-readable-is-not-sealed", [plain("imei", IMEI)], body=json.dumps({"imei": IMEI}), host="sdk-open-phone.getui.com",
     target="/api.php?format=json&t=1", product="getui")
events = json.dumps([{"distinct_id": "x1y2z3q4", "identities": {"$identity_android_id": ANDROID_ID},
                      "properties": {"$channel_device_info": f"android_id={ANDROID_ID}##imei={IMEI}##mac={MAC}"}}])
sensors_way = ["body", "form data_list", "base64", "gzip"]
case("sensors", [plain("android_id", ANDROID_ID, steps=sensors_way + ["json $[0].identities.$identity_android_id"]),
                 plain("android_id", ANDROID_ID, steps=sensors_way + ["json $[0].properties.$channel_device_info", "packed android_id"]),
                 plain("imei", IMEI, key="imei"), plain("mac", MAC, key="mac")],
     body=urllib.parse.urlencode({"crc": "1", "gzip": "1", "data_list": b64(gzip.compress(events.encode()))}), content_type=FORM,
     target="/sa?project=default")
case("issued-id-back-to-its-issuer", [hit("sdk_id", "7301234567890123456", certainty="probable", key="bd_did")],
     body=json.dumps({"bd_did": "7301234567890123456"}), content_type=JSON, profile=None, product="applog")
case("applog-plain", [hit("imei", OTHER_IMEI, certainty="probable", key="udid"), hit("mac", MAC, certainty="probable", key="mc")],
     body=json.dumps({"magic_tag": "ss_app_log", "header": {"udid": OTHER_IMEI, "mc": MAC, "aid": "1128"}}), content_type=JSON,
     host="log.snssdk.com", target="/service/2/app_log/", product="applog", profile=None)
case("gdt-ext", [hit("idfa", OAID.upper(), certainty="probable", key="m5"), plain("location", "31230416,121473701", key="lat")],
     target="/gdt_mview.fcg?posid=1&ext=" + urllib.parse.quote(json.dumps({"req": {"m5": OAID.upper(), "lat": 31230416, "lng": 121473701}})),
     host="mi.gdt.qq.com", product="gdt", profile={"location": [f"{LAT},{LON}"]})

# --- slots of every shape ---
for name, body in (("list", '{"imei":[],"os":"a"}'), ("object", '{"imei":{},"os":"a"}'), ("false", '{"imei":false}'), ("text-of-a-list", '{"imei":"[]"}'),
                   ("two-zeros", '{"imei":"000000000000000,000000000000000"}'), ("word", '{"imei":"not_allowed"}'), ("stars", '{"imei":"***********"}')):
    case(f"slot-json-{name}", [], body=body, content_type=JSON, withheld=[["imei", "imei"]])
case("slot-xml-element", [], body="<r><imei></imei><a>1</a></r>", content_type="text/xml", withheld=[["imei", "imei"]])
case("slot-xml-closed", [], body="<r><imei/><a>1</a></r>", content_type="text/xml", withheld=[["imei", "imei"]])
case("slot-yaml-bare", [], body="os: a\nimei:\nv: 2\n", content_type="text/yaml", withheld=[["imei", "imei"]])
case("slot-yaml-last", [], body="os: a\ndevice:\n  imei:\n", content_type="text/yaml", withheld=[["imei", "imei"]])
for name, value in (("zero", "0"), ("zero-text", '"0.0"'), ("empty", '""'), ("baidu", '"4.9E-324"'), ("minus-one", "-1"), ("out-of-range", "999"), ("null", "null")):
    case(f"slot-place-{name}", [], body='{"lat":%s,"lng":%s}' % (value, value), content_type=JSON, withheld=[["location", "lat"]])
case("slot-place-of-two", [], body='{"location":"0.0,0.0"}', content_type=JSON, withheld=[["location", "location"]])
case("on-the-equator", [hit("location", "0.00000,121.473701", certainty="possible")], body='{"lat":0.00000,"lng":121.473701}', content_type=JSON)
for name, value in (("list", "[]"), ("text", '""'), ("null", "null")):
    case(f"slot-apps-{name}", [], body='{"applist":%s}' % value, content_type=JSON, withheld=[["installed_apps", "applist"]])
case("no-slot-under-a-name-of-many-meanings", [], body='{"aid":"","cid":[],"name":{}}', content_type=JSON)

# --- written in groups, of octets, with marks ---
groups = lambda text, n, mark: mark.join(text[i:i + n] for i in range(0, len(text), n))
for name, data_type, written, digest in (
        ("imei-fours", "imei", groups(IMEI, 4, " "), "plain"), ("imei-slashes", "imei", f"{IMEI[:6]}/{IMEI[6:8]}/{IMEI[8:14]}/{IMEI[14]}", "plain"),
        ("imei-full-width", "imei", "".join(chr(0xff10 + int(d)) for d in IMEI), "plain"),
        ("mac-underscores", "mac", MAC.replace(":", "_"), "plain"), ("mac-spaces", "mac", MAC.replace(":", " "), "plain"),
        ("oaid-underscores", "oaid", OAID.replace("-", "_"), "plain"), ("android-id-0x", "android_id", "0x" + ANDROID_ID, "plain"),
        ("phone-86", "phone", f"86-{PHONE[:3]}-{PHONE[3:7]}-{PHONE[7:]}", "plain"),
        ("phone-point", "phone", "+86." + PHONE, "plain"), ("md5-0x", "imei", "0x" + h("md5", IMEI), "md5"),
        ("md5-colons", "imei", groups(h("md5", IMEI), 2, ":").upper(), "md5"), ("md5-spaces", "imei", groups(h("md5", IMEI), 2, " "), "md5"),
        ("sha256-dashes", "imei", groups(h("sha256", IMEI), 2, "-"), "sha256")):
    case(f"grouped-{name}", [plain(data_type, written, digest=digest, key="v")], body=json.dumps({"v": written}, ensure_ascii=False), content_type=JSON)
case("grouped-iccid", [plain("iccid", groups(ICCID, 4, " "))], body=json.dumps({"v": groups(ICCID, 4, " ")}), content_type=JSON, profile={"iccid": [ICCID]})
case("grouped-id-card", [plain("id_card", "110105 19491231 002x")], body=json.dumps({"v": "110105 19491231 002x"}), content_type=JSON,
     profile={"id_card": ["11010519491231002X"]})
case("octets-without-leading-zeros", [plain("mac", ":".join("%x" % int(o, 16) for o in MAC.split(":")), variant="short-octets")],
     body=json.dumps({"v": ":".join("%x" % int(o, 16) for o in MAC.split(":"))}), content_type=JSON)
case("a-fraction-is-no-group", [], body=json.dumps({"v": "13.912345678", "w": "139,1234,5678"}), content_type=JSON)
octets = lambda text: bytes.fromhex(text.replace(":", "").replace("-", ""))
for name, data_type, value in (("oaid", "oaid", OAID), ("android-id", "android_id", ANDROID_ID), ("mac", "mac", MAC)):
    case(f"octets-in-base64-{name}", [plain(data_type, b64(octets(value)).rstrip("="), key="v")], body=json.dumps({"v": b64(octets(value))}), content_type=JSON)
signed = [b - 256 if b > 127 else b for b in octets(MAC)]
case("octets-as-numbers", [plain("mac", MAC.replace(":", "").lower(), key="m", steps=["body", "json $.m"])], body=json.dumps({"m": signed}), content_type=JSON)
packed_json = gzip.compress(json.dumps({"imei": IMEI}).encode())
case("bytes-as-numbers", [plain("imei", IMEI, key="imei", steps=["body", "json $.x", "gzip", "json $.imei"])],
     body=json.dumps({"x": [b - 256 if b > 127 else b for b in packed_json]}), content_type=JSON)
uuid3 = lambda text: str(uuid.UUID(bytes=h("md5", text, raw=True), version=3))
case("uuid-of-a-name", [plain("android_id", uuid3(ANDROID_ID), digest="uuid-v3")], body=json.dumps({"v": uuid3(ANDROID_ID)}), content_type=JSON)
case("sha256-of-md5", [plain("imei", h("sha256", h("md5", IMEI)), digest="md5-sha256")], body=json.dumps({"v": h("sha256", h("md5", IMEI))}), content_type=JSON)
case("sha1-of-md5", [plain("imei", h("sha1", h("md5", IMEI)), digest="md5-sha1")], body=json.dumps({"v": h("sha1", h("md5", IMEI))}), content_type=JSON)
case("android-id-without-its-zeros", [plain("android_id", "3c21ab47de56", variant="no-leading-zeros"), plain("android_id", h("md5", "3c21ab47de56"), digest="md5")],
     body=json.dumps({"v": "3c21ab47de56", "w": h("md5", "3c21ab47de56")}), content_type=JSON, profile={"android_id": ["00003c21ab47de56"]})
case("iccid-with-a-filler", [plain("iccid", "8986001234567890996F")], body=json.dumps({"v": "8986001234567890996F"}), content_type=JSON,
     profile={"iccid": ["8986001234567890996"]})
case("digest-of-a-name-in-quotes", [plain("ssid", h("md5", '"lab-network"'), digest="md5", variant="quoted")], body=json.dumps({"v": h("md5", '"lab-network"')}),
     content_type=JSON, profile={"ssid": ["lab-network"]})

# --- Chinese names ---
NAME, PERSON = "欧阳金丝雀", {"contacts": ["李小明", "欧阳金丝雀"], "ssid": ["云岫实验室"]}
case("name-of-three-characters", [plain("contacts", "李小明"), plain("contacts", h("md5", "李小明"), digest="md5")],
     body=json.dumps({"x": "王五、李小明、赵六", "h": h("md5", "李小明")}, ensure_ascii=False), content_type=JSON, profile=PERSON)
case("name-inside-a-longer-word", [], body=json.dumps({"shop": "李小明珠宝店", "t": "云岫实验室使用手册"}, ensure_ascii=False), content_type=JSON, profile=PERSON)
case("name-of-two-characters-needs-its-key", [plain("contacts", "小明", key="contacts")],
     body=json.dumps({"x": "小明", "contacts": ["小明"]}, ensure_ascii=False), content_type=JSON, profile={"contacts": ["小明"]})
case("name-as-a-name", [plain("contacts", NAME), plain("ssid", "云岫实验室")], body=json.dumps({"d": {NAME: {"n": 1}, "云岫实验室": -40}}, ensure_ascii=False),
     content_type=JSON, profile=PERSON)
case("encoded-words", [plain("contacts", NAME, steps=["header x-name", "rfc2047"])], headers=[["X-Name", f"=?UTF-8?B?{b64(NAME)}?="]], profile=PERSON)
case("utf-32", [plain("imei", IMEI, key="imei")], body=json.dumps({"imei": IMEI}).encode("utf-32"), content_type=JSON)
gbk = json.dumps({"w": "云岫实验室", "note": "你好"}, ensure_ascii=False).encode("gbk")
case("gbk-in-base64", [plain("ssid", "云岫实验室", key="w")], body=urllib.parse.urlencode({"d": b64(gbk)}), content_type=FORM, profile=PERSON)
case("gbk-in-hex", [plain("ssid", "云岫实验室", key="w")], body=urllib.parse.urlencode({"d": gbk.hex()}), content_type=FORM, profile=PERSON)
case("gbk-percent-in-json", [plain("contacts", NAME)], body=json.dumps({"n": urllib.parse.quote(NAME.encode("gbk"))}), content_type=JSON, profile=PERSON)

# --- names, heads and metadata ---
form_data = lambda head, body: f"--BBB\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n--BBB--\r\n"
MULTIPART = "multipart/form-data; boundary=BBB"
case("name-of-an-uploaded-file", [plain("imei", IMEI, key="filename", steps=["body", "multipart f filename"])],
     body=form_data(f'name="f"; filename="crash_{IMEI}.log"', "nothing"), content_type=MULTIPART)
case("name-of-an-uploaded-file-extended", [plain("contacts", NAME, key="filename")],
     body=form_data(f"name=\"f\"; filename=\"a.txt\"; filename*=UTF-8''{urllib.parse.quote(NAME)}.txt", "nothing"), content_type=MULTIPART, profile=PERSON)
case("head-of-a-part", [plain("imei", IMEI, key="x-device", steps=["body", "multipart f x-device"])],
     body=form_data(f'name="f"\r\nX-Device: {IMEI}', "nothing"), content_type=MULTIPART)
case("name-of-a-cookie", [plain("oaid", OAID, steps=["header cookie", "cookie " + OAID, "name"])], headers=[["Cookie", f"{OAID}=1; a=2"]])


def archive(kind):
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as z:
            z.writestr(zipfile.ZipInfo(f"logs/{IMEI}.txt"), "nothing here")
    else:
        with tarfile.open(fileobj=out, mode="w") as t:
            info = tarfile.TarInfo(f"logs/{IMEI}.txt")
            info.size = 12
            t.addfile(info, io.BytesIO(b"nothing here"))
    return out.getvalue()


for kind in ("zip", "tar"):
    case(f"name-in-a-{kind}", [plain("imei", IMEI, steps=["body", "name"])], body=archive(kind), content_type="application/octet-stream")
named = io.BytesIO()
with gzip.GzipFile(filename=f"{IMEI}.log", fileobj=named, mode="wb", mtime=0) as z:
    z.write(b"nothing here at all")
case("name-in-gzip", [plain("imei", IMEI, steps=["body", "name"])], body=named.getvalue(), content_type="application/octet-stream")

# --- names beside values, and in text that nothing takes apart ---
other = lambda **more: hit("imei", OTHER_IMEI, certainty="probable", key="imei", **more)
case("pairs-of-name-and-value", [other(steps=["body", "json $.p[0].value"])], body=json.dumps({"p": [{"key": "imei", "value": OTHER_IMEI}, {"key": "os", "value": "a"}]}),
     content_type=JSON, profile=None)
for name, text in (("java-map", "{imei=%s, os=android}"), ("data-class", "Device(imei=%s, os=android)"), ("object-literal", 'var d = {imei: "%s", os: "a"};'),
                   ("log", "08:00 dev imei: %s, os 13"), ("log-chinese", "设备 imei=%s，已上报")):
    case(f"in-text-{name}", [other()], body=json.dumps({"m": text % OTHER_IMEI}, ensure_ascii=False), content_type=JSON, profile=None)
case("in-text-and-something-else", [], body=json.dumps({"m": f"order: {OTHER_IMEI}, imei: none, mac: {h('md5', 'x')}, v=2"}), content_type=JSON, profile=None)
case("digest-by-name", [hit("phone", h("sha256", PHONE), digest="sha256", certainty="probable", key="phone_hash"),
                        hit("email", h("sha256", "a@b.example"), digest="sha256", certainty="probable", key="hashedEmail")],
     body=json.dumps({"phone_hash": h("sha256", PHONE), "hashedEmail": h("sha256", "a@b.example")}), content_type=JSON, profile=None)
case("further-names", [hit("phone", "13812345670", certainty="probable", key="contactPhone"), hit("phone", "13812345671", certainty="probable", key="receiver_mobile"),
                       hit("location", "39.904200,116.407400", certainty="probable", key="geolocation")],
     body=json.dumps({"contactPhone": "13812345670", "receiver_mobile": "13812345671", "geolocation": "39.904200,116.407400"}), content_type=JSON, profile=None)
for name, body in (("names", {"a": {APPS[0]: True, APPS[1]: 1, APPS[2]: False}}), ("versions", {"a": ",".join(f"{a}|8.{i}" for i, a in enumerate(APPS))}),
                   ("hashes", {"a": "#".join(APPS)}), ("colons", {"a": ";".join(f"{a}:8.{i}" for i, a in enumerate(APPS))})):
    case(f"apps-by-{name}", [hit("installed_apps", APPS[0])], body=json.dumps(body), content_type=JSON)
case("apps-in-a-query", [hit("installed_apps", APPS[0], key="a")], target="/x?a=" + ",".join(APPS))
case("apps-in-a-header", [hit("installed_apps", APPS[0], key="X-Apps")], headers=[["X-Apps", ",".join(APPS)]])

# --- names that stand elsewhere than before a colon ---
named = lambda key="imei", value=OTHER_IMEI, data_type="imei": hit(data_type, value, certainty="probable", key=key)
OTHER_OAID = "7c1d9e52-40ab-4f3e-8a6d-5b2e9f0c7d18"
for name, key in (("dots", "event.device.imei"), ("slashes", "event/device/imei"), ("colons", "user:imei"), ("arrow", "device->imei")):
    case(f"name-behind-{name}", [named(key)], body=json.dumps({"t": 1, key: OTHER_IMEI}), content_type=JSON, profile=None)
case("name-behind-dots-in-a-form", [named("ev.ids.oaid", OTHER_OAID, "oaid")], target="/x?" + urllib.parse.urlencode({"ev.ids.oaid": OTHER_OAID}), profile=None)
case("name-behind-dots-of-something-else", [], body=json.dumps({"com.example.phone": "Pixel 9", "build.mac": "universal", "imei.length": 15}), content_type=JSON, profile=None)
for name, record in (("type", {"type": "imei", "value": OTHER_IMEI}), ("type-of-value-beside", {"type": "string", "name": "imei", "value": OTHER_IMEI}),
                     ("id-type", {"idType": "imei", "idValue": OTHER_IMEI}), ("id-type-and-id", {"id_type": "imei", "id": OTHER_IMEI}),
                     ("label", {"label": "IMEI", "value": OTHER_IMEI})):
    key = "IMEI" if name == "label" else "imei"
    case(f"named-by-{name}", [named(key)], body=json.dumps({"list": [{"type": "click", "value": "buy"}, record]}), content_type=JSON, profile=None)
case("named-in-pairs", [named()], body=json.dumps([["os", "android"], ["imei", OTHER_IMEI], ["n", 3]]), content_type=JSON, profile=None)
case("named-in-pairs-inside", [named("attrs[imei]")], body=json.dumps({"attrs": [["os", "android"], ["imei", OTHER_IMEI]]}), content_type=JSON, profile=None)
case("two-of-a-list-are-no-pair", [named(value=IMEI), named(value=IMEI2)], body=json.dumps({"imei": [IMEI, IMEI2]}), content_type=JSON, profile=None)
case("pairs-of-values-keep-their-name", [named(value=IMEI), named(value=IMEI2)], body=json.dumps({"imei": [[IMEI, "a"], [IMEI2, "b"]]}), content_type=JSON, profile=None)
case("named-by-the-segment-before", [named()], target=f"/v1/device/imei/{OTHER_IMEI}/report", profile=None)
case("named-by-the-segment-before-as-digest", [hit("imei", h("md5", OTHER_IMEI), digest="md5", certainty="probable", key="imei_md5")],
     target=f"/ids/imei_md5/{h('md5', OTHER_IMEI)}", profile=None)
case("segments-that-name-nothing", [], target="/phone/list/name/all/address/book/imei/query/location/v2/mac/apps/0", profile=None)

# --- encodings of what is no text ---


def base58(data):
    number, out = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        out = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[rest] + out
    return out


device = json.dumps({"device": {"imei": IMEI, "os": "android"}, "t": 1772352001}).encode()
compressed_by = lambda program: subprocess.run(["node", "-e", program], input=device * 3, capture_output=True, check=True).stdout
for name, text in (("gzip-in-base58", base58(gzip.compress(device, mtime=0))), ("zlib-in-base85", base64.b85encode(zlib.compress(device)).decode()),
                   ("gzip-in-ascii85", base64.a85encode(gzip.compress(device, mtime=0), adobe=True).decode()), ("brotli-in-base64", b64(compressed_by(brotli)))):
    hits = [plain("imei", IMEI)] if name.startswith("brotli") else [plain("imei", IMEI, key="imei")]
    case(name, hits, body=json.dumps({"x": text}), content_type=JSON)
coap = b"\x42\x02\x12\x34ab\xb1v\xff\xa2" + b"\x64imei" + bytes([0x60 + 15]) + IMEI.encode() + b"\x62os\x61a"
case("string-of-cbor-behind-a-head", [plain("imei", IMEI)], body=coap, content_type="application/octet-stream", gaps=["undecodable"])

# --- devices near by, and things that have addresses of their own ---
AP1, AP2 = "d4:6e:0e:14:9b:01", "d4:6e:0e:2b:77:02"
AP1_BYTES, AP2_BYTES = AP1.replace(":", ""), AP2.replace(":", "")


def near(name, hits, value, profile=None, **more):
    case(name, hits, body=json.dumps(value), content_type=JSON, profile=profile, **more)


def listed(written=AP1, data_type="wifi_list", certainty="probable", key="mac"):
    return [hit(data_type, written, certainty=certainty, key=key)]


near("access-points-in-a-list", listed(), {"wifis": [{"mac": AP1, "ssid": "tea-house", "rssi": -50}, {"mac": AP2, "ssid": "book-shop", "rssi": -61}]})
near("access-points-one-in-the-list", listed(key="bssid"), {"wifiList": [{"bssid": AP1, "level": -50}]})
near("access-points-of-a-geolocation-service", listed(key="macAddress"),
     {"wifiAccessPoints": [{"macAddress": AP1, "signalStrength": -43}, {"macAddress": AP2, "signalStrength": -55}]})
near("access-points-under-a-name-of-many-meanings", listed(key="BSSID"), {"scan_results": [{"BSSID": AP1, "level": -50}, {"BSSID": AP2, "level": -70}]})
near("access-points-deeper", listed(), {"wifi": [{"ap": {"mac": AP1}, "rssi": -50}, {"ap": {"mac": AP2}, "rssi": -51}]})
near("access-points-in-text", listed(key="wifis"), {"wifis": f"{AP1},-50,tea|{AP2},-60,books"})
near("access-points-as-texts", listed(key="wifi_list"), {"wifi_list": [AP1, AP2]})
near("access-points-beside-the-own-address", [plain("mac", MAC, key="mac")] + listed(key="bssid"),
     {"mac": MAC, "wifi_list": [{"bssid": AP1}, {"bssid": AP2}]}, profile={"mac": [MAC]})
near("access-points-with-that-of-the-profile", listed(AP1.upper(), certainty="confirmed", key="bssid"),
     {"nearby_wifi": [{"bssid": AP1.upper()}, {"bssid": AP2.upper()}]}, profile={"bssid": [AP2]})
near("access-points-by-name", [hit("wifi_list", "tea-house", certainty="possible", key="ssid")], {"wifi_list": [{"ssid": "tea-house"}, {"ssid": "book-shop"}]})
near("access-points-beside-an-address-that-stays", [hit("mac", AP1, certainty="probable", key="mac")] * 2 + listed("d4:6e:0e:00:00:11", key="bssid"),
     {"wifi": [{"mac": AP1, "bssid": "d4:6e:0e:00:00:11"}, {"mac": AP1, "bssid": "d4:6e:0e:00:00:12"}]})
near("the-access-point-in-use", [hit("mac", AP1, certainty="probable", key="mac"), hit("bssid", AP2, certainty="probable", key="bssid")],
     {"wifi": [{"mac": AP1, "bssid": AP2}]})
near("access-points-as-digests", [hit("bssid", h("md5", AP1), digest="md5", key="bssid")], {"wifi_list": [{"bssid": h("md5", AP1)}]}, profile={"bssid": [AP1]})
case("access-points-in-a-form", listed(key="wifis[0][mac]"), body=urllib.parse.urlencode({"wifis[0][mac]": AP1, "wifis[1][mac]": AP2}), content_type=FORM, profile=None)
case("access-points-in-xml", listed(), body=f'<r><wifis><wifi mac="{AP1}"/><wifi mac="{AP2}"/></wifis></r>', content_type="text/xml", profile=None)
near("beacons-in-a-list", listed(data_type="bluetooth", key="macAddress"), {"bluetoothBeacons": [{"macAddress": AP1}, {"macAddress": AP2}]})
near("address-of-the-gateway", [hit("bssid", AP1, certainty="probable", key="mac")], {"gateway": {"mac": AP1}})
near("address-of-the-bluetooth-adapter", [hit("bluetooth", AP1, certainty="probable", key="mac")], {"bluetooth": {"mac": AP1}})
near("addresses-of-several-things", [hit("mac", AP1, certainty="possible", key="mac"), hit("mac", AP2, certainty="possible", key="mac")],
     {"things": [{"name": "lamp", "mac": AP1}, {"name": "plug", "mac": AP2}]})
near("addresses-of-the-interfaces", [hit("mac", AP1, certainty="probable", key="mac"), hit("mac", AP2, certainty="probable", key="mac")],
     {"interfaces": [{"name": "wlan0", "mac": AP1}, {"name": "eth0", "mac": AP2}]})
near("one-address-in-several-events", [hit("mac", AP1, certainty="probable", key="mac")] * 2, {"events": [{"mac": AP1}, {"mac": AP1}]})
near("cell-towers-of-a-geolocation-service", [hit("cell_id", "170402199", certainty="probable", key="cellId")],
     {"cellTowers": [{"cellId": 170402199, "locationAreaCode": 35632, "mobileCountryCode": 460, "mobileNetworkCode": 0}]})
near("a-language-is-no-area", [], {"lac": "zh-CN", "cellid": "B12"})
near("phone-of-a-shop", [hit("phone", PHONE, certainty="possible", key="mobile")], {"shop": {"name": "Tea", "mobile": PHONE}})
near("phone-of-one-of-the-shops", [hit("phone", PHONE, certainty="possible", key="tel")], {"shopList": [{"contact": {"tel": PHONE}}]})
near("phone-of-whom-it-goes-to", [hit("phone", PHONE, certainty="probable", key="mobile")], {"destination": {"mobile": PHONE}})
near("phone-of-the-user", [hit("phone", PHONE, certainty="probable", key="mobile")], {"user": {"mobile": PHONE}})
near("mailbox-of-a-role", [hit("email", "support@mail.example.com", certainty="possible", key="email")], {"email": "support@mail.example.com"})
near("place-in-a-list-of-shops", [hit("location", f"{LAT},{LON}", certainty="possible", key="lat")], {"hotel_list": [{"id": 1, "lat": LAT, "lng": LON}]})
near("place-at-the-center-of-a-map", [hit("location", f"{LAT},{LON}", certainty="possible", key="lat")], {"center": {"lat": LAT, "lng": LON}, "zoom": 12})
near("addresses-that-a-name-stands-for", [hit("ip", "203.0.113.5", certainty="possible", key="ipv4")], {"dns": {"host": "cdn.example.com", "ipv4": ["203.0.113.5"]}})
near("withheld-android-id-of-ones", [], {"android_id": "ffffffffffffffff"}, withheld=[["android_id", "android_id"]])
near("withheld-number-of-examples", [], {"mobile": "13800138000"}, withheld=[["phone", "mobile"]])
near("place-as-a-receiver-writes-it", [plain("location", "3113.82496,12128.42206")], {"line": "$GPGGA,080000,3113.82496,N,12128.42206,E,1,08,0.9,5.4,M,46.9,M,,*47"}, profile=PROFILE)
near("place-as-a-receiver-writes-it-without-profile", [hit("location", "3113.82496,12128.42206", certainty="probable")],
     {"line": "$GNRMC,080000,A,3113.82496,N,12128.42206,E,0.0,0.0,010326,,,A*47"})
near("place-as-a-cell", [plain("location", "wtw3sjq6q", key="geohash")], {"geohash": "wtw3sjq6q"}, profile=PROFILE)
near("place-as-a-large-cell", [plain("location_coarse", "wtw3sj", key="geohash")], {"geohash": "wtw3sj"}, profile=PROFILE)
near("place-as-a-cell-elsewhere", [hit("location", "ezs42e44yx9", certainty="possible", key="geohash")], {"geohash": "ezs42e44yx9"}, profile=PROFILE)
pluses = next(packed for packed in (gzip.compress(json.dumps({"imei": IMEI, "z": z}).encode(), mtime=0) for z in range(999)) if "+" in b64(packed))
case("base64-whose-pluses-were-left-bare", [plain("imei", IMEI, key="imei")], body="v=1&data=" + b64(pluses), content_type=FORM)
case("base64-whose-pluses-were-left-bare-in-a-query", [plain("imei", IMEI, key="imei")], target="/?v=1&data=" + b64(pluses))

# 31.230416 N, 121.473701 E in degrees, minutes and seconds (rounded by hand to a tenth of a second).
DMS = """31°13'49.5"N 121°28'25.3"E"""
near("place-in-seconds", [plain("location", DMS)], {"text": DMS}, profile=PROFILE)
near("place-in-seconds-as-exiftool-writes-it", [plain("location", """31 deg 13' 49.50" N, 121 deg 28' 25.32" E""")],
     {"GPSPosition": """31 deg 13' 49.50" N, 121 deg 28' 25.32" E"""}, profile=PROFILE)
near("place-in-minutes-half-first", [plain("location", "N31° 13.825', E121° 28.422'")], {"wo": "N31° 13.825', E121° 28.422'"}, profile=PROFILE)
near("place-in-seconds-in-chinese", [plain("location", "东经121°28′25.3″，北纬31°13′49.5″")], {"msg": "我在东经121°28′25.3″，北纬31°13′49.5″。"}, profile=PROFILE)
near("place-in-seconds-elsewhere", [hit("location", """39°54'15.1"N 116°24'26.6"E""", certainty="possible")], {"text": """39°54'15.1"N 116°24'26.6"E"""}, profile=PROFILE)
near("angles-that-are-no-place", [], {"text": """31°13'49.5" and 121°28'25.3" of arc; 12' x 13' room at 21°C"""}, profile=PROFILE)
near("place-and-accuracy", [plain("location", "121.473701,31.230416", key="lbs")], {"lbs": "121.473701x31.230416x20"}, profile=PROFILE)
near("place-and-accuracy-without-profile", [hit("location", "31.230416,121.473701", certainty="probable", key="location")], {"location": "31.230416,121.473701,20"})
near("sizes-that-are-no-place", [], {"size": "31.23x12.47x20", "screen": "0.5x31.230416"}, profile=PROFILE)
near("digest-of-what-is-beside-it", [hit("android_id", ANDROID_ID, certainty="probable", key="device_id"), hit("android_id", hashlib.md5(ANDROID_ID.encode()).hexdigest(), digest="md5", certainty="probable", key="idmd5", variant="unknown")],
     {"device_id": ANDROID_ID, "idmd5": hashlib.md5(ANDROID_ID.encode()).hexdigest()}, product="umeng")
near("digest-of-what-names-nothing", [hit("imei", hashlib.md5(b"build-4711").hexdigest(), digest="md5", certainty="possible", key="idmd5", variant="unknown")],
     {"build": "build-4711", "idmd5": hashlib.md5(b"build-4711").hexdigest()}, product="umeng")
closed = b64(hashlib.sha512(b"2").digest() * 3)
case("closed-in-an-envelope", [], body=json.dumps({"v": 2, "data": closed}), content_type=JSON, gaps=["undecodable"])
case("closed-in-a-query", [], target="/track?v=2&data=" + urllib.parse.quote(closed, safe=""), gaps=["undecodable"])
case("long-and-empty", [], body=json.dumps({"v": 2, "data": "A" * 400}), content_type=JSON)
case("signed-and-readable", [], body=json.dumps({"text": "words that anyone can read, and more of them than there is of the signature. " * 5, "sign": closed}), content_type=JSON)
case("closed-in-an-envelope-of-a-known-product", [], body=json.dumps({"message": closed}), content_type=JSON, host="open.e.kuaishou.com",
     target="/rest/e/v3/open/univ", product="kuaishou_ads", sealed=[["kuaishou-ads", ["body"]]])
case("experimental-and-of-the-profile", [plain("imei", IMEI, key="imei")], body=gzip.compress(json.dumps({"platform": "a", "content": [{"imei": IMEI}]}).encode(), mtime=0),
     content_type="application/octet-stream", host="stats.jpush.cn", target="/v3/report", product="jiguang")
case("gdt-ext-of-an-iphone", [hit("idfa", hashlib.md5(OAID.upper().encode()).hexdigest(), digest="md5", certainty="probable", key="muid", variant="unknown")],
     target="/gdt_mview.fcg?posid=1&ext=" + urllib.parse.quote(json.dumps({"req": {"muid": hashlib.md5(OAID.upper().encode()).hexdigest(), "muidtype": 2}})),
     host="mi.gdt.qq.com", product="gdt", profile={})

# --- limits ---
case("gzip-bomb", [], body=gzip.compress(bytes(8 << 20)), gaps=["limit", "undecodable"], headers=[["Content-Encoding", "gzip"]])
nested = inner
for _ in range(12):
    nested = json.dumps({"v": nested})
case("nested-too-deep", [plain("imei", IMEI)], body=nested, content_type=JSON, gaps=["limit"])

assert len({c["name"] for c in CASES}) == len(CASES)
with open(os.path.join(HERE, "cases.json"), "w") as out:
    out.write('{"profile": %s,\n"cases": [\n' % json.dumps(PROFILE))
    out.write(",\n".join(json.dumps(c, ensure_ascii=False) for c in CASES))
    out.write("\n]}\n")
print(len(CASES), "cases")

#!/usr/bin/env python3
"""Makes look-alikes.har: what looks like an identifier of the test device and is none.

    python3 tests/identify/lookalikes/make.py

Each entry is one request (or, of echoes, one response) of one kind, which its `comment`
names. The values come from a generator of pseudo-random numbers with a fixed seed, and from
the values of matrix/device.toml with something changed that makes them another's. A kind
whose comment ends with `, profile only` is told apart by the profile and by nothing else:
an IMEI under the key `imei` is an IMEI, whoever's.
"""

import base64
import hashlib
import json
import os
import random
import tomllib
import urllib.parse
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
IDS = tomllib.load(open(os.path.join(HERE, "../matrix/device.toml"), "rb"))["ids"]
V = {name: values[0] for name, values in IDS.items()}
R = random.Random(20260301)
COUNT = 16
KINDS = {}


def kind(name):
    def add(function):
        KINDS[name] = function
        return function
    return add


def digits(n, first="123456789"):
    return R.choice(first) + "".join(R.choice("0123456789") for _ in range(n - 1))


def hexa(n):
    return "".join(R.choice("0123456789abcdef") for _ in range(n))


def luhn(body):
    total = sum(int(c) if i % 2 else sum(divmod(int(c) * 2, 10)) for i, c in enumerate(reversed(body)))
    return body + str(-total % 10)


def b64(n):
    return base64.b64encode(R.randbytes(n)).decode()


def date():
    return f"2026{R.randint(1, 12):02d}{R.randint(1, 28):02d}{R.randint(0, 23):02d}{R.randint(0, 59):02d}{R.randint(0, 59):02d}"


def changed(text):
    """One letter or digit is another one."""
    places = [i for i, c in enumerate(text) if c in "0123456789abcdefABCDEF"]
    at = R.choice(places)
    pool = "0123456789" if text[at].isdigit() else "abcdef" if text[at].islower() else "ABCDEF"
    return text[:at] + R.choice([c for c in pool if c != text[at]]) + text[at + 1:]


# --- numbers of business ---
kind("order number with a date")(lambda i: {"order_id": date() + digits(R.choice((4, 6, 8)))})
kind("trade number of a payment")(lambda i: {"out_trade_no": digits(28)})
kind("milliseconds")(lambda i: {R.choice(("ts", "time", "t", "timestamp")): 1772352000000 + R.randrange(10 ** 9)})
kind("microseconds and nanoseconds")(lambda i: {"event_time": str(1772352001250000 * R.choice((1, 1000)) + R.randrange(10 ** 6))})
kind("snowflake number")(lambda i: {R.choice(("id", "msg_id", "item_id")): str(R.randrange(10 ** 18, 9 * 10 ** 18))})
kind("account number of eleven digits")(lambda i: {"uid": "1" + digits(10, "3456789")})
kind("size and offset")(lambda i: {"size": int("1" + digits(10, "3456789")), "offset": R.randrange(10 ** 14, 10 ** 15)})
kind("parcel number")(lambda i: {"waybill": R.choice(("SF", "YT", "JD")) + digits(13)})
kind("article number with a Luhn digit")(lambda i: {"sku": luhn(digits(14))})
kind("EAN-13 and ISBN")(lambda i: {"barcode": R.choice(("690", "978")) + digits(10)})
kind("serial number of goods, nineteen digits")(lambda i: {"goods_sn": digits(19, "12345679")})
kind("price list")(lambda i: {"prices": ",".join(f"{R.uniform(1, 200):.2f}" for _ in range(4))})
kind("share and progress")(lambda i: {"ratio": f"{R.random():.15f}", "progress": [round(R.random(), 6), round(R.random(), 6)]})
kind("width and height")(lambda i: {"w": R.randint(100, 1400), "h": R.randint(100, 2400), "box": f"{R.uniform(1, 90):.3f},{R.uniform(1, 170):.3f},{R.uniform(1, 90):.3f}"})
kind("hotline")(lambda i: {"hotline": R.choice(("400-", "800-")) + digits(3) + "-" + digits(4), "short": "95" + digits(3)})
# --- hashes and tokens ---
kind("build hash")(lambda i: {"build": hashlib.sha1(b"build %d" % i).hexdigest(), "commit": hexa(12)})
kind("digest of a file")(lambda i: {R.choice(("md5", "etag", "file_md5", "sign")): hashlib.md5(b"file %d" % i).hexdigest()})
kind("digest of a picture, SHA-256")(lambda i: {"sha256": hashlib.sha256(b"picture %d" % i).hexdigest()})
kind("signature in base64")(lambda i: {"sign": base64.b64encode(hashlib.sha256(b"sign %d" % i).digest()).decode(), "n": i})
kind("random UUID")(lambda i: {R.choice(("request_id", "trace", "session", "nonce", "uuid")): str(uuid.UUID(bytes=R.randbytes(16), version=4))})
kind("random UUID in capitals")(lambda i: {R.choice(("event_id", "batch")): str(uuid.UUID(bytes=R.randbytes(16), version=4)).upper()})
kind("span and trace")(lambda i: {"traceparent": f"00-{hexa(32)}-{hexa(16)}-01", "span": hexa(16)})
kind("object id of MongoDB")(lambda i: {"_id": "65" + hexa(22), "parent": "65" + hexa(22)})
kind("CSRF token")(lambda i: {"_csrf": b64(24), "v": "2"})
kind("token of three parts")(lambda i: {"token": f"{hexa(8)}.{b64(30).rstrip('=')}.{b64(32).rstrip('=')}"})
kind("picture in base64")(lambda i: {"img": "data:image/png;base64,iVBORw0KGgo" + b64(150)})
kind("ciphertext")(lambda i: {"data": b64(96), "iv": hexa(32)})
kind("check sum of eight hex digits")(lambda i: {"crc": hexa(8), "v": hexa(8)})
kind("colour and icon")(lambda i: {"color": "#" + hexa(8), "bg": hexa(6)})
kind("fingerprint of a certificate")(lambda i: {"cert": hexa(40).upper() if i % 2 else ":".join(hexa(2) for _ in range(20)).upper()})
kind("IPv6 and longer chains of octets")(lambda i: {"addr": ":".join(hexa(4) for _ in range(8)), "eui": ":".join(hexa(2) for _ in range(8))})
# --- names that mean something else elsewhere ---
kind("aid of an app, cid of a campaign")(lambda i: {"aid": str(R.randint(1000, 9999)), "cid": R.choice((hexa(6), digits(6)))})
kind("ssid, iid and tid of a session")(lambda i: {"tid": str(R.randint(1, 400)), "iid": digits(16), "sid": hexa(8)})
kind("mc as country or merchant")(lambda i: {"mc": R.choice(("CN", "SG", "US", digits(4), "m" + digits(5)))})
kind("sn as a counter")(lambda i: {"sn": R.randint(1, 900), "seq": i})
kind("version with dots")(lambda i: {"version": ".".join(str(R.randint(0, 19999)) for _ in range(4)), "sdk": "2.1.7"})
kind("package and class names")(lambda i: {"cls": f"com.example.app{i}.ui.MainActivity", "pkg": f"com.example.app{i}"})
kind("what has an @ and is no mail")(lambda i: {"icon": f"logo{i}@2x.png", "dep": f"react@18.{i}.0", "at": f"@user{i}"})
kind("install id under a name for devices")(lambda i: {R.choice(("device_id", "did", "devid", "deviceId")): [hexa(32), hexa(40), str(uuid.UUID(bytes=R.randbytes(16), version=4)), digits(19), hexa(64)][i % 5]})
kind("a name that hints, and something else")(lambda i: [{"mobile": "true", "n": i}, {"tel": "10086"}, {"phone": f"iPhone 1{i % 6}"}, {"mac": "Mac OS X 14"}, {"email": "weekly"},
                                                         {"location": f"https://m.example.com/p/{i}"}, {"imei": "denied"}, {"serial": f"S0{i}E12"}, {"lat": "low", "lng": "en"},
                                                         {"idcard": "front"}, {"oaid": f"limited-{i}"}, {"address": "0x" + hexa(40)}, {"bankcard": "ICBC"}, {"android_id": "none yet"},
                                                         {"city": "all"}, {"account": "guest"}][i % 16])
# --- the device's values with something around or changed ---
NAMES = ("v", "data_v", "ref", "memo")
SOURCES = ("imei", "oaid", "android_id", "idfa", "mac", "phone", "iccid", "imsi")
value = lambda i: V[SOURCES[i % len(SOURCES)]]
kind("in a longer number or word")(lambda i: {R.choice(NAMES): R.choice((f"{digits(3)}{value(i)}", f"{value(i)}{digits(3)}", f"x{value(i)}y", f"{value(i)}0a"))
                                              if not (value(i).isdigit() and len(value(i)) == 15) else f"{digits(2)}{value(i)}{digits(3)}"})
kind("one digit is another")(lambda i: {R.choice(NAMES): changed(value(i))})
kind("cut short")(lambda i: {R.choice(NAMES): value(i)[: len(value(i)) // 2 + 1]})
kind("digest with an unknown salt")(lambda i: {R.choice(NAMES): hashlib.new(("md5", "sha1", "sha256")[i % 3], f"{value(i)}{hexa(6)}".encode()).hexdigest()})
kind("digest cut or prolonged")(lambda i: {R.choice(NAMES): (lambda d: d[:24] if i % 2 else d + hexa(8))(hashlib.md5(value(i).encode()).hexdigest())})
kind("digest in base64 of another case")(lambda i: {R.choice(NAMES): base64.b64encode(hashlib.sha256(value(i).encode()).digest()).decode().swapcase()})
kind("in base64 inside a longer number")(lambda i: {R.choice(NAMES): base64.b64encode(f"{digits(1 + i % 3)}{value(i)}{digits(2)}".encode()).decode()})
kind("fraction of a number")(lambda i: {R.choice(NAMES): f"0.{V['imei']}" if i % 2 else f"{V['phone']}.5"})
kind("echo in a response")(lambda i: {R.choice(("imei", "oaid", "phone", "echo")): value(i)})
# --- other devices' ---
kind("another device's, under a name that says nothing")(lambda i: {R.choice(NAMES): [luhn("86" + digits(12)), str(uuid.UUID(bytes=R.randbytes(16), version=4)), hexa(16), "1" + digits(10, "3456789")][i % 4]})
kind("another device's, profile only")(lambda i: [{"imei": luhn("35" + digits(12))}, {"oaid": str(uuid.UUID(bytes=R.randbytes(16), version=4))}, {"android_id": hexa(16)},
                                                 {"mobile": "1" + digits(10, "3456789")}, {"idfa": str(uuid.UUID(bytes=R.randbytes(16), version=4)).upper()},
                                                 {"imei_md5": hashlib.md5(luhn("35" + digits(12)).encode()).hexdigest()}, {"mac": ":".join(["A4"] + [hexa(2).upper() for _ in range(5)])},
                                                 {"imsi": "46001" + digits(10)}][i % 8])
kind("another place, profile only")(lambda i: {"lat": round(R.uniform(22, 29), 6), "lng": round(R.uniform(103, 117), 6)})
# --- slots with nothing in them ---
kind("placeholders")(lambda i: [{"imei": "000000000000000"}, {"idfa": "00000000-0000-0000-0000-000000000000"}, {"mac": "02:00:00:00:00:00"}, {"oaid": "__OAID__"},
                                {"android_id": "9774d56d682e549c"}, {"imei": ""}, {"imei_md5": hashlib.md5(b"000000000000000").hexdigest()}, {"gaid": "null"}][i % 8])
# --- next to the device's values ---
kind("a longer mail address")(lambda i: {R.choice(NAMES): [f"x{i}.{V['email']}", f"x-{i}-{V['email']}", f"{V['email']}.cn", f"{V['email']}-mail.com"][i % 4]})
kind("a longer word of Chinese")(lambda i: {R.choice(NAMES): [f"{V['contacts']}使用手册{i}", f"新{V['ssid']}", f"{V['contacts']}珠宝店", f"小{V['contacts']}"][i % 4]})
LAT, LON = (float(x) for x in V["location"].split(","))
FAR = lambda: R.choice((-1, 1)) * R.uniform(0.002, 0.008)
kind("a shop some hundred metres away, profile only")(lambda i: {"shop": {"lat": round(LAT + FAR(), 6), "lng": round(LON + FAR() / 4, 6)}})
kind("two numbers near the place")(lambda i: [{"a": round(LAT + FAR(), 6), "b": round(LON + FAR(), 6)}, {"a": round(LAT + 0.0006, 3), "b": round(LON, 3)}][i % 2])
# --- names that mean something else elsewhere, with values that could be it ---
kind("message authentication code")(lambda i: {R.choice(("mac", "X-MAC")): hexa((32, 40, 64)[i % 3])})
kind("date under a name for addresses")(lambda i: {"mac": date()[:12]})
kind("sixteen decimal digits of a device number")(lambda i: {R.choice(("device_id", "deviceId")): digits(16)})
kind("number of a terminal with a Luhn digit")(lambda i: {R.choice(("did", "terminal_id", "device_no")): luhn(R.choice(("86", "35", "01")) + digits(12))})
LIBRARIES = ("org.apache.http", "com.google.gson", "io.reactivex.rxjava", "org.slf4j.api", "com.squareup.okio", "org.junit.jupiter", "com.fasterxml.jackson")
kind("packages of a build")(lambda i: {"packages": R.sample(LIBRARIES, 6)})

FORMS = ("json", "form", "query")


def entry(number, name, fields):
    """One entry of HAR 1.2, as short as the format allows."""
    url, post = f"https://l{number}.lookalike.example/v1/e", None
    how = "json" if any(not isinstance(v, (str, int)) for v in fields.values()) else FORMS[number % 3]
    text = {"json": lambda: json.dumps(fields), "form": lambda: urllib.parse.urlencode({"a": 1, **fields}), "query": lambda: None}[how]()
    content = {"size": 0, "mimeType": ""}
    if name.startswith("echo"):
        content = {"size": len(json.dumps(fields)), "mimeType": "application/json", "text": json.dumps(fields)}
    elif how == "query":
        url += "?" + urllib.parse.urlencode(fields)
    else:
        post = {"mimeType": "application/json" if how == "json" else "application/x-www-form-urlencoded", "text": text}
    request = {"method": "POST" if post else "GET", "url": url, "httpVersion": "HTTP/1.1", "headers": [], "queryString": [], "cookies": [], "headersSize": -1,
               "bodySize": len(text.encode()) if post else 0}
    if post:
        request["postData"] = post
    return {"comment": name, "startedDateTime": f"2026-03-01T09:{number // 60 % 60:02d}:{number % 60:02d}.000Z", "time": 1, "request": request,
            "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [], "content": content, "redirectURL": "",
                         "headersSize": -1, "bodySize": content["size"]},
            "cache": {}, "timings": {"send": 1, "wait": 0, "receive": 0}, "serverIPAddress": "198.51.100.9"}


entries = []
for name, make in KINDS.items():
    for i in range(COUNT):
        entries.append(entry(len(entries) + 1, name, make(i)))
with open(os.path.join(HERE, "lookalikes.har"), "w") as out:
    out.write('{"log":{"version":"1.2","creator":{"name":"lookalikes/make.py","version":"1"},"entries":[\n')
    out.write(",\n".join(json.dumps(e, separators=(",", ":")) for e in entries))
    out.write("\n]}}\n")
print(len(entries), "look-alikes of", len(KINDS), "kinds")

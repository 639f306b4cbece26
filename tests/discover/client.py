"""Servers and clients behind tests/discover/record.sh.

    client.py serve KEY CERT     answers TLS requests on 198.51.100.7:443
    client.py https|mqtt RUN     one run of the app, by curl or by mosquitto_pub
    client.py har RUN            one run as a HAR file, on standard output
    client.py expected CASE      what `discover` must find, on standard output

Every value is made from the run and its own name, so a recording can be made again:

    hw     of the hardware: the same in a, b, d, e; another one on the device of c
    sys    of the system: outlives the reinstallation (d), not the reset (e)
    inst   of the installation: another one in d and e
    run    of one run: another one in each
    app    of the app: the same everywhere

The first four are 'planted' where they name the device; the rest are decoys, and so are
model, versions, languages, sizes, times and digests of them. The device of c is of another
model with another system version.
"""
import base64
import hashlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import urllib.parse
import uuid

HOST, ADDRESS = "collect.tracker.example", "198.51.100.7"


def made(kind, name, run):
    """Thirty-two bytes that depend on what the kind of value depends on."""
    device = "second" if run == "c" else "first"
    state = {
        "hw": device,
        "sys": device + ("/reset" if run == "e" else ""),
        "inst": device + {"d": "/again", "e": "/reset"}.get(run, ""),
        "run": run,
        "app": "",
    }[kind]
    return hashlib.sha256(f"{kind}/{name}/{state}".encode()).digest()


def hexed(kind, name, run, digits=32):
    return made(kind, name, run).hex()[:digits]


def uuided(kind, name, run):
    return str(uuid.UUID(bytes=made(kind, name, run)[:16], version=4))


def b64(kind, name, run, length=22):
    return base64.b64encode(made(kind, name, run)).decode()[:length].replace("+", "a").replace("/", "b")


def decoys(run):
    """What looks stable and names nobody."""
    first = run != "c"
    fingerprint = (
        "google/panther/panther:14/AP2A.240805.005/12025142:user/release-keys" if first
        else "samsung/o1szcx/o1s:13/TP1A.220624.014/G9910ZCU5EWA1:user/release-keys"
    )
    model = "Pixel 7" if first else "SM-G9910"
    return {
        "model": model,
        "brand": "google" if first else "samsung",
        "marketName": "Pixel7ProGlobalEdition2" if first else "GalaxyS21PlusChina5G2021",
        "modelMd5": hashlib.md5(model.encode()).hexdigest(),
        "osVersion": "14" if first else "13",
        "buildId": "AP2A.240805.005" if first else "TP1A.220624.014",
        "incremental": "12025142" if first else "G9910ZCU5EWA1",
        "fingerprint": fingerprint,
        "fingerprintSha1": hashlib.sha1(fingerprint.encode()).hexdigest(),
        "kernel": "5.10.157-android13-4-00003-gee7b25a2f8ee" if first else "5.4.147-qgki-25507604-abG9910ZCU5EWA1",
        "appVersion": "8.13.2",
        "versionCode": "81302004",
        "sdkVersion": "5.6.0.1",
        "appKey": hexed("app", "key", run),
        "signature": hexed("app", "signature", run, 40),
        "locale": "zh-Hans-CN" if first else "en-US",
        "timezone": "Asia/Shanghai" if first else "Asia/Singapore",
        "screen": "1080x2400" if first else "1080x2340",
        "density": "2.625" if first else "3.0",
        "totalMemory": "7927005184" if first else "11844812800",
        "diskTotal": "118112366592" if first else "239315984384",
        "carrier": "46000" if first else "52501",
        "ip": "192.168.31.105" if first else "192.168.31.117",
        "installTime": {"c": "1767312345678", "d": "1769904345123", "e": "1770000345123"}.get(run, "1767225600123"),
        "bootTime": "1767225100" if first else "1767301122",
        "sessionId": uuided("run", "session", run),
        "launchTime": str(1768000000000 + 86400000 * "abcde".index(run)),
        "withheld": "00000000-0000-0000-0000-000000000000",
        "accountId": "4400218837451",
    }


# What outlives what: what it names, after the reinstallation, after the reset.
FATES = {
    "hw": ("device", "survives", "survives"),
    "sys": ("device", "survives", "renewed"),
    "inst": ("installation", "renewed", "renewed"),
}


def planted(case):
    """The identifiers in run a: kind, value, a word of the way to each place, digest."""
    ssaid = uuided("sys", "ssaid", "a")
    return {
        "https": [
            ("hw", hexed("hw", "zid", "a"), ["zid"]),
            ("sys", ssaid, ["ids[].v", "path 2"]),
            ("inst", b64("inst", "visitor", "a"), ["visitor"]),
            ("sys", hashlib.md5(ssaid.encode()).hexdigest(), ["sysHash"], "md5"),
        ],
        "mqtt": [
            ("hw", "R5" + hexed("hw", "serial", "a", 30), ["user-name"]),
            ("inst", hexed("inst", "client", "a", 24), ["client-id"]),
            ("sys", b64("sys", "tok", "a", 28), ["tok"]),
        ],
        "har": [
            ("hw", hexed("hw", "label", "a", 20), ["host"]),
            ("sys", b64("sys", "gid", "a", 24), ["gid"]),
            ("inst", uuided("inst", "iid", "a"), ["user-agent"]),
        ],
    }[case]


def serve(key, cert):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    listening = socket.create_server((ADDRESS, 443))
    print("ready", flush=True)

    def answer(connection):
        with context.wrap_socket(connection, server_side=True) as stream:
            while True:
                head = b""
                while b"\r\n\r\n" not in head:
                    got = stream.recv(65536)
                    if not got:
                        return
                    head += got
                head, _, body = head.partition(b"\r\n\r\n")
                length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                want = int(length[0].split(b":")[1]) if length else 0
                while len(body) < want:
                    body += stream.recv(65536)
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    while True:
        connection, _ = listening.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def user_agent(run, more=""):
    other = "(Linux; Android 13; SM-G9910 Build/TP1A.220624.014)"
    return f"Tea/8.13.2 {other if run == 'c' else '(Linux; Android 14; Pixel 7 Build/AP2A.240805.005)'}{more}"


def https(run):
    for number in range(3):
        body = {
            "device": {
                **decoys(run),
                "zid": hexed("hw", "zid", run),
                "ids": [{"k": "s", "v": uuided("sys", "ssaid", run)}, {"k": "n", "v": str(number)}],
                "sysHash": hashlib.md5(uuided("sys", "ssaid", run).encode()).hexdigest(),
            },
            "events": [
                {"id": uuided("run", f"event{number}.{n}", run), "t": 1768000001000 + 86400000 * "abcde".index(run) + n}
                for n in range(2)
            ],
            "nonce": b64("run", f"nonce{number}", run),
        }
        path = f"/v1/d/{uuided('sys', 'ssaid', run)}/events?seq={number}"
        subprocess.run(
            ["curl", "-s", "-k", "-o", "/dev/null", "--http1.1", "--resolve", f"{HOST}:443:{ADDRESS}"]
            + ["-A", user_agent(run), "-H", "Content-Type: application/json"]
            + ["-b", f"visitor={b64('inst', 'visitor', run)}; theme=dark", "--data-binary", json.dumps(body)]
            + [f"https://{HOST}{path}"],
            check=True,
        )


def mqtt(run):
    serial = "R5" + hexed("hw", "serial", run, 30)
    values = decoys(run)
    fields = {name: values[name] for name in ("model", "osVersion", "appKey", "sessionId", "diskTotal", "kernel", "modelMd5")}
    for number in range(2):
        payload = "|".join(f"{k}={v}" for k, v in {**fields, "tok": b64("sys", "tok", run, 28), "n": number}.items())
        subprocess.run(
            ["mosquitto_pub", "-h", ADDRESS, "-i", f"tea_{hexed('inst', 'client', run, 24)}", "-u", serial]
            + ["-t", "up/telemetry", "-m", payload],
            check=True,
        )


def har(run):
    entries = []
    for number in range(3):
        inner = {"q": {"gid": b64("sys", "gid", run, 24), "v": decoys(run)}, "n": number}
        form = {"p": base64.b64encode(json.dumps(inner).encode()).decode(), "rid": hexed("run", f"rid{number}", run)}
        body = urllib.parse.urlencode(form)
        host = f"{hexed('hw', 'label', run, 20)}.t3.tracker.example"
        agent = f"Tea/8.13.2 iid/{uuided('inst', 'iid', run)}"
        entries.append({
            "startedDateTime": f"2026-03-0{1 + 'abcde'.index(run)}T08:00:0{number}.000Z",
            "time": 12,
            "request": {
                "method": "POST", "url": f"https://{host}/collect", "httpVersion": "HTTP/2",
                "headers": [
                    {"name": "content-type", "value": "application/x-www-form-urlencoded"},
                    {"name": "user-agent", "value": agent},
                    {"name": "if-none-match", "value": f'"{hexed("app", "etag", run)}"'},
                ],
                "queryString": [], "cookies": [], "headersSize": -1, "bodySize": len(body),
                "postData": {"mimeType": "application/x-www-form-urlencoded", "text": body},
            },
            "response": {
                "status": 204, "statusText": "", "httpVersion": "HTTP/2", "headers": [], "cookies": [],
                "content": {"size": 0, "mimeType": "x-unknown"}, "redirectURL": "", "headersSize": -1, "bodySize": 0,
            },
            "cache": {}, "timings": {"send": 1, "wait": 10, "receive": 1},
        })
    log = {"version": "1.2", "creator": {"name": "tests/discover/client.py", "version": "1"}, "entries": entries}
    json.dump({"log": log}, sys.stdout, indent=1)
    print()


def expected(case):
    found = []
    for kind, value, places, *digest in planted(case):
        names, reinstall, reset = FATES[kind]
        found.append({
            "value": value, "places": places, "names": names, "reinstall": reinstall, "reset": reset,
            "digest": (digest or [None])[0],
        })
    json.dump(found, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"serve": serve, "https": https, "mqtt": mqtt, "har": har, "expected": expected}[command](*arguments)

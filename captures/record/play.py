"""Plays a plan: play.py PLAN_DIR WORK_DIR, inside the phone's namespace.

Every step is either a mark or one connection with its requests, made by the
program the step names. What is sent is what the plan says, with `${…}` filled
from the device profile; see captures/README.md for the words of a plan.
"""

import base64
import datetime
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import tomllib
import urllib.parse
import zlib
from pathlib import Path

HERE = Path(__file__).parent


def fill(text, device):
    """Puts values of the device profile where the plan says ${type} or ${digest:type}."""
    ids = device["ids"]

    def value(match):
        how, _, what = match.group(1).rpartition(":")
        if what == "lat":
            plain = ids["location"][0].split(",")[0]
        elif what == "lon":
            plain = ids["location"][0].split(",")[1]
        elif what == "installed_apps":
            plain = json.dumps(ids["installed_apps"], separators=(",", ":"))
        else:
            plain = ids[what][0]
        if how:
            digest = hashlib.new(how.lower(), plain.encode()).hexdigest()
            return digest.upper() if how.isupper() else digest
        return plain

    return re.sub(r"\$\{([a-z_:A-Z0-9]+)\}", value, text)


def mobtech(body):
    """AES-128-ECB/PKCS7 with the key MobTech's SDK carries, then base64 (devs.data.mob.com/dinfo)."""
    key = b"sdk.commonap.sdk".hex()
    return base64.b64encode(
        subprocess.run(
            ["openssl", "enc", "-aes-128-ecb", "-K", key], input=body, stdout=subprocess.PIPE, check=True
        ).stdout
    )


def encode(body, steps):
    for step in steps:
        if step == "gzip":
            body = gzip.compress(body, mtime=0)
        elif step == "zlib":
            body = zlib.compress(body)
        elif step == "base64":
            body = base64.b64encode(body)
        elif step == "mobtech":
            body = mobtech(body)
        elif step.startswith("field="):
            body = (step[len("field="):] + "=" + urllib.parse.quote_from_bytes(body, safe="")).encode()
        elif step == "crlf":
            body = body.replace(b"\n", b"\r\n")
        else:
            sys.exit(f"unknown encoding {step}")
    return body


def noise(seed, length):
    """Bytes that look like a sealed payload, the same ones each time."""
    out = b""
    while len(out) < length:
        seed = hashlib.sha256(seed if isinstance(seed, bytes) else seed.encode()).digest()
        out += seed
    return out[:length]


def request(entry, step, plan, device):
    """One request as (method, path, headers, body), ready to be sent."""
    host = urllib.parse.urlsplit(step["to"]).hostname
    path = fill(entry["path"], device)
    if query := entry.get("query"):
        path += "?" + "&".join(
            f"{k}={urllib.parse.quote(fill(v, device), safe='')}" for k, v in query.items()
        )
    headers = [["Host", host], ["User-Agent", fill(plan["user_agent"], device)], ["Accept-Encoding", "gzip"]]
    for header in entry.get("headers", []):
        name, _, value = header.partition(": ")
        if value.startswith("noise "):
            value = base64.b64encode(noise(name + host, int(value.split()[1]))).decode()
        headers.append([name, fill(value, device)])
    body = b""
    if "noise" in entry:
        body = noise(host, entry["noise"])
    elif "body" in entry:
        body = encode(fill(entry["body"], device).encode(), entry.get("encode", []))
    content = body
    for name, coding in headers:
        if name == "Content-Encoding":  # what the server reads once the content coding is undone
            content = {"gzip": gzip.decompress, "deflate": zlib.decompress}[coding](body)
    return {
        "content_sha256": hashlib.sha256(content).hexdigest(),
        "method": entry.get("method", "POST" if body else "GET"),
        "path": path,
        "headers": headers,
        "body": base64.b64encode(body).decode(),
        "chunked": entry.get("chunked", False),
    }


def curl(job, work):
    """Runs curl once for the job's single request, and writes what was sent where the other clients do."""
    [r] = job["requests"]
    body = base64.b64decode(r["body"])
    command = ["curl", "-sS", "--http1.1", "--cacert", job["ca"], "-X", r["method"], "-o", "/dev/null"]
    command += ["--tls-max", job["tls"]] if job["tls"] else []
    command += ["--ciphers", job["ciphers"]] if job["ciphers"] else []
    command += ["--tls13-ciphers", job["ciphers13"]] if job["ciphers13"] else []
    for name, value in r["headers"]:
        command += ["-H", f"{name}: {value}"]
    if body:
        (work / "body").write_bytes(body)
        command += ["--data-binary", f"@{work}/body"]
    environment = dict(os.environ)
    if job["keylog"]:
        environment["SSLKEYLOGFILE"] = job["keylog"]
    now = time.time()
    subprocess.run([*command, job["to"] + r["path"]], env=environment, check=True)
    with open(job["sent"], "a") as sent:
        host = urllib.parse.urlsplit(job["to"]).hostname
        digest = hashlib.sha256(body).hexdigest()
        columns = [f"{now:.6f}", host, r["method"], r["path"], digest, r["content_sha256"], "curl", job["readable"]]
        sent.write("\t".join(columns) + "\n")


def play(plan, device, work):
    keylog, marks = work / "keylog.now", []
    (work / "requests.tsv").write_text(
        "time\thost\tmethod\tpath\tbody_sha256\tcontent_sha256\tclient\treadable\n"
    )
    (work / "keys.log").write_text("")
    start = time.time()
    for step in plan["step"]:
        late = time.time() - start - step["at"]
        if late > 0.25:
            print(f"play.py: {late:.2f} s late at {step['at']}", file=sys.stderr)
        time.sleep(max(0.0, -late))
        if "mark" in step:
            now = datetime.datetime.now(datetime.timezone.utc)
            mark = {"time": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "mark": step["mark"]}
            mark |= {"note": step["note"]} if "note" in step else {}
            with open(work / "phases.jsonl", "a") as phases:
                phases.write(json.dumps(mark, ensure_ascii=False) + "\n")
            continue
        secure, keys = step["to"].startswith("https:"), step.get("keys", True)
        job = {
            "to": step["to"],
            "tls": step.get("tls"),
            "ciphers": step.get("ciphers"),
            "ciphers13": step.get("ciphers13"),
            "ca": str(work / ("pinned.pem" if step.get("pinned") else "ca.pem")),
            "pinned": step.get("pinned", False),
            "keylog": str(keylog) if secure and keys else None,
            "readable": "yes" if keys or not secure else "no",
            "pipelined": step.get("pipelined", False),
            "resume": step.get("resume", False),
            "sent": str(work / "requests.tsv"),
            "requests": [request(entry, step, plan, device) for entry in step["request"]],
        }
        if step["client"] == "curl":
            curl(job, work)
        else:
            command = {
                "python": [sys.executable, str(HERE / "client.py")],
                "node": ["node", *([f"--tls-keylog={keylog}"] if job["keylog"] else []), str(HERE / "client.mjs")],
            }[step["client"]]
            subprocess.run(command, input=json.dumps(job).encode(), check=True)
        if keylog.exists():
            with open(work / "keys.log", "a") as keys_log:
                keys_log.writelines(l for l in open(keylog) if not l.startswith("#"))
            keylog.unlink()


if __name__ == "__main__":
    folder, work = Path(sys.argv[1]), Path(sys.argv[2])
    play(
        tomllib.loads((folder / "plan.toml").read_text()),
        tomllib.loads((folder / "device.toml").read_text()),
        work,
    )

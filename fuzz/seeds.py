#!/usr/bin/env python3
"""Makes the seeds that each fuzz target starts from: fuzz/seeds.py FOLDER WIREWITNESS

They come from the recordings and documents of tests/, which other programs made, and are
brought into the form that the target takes (fuzz/targets/mod.rs). Needs tshark, openssl, and
wirewitness itself for what only it writes: reports, corrected policies, bundles, its keys.
"""

import base64
import io
import json
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
LARGEST = 64 << 10
OWN_LARGEST = 1 << 20
LINKS = [0, 1, 9, 12, 50, 101, 105, 108, 113, 119, 127, 163, 192, 228, 276, 51, 104, 239, 258]


class Seeds:
    def __init__(self, folder):
        self.folder, self.made = Path(folder), {}

    def add(self, target, name, data):
        if not data or len(data) > (OWN_LARGEST if target in ("report_json", "bundle") else LARGEST):
            return
        folder = self.folder / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / re.sub(r"[^A-Za-z0-9._-]", "_", name)).write_bytes(data)
        self.made[target] = self.made.get(target, 0) + 1


def parts(steps):
    """Steps as fuzz/targets/mod.rs reads them."""
    return b"".join(bytes([kind]) + struct.pack(">H", len(data)) + data for kind, data in steps if len(data) < 65536)


COLUMNS = [f"{transport}.{what}" for transport in ("tcp", "udp") for what in ("stream", "srcport", "payload")]
COLUMNS += ["dns.id", "tls.handshake.certificate"]


def rows(capture):
    """A packet a row: the last of each column, which is the innermost of tunnels."""
    command = ["tshark", "-r", str(capture), "-T", "fields"]
    for name in COLUMNS:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        values = [value.split(",")[-1].replace(":", "") for value in line.split("\t")]
        yield dict(zip(COLUMNS, values + [""] * len(COLUMNS)))


def turns(packets, transport):
    """By stream, the payloads of its packets with the direction of each."""
    streams, first = {}, {}
    for packet in packets:
        stream, source, payload = (packet[f"{transport}.{what}"] for what in ("stream", "srcport", "payload"))
        if payload:
            first.setdefault(stream, source)
            kind = 0 if first[stream] == source else 1
            streams.setdefault(stream, []).append((kind, bytes.fromhex(payload)))
    return streams


def captures(seeds):
    files = sorted(p for p in TESTS.glob("data/**/*") if p.suffix in (".pcap", ".pcapng", ".cap"))
    for path in files:
        name = "-".join(path.relative_to(TESTS / "data").parts)
        data = path.read_bytes()
        if len(data) <= LARGEST:
            seeds.add("capture_file", name, data)
        packets(seeds, name, data)
        seen = list(rows(path))
        for stream, steps in turns(seen, "tcp").items():
            steps = steps[:40]
            seeds.add("stream", f"{name}-{stream}", parts(steps))
            start = steps[0][1]
            if start[:1] == b"\x16":
                seeds.add("tls_stream", f"{name}-{stream}", parts(steps))
            elif start.startswith(b"PRI "):
                seeds.add("http2", f"{name}-{stream}", parts(frames_of_http2(steps)))
            elif b"upgrade: websocket" in start.lower():
                seeds.add("websocket", f"{name}-{stream}", parts(steps[2:]))
            elif start[:1] == b"\x10":
                seeds.add("mqtt", f"{name}-{stream}", parts(steps[2:]))
            elif b" HTTP/1." in start:
                seeds.add("http1", f"{name}-{stream}", parts(steps))
            moved = [(kind | 4, b"\0\0" + data) for kind, data in steps]
            seeds.add("tcp_segments", f"{name}-{stream}", parts([(2, b"\0\0"), (7, b"\0\0"), *moved]))
        for stream, steps in turns(seen, "udp").items():
            steps = steps[:40]
            seeds.add("datagrams", f"{name}-{stream}", parts(steps))
            folder = path.parent.name
            if folder.startswith(("quic", "h3")):
                seeds.add("quic_datagrams", f"{name}-{stream}", parts(steps))
            elif folder == "dtls":
                seeds.add("dtls_datagrams", f"{name}-{stream}", parts(steps))
            elif "wireguard" in name:
                seeds.add("wireguard", f"{name}-{stream}", parts(steps))
        names = [packet["udp.payload"] for packet in seen if packet["dns.id"] and packet["udp.payload"]]
        for number, payload in enumerate(names[:8]):
            seeds.add("dns", f"{name}-{number}", bytes.fromhex(payload))
        certificates = [packet["tls.handshake.certificate"] for packet in seen]
        for number, der in enumerate([der for der in certificates if der][:2]):
            seeds.add("certificate", f"{name}-{number}", bytes.fromhex(der))


def packets(seeds, name, data):
    """The packets of a classic pcap, each with its link type."""
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(data[:4])
    if order is None:
        return
    (link,) = struct.unpack_from(order + "I", data, 20)
    if link & 0xFFFF not in LINKS:
        return
    kind, at, steps = LINKS.index(link & 0xFFFF), 24, []
    while at + 16 <= len(data) and len(steps) < 30:
        (length,) = struct.unpack_from(order + "I", data, at + 8)
        steps.append((kind, data[at + 16 : at + 16 + length]))
        at += 16 + length
    seeds.add("link_layers", name, parts(steps))


def frames_of_http2(steps):
    """Frames behind the prefaces, as the target takes them: type, flags, stream, payload."""
    flows = {0: b"", 1: b""}
    for kind, data in steps:
        flows[kind] += data
    flows[0] = flows[0][24:]
    for kind, data in flows.items():
        while len(data) >= 9:
            length = int.from_bytes(data[:3], "big")
            yield kind, bytes([data[3], data[4], data[8]]) + data[9 : 9 + length]
            data = data[9 + length :]


# Numbers of levels and epochs in the targets, by what tshark says.
LONG_PACKETS = {"00": 0, "01": 1, "02": 2}
HELLOS = ("01", "02")


def opened(seeds):
    """What recordings hold behind their encryption, as tshark opens it: messages of TLS 1.3's
    handshake, and the frames of QUIC's packets."""
    wanted = re.compile(r'"(frame|tcp\.srcport|udp\.srcport|tls\.handshake|tls\.alert_message|quic\.frame|'
                        r'quic\.long\.packet_type|quic\.short)_raw": \[\s*"([0-9a-f]*)"')
    for path in sorted([*TESTS.glob("data/tls/*.pcap"), *TESTS.glob("data/quic/*.pcap")]):
        command = ["tshark", "-r", str(path), "-o", f"tls.keylog_file:{path.with_suffix('.keys')}", "-T", "jsonraw"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        client, side, level, steps = None, 0, 0, {"tls_records": [], "quic_payloads": []}
        for name, value in wanted.findall(done.stdout):
            if name.endswith("srcport"):
                client = client or value
                side = 0 if value == client else 1
            elif name == "quic.long.packet_type":
                level = LONG_PACKETS.get(value, 0)
            elif name == "quic.short":
                level = 3
            elif name == "quic.frame":
                steps["quic_payloads"].append((side | level << 1, bytes.fromhex(value)))
            elif name == "tls.handshake" and value[:2] in HELLOS:
                record = b"\x16\x03\x03" + struct.pack(">H", len(value) // 2) + bytes.fromhex(value)
                steps["tls_records"].append((side, record))
            elif name in ("tls.handshake", "tls.alert_message"):
                kind = b"\x16" if name == "tls.handshake" else b"\x15"
                for epoch in (3, 1) if "tls13" in path.name else (1,):
                    steps["tls_records"].append((side | epoch << 1, kind + bytes.fromhex(value)))
        target = "quic_payloads" if path.parent.name == "quic" else "tls_records"
        seeds.add(target, path.name, parts(steps[target][:60]))


def pages(seeds):
    """What the pages of the printouts draw."""
    for path in sorted(TESTS.glob("policies/**/*.pdf")):
        for number, stream in enumerate(re.findall(rb"stream\r?\n(.*?)endstream", path.read_bytes(), re.S)):
            try:
                drawn = zlib.decompressobj().decompress(stream)
            except zlib.error:
                continue
            if b"BT" in drawn and b"Tf" in drawn:
                seeds.add("policy_page", f"{path.name}-{number}", re.sub(rb"/\w+ (?=[0-9.]+ Tf)", b"/F1 ", drawn))


def headers(seeds):
    for path in sorted(TESTS.glob("data/hpack/*.json")):
        blocks = [(0, bytes.fromhex(case["wire"])) for case in json.loads(path.read_text())["cases"]]
        seeds.add("hpack", path.name, parts(blocks))
    for path in sorted(TESTS.glob("data/qpack/*.json")):
        turn = []
        for step in json.loads(path.read_text()):
            if "section" in step:
                turn += [(0, b""), (0, bytes.fromhex(step["section"]))]
            elif "instructions" in step:
                turn += [(0, bytes.fromhex(step["instructions"])), (0, b"\0\0")]
        seeds.add("qpack", path.name, parts(turn[:400]))
        # A request and an answer of HTTP/3: HEADERS frames (RFC 9114, 7.2.2) on stream 0.
        for number, section in enumerate(data for _, data in turn if data):
            frame = b"\x01" + bytes([min(len(section), 63)]) + section[:63]
            seeds.add("http3", f"{path.name}-{number}", parts([(0, b"\x00" + frame), (1, b"\x00" + frame)]))
            if number > 20:
                break


def payloads(seeds):
    walk = (ROOT / "src/payload/walk.rs").read_text()
    openers = re.findall(r"super::(\w+)::(\w+),", walk[walk.index("const OPENERS") :])
    positions = {}
    for position, (module, constant) in enumerate(openers):
        text = (ROOT / f"src/payload/{module}.rs").read_text()
        name = re.search(rf'const {constant}: Opener =\s*Opener \{{\s*name: "([^"]+)"', text)
        positions.setdefault(name.group(1) if name else constant.lower(), []).append(position)
    for case in json.loads((TESTS / "payload/cases.json").read_text()):
        body = base64.b64decode(case["body_base64"])
        seeds.add("body", case["name"], b"\x04" + body)
        for name in {step.split()[0] for leaf in case.get("leaves", []) for step in leaf["steps"][1:2]}:
            for position in positions.get(name, []):
                seeds.add("decoder", f"{case['name']}-{position}", bytes([position, 255]) + body)


# Made to take more memory than the process that reads PDFs is given: it would end the fuzzer as well.
BOMBS = ("nested.pdf",)


def files(seeds):
    by_suffix = {
        ".html": "policy_html", ".htm": "policy_html", ".md": "policy_markdown", ".txt": "policy_text",
        ".docx": "policy_docx", ".xlsx": "policy_sheet", ".csv": "policy_csv", ".pdf": "policy_pdf",
        ".mhtml": "policy_mhtml", ".mht": "policy_mhtml", ".tsx": "policy_script", ".ts": "policy_script",
        ".js": "policy_literals", ".jsx": "policy_script", ".vue": "policy_component", ".json": "policy_json",
        ".java": "policy_literals", ".kt": "policy_literals", ".swift": "policy_literals", ".zip": "policy_archive",
    }
    for path in sorted(TESTS.glob("policies/**/*")):
        if path.is_file() and "expect" not in path.name and path.name not in BOMBS and path.suffix.lower() in by_suffix:
            seeds.add(by_suffix[path.suffix.lower()], path.name, path.read_bytes())
    imports = {
        ".har": "har", ".zhar": "flows", ".mitm": "flows", ".flow": "flows", ".chlsj": "charles_json",
        ".chlz": "charles_zip", ".saz": "fiddler", ".zip": "http_canary",
    }
    for path in sorted(TESTS.glob("data/**/*")):
        if path.is_file() and path.suffix in imports:
            seeds.add(imports[path.suffix], path.name, path.read_bytes())
            if imports[path.suffix] in ("har", "flows"):
                seeds.add(f"{imports[path.suffix]}_extract", path.name, path.read_bytes())
    seeds.add("proxy_pin", "proxypin.txt", (TESTS / "data/import/proxies/proxypin.txt").read_bytes())
    for path in sorted(TESTS.glob("data/beside/*")):
        if path.suffix != ".pcap":
            seeds.add("witness", path.name, path.read_bytes())
    for path in sorted([*TESTS.glob("data/**/*.keys"), *TESTS.glob("data/**/keys.log")]):
        seeds.add("key_log", f"{path.parent.name}-{path.name}", path.read_bytes())
    for path in sorted([*TESTS.glob("**/*.pem"), *TESTS.glob("**/*.key")]):
        seeds.add("pem", path.name, path.read_bytes())
    sessions = {
        "session.toml": "description", "device.toml": "device_profile", "phases.jsonl": "marks",
        "settled.toml": "settled", "ignore.toml": "ignored",
    }
    for name, target in sessions.items():
        for number, path in enumerate(sorted(ROOT.glob(f"[dt]*/**/{name}"))):
            if "target" not in path.relative_to(ROOT).parts:
                seeds.add(target, f"{number}-{name}", path.read_bytes())
    experiment = [
        json.dumps({"imei": "490154203237518", "serialno": "R58M123", "manufacturer": "Acme", "android_version": "14"}),
        "38400000-8cf0-11bd-b23e-10b96e40000d\n", json.dumps({"network": {"file": "traffic.pcap"}}),
    ]
    seeds.add("experiment", "experiment", parts((0, part.encode()) for part in experiment))
    for path in sorted(TESTS.glob("data/geo/*")):
        seeds.add("geography", path.name, path.read_bytes())


def own(seeds, binary):
    """What wirewitness writes and takes back."""
    session, policy = TESTS / "data/seeds/table", TESTS / "data/seeds/table/policy.md"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)

        def run(*arguments):
            return subprocess.run([binary, *map(str, arguments)], cwd=out, capture_output=True, check=False).stdout

        seeds.add("report_json", "report.json", run("audit", session, "--no-config", "--format", "json"))
        seeds.add("policy_json", "policy.json", run("policy", policy, "--format", "json"))
        seeds.add("policy_csv", "corrected.csv", run("policy", policy, "--format", "csv"))
        run("bundle", "keygen", out / "key")
        for path in out.glob("key*"):
            seeds.add("signature", path.name, path.read_bytes())
        run("bundle", session, "--no-config", "--output", out / "bundle.zip", "--key", out / "key")
        if (out / "bundle.zip").is_file():
            seeds.add("bundle", "bundle.zip", (out / "bundle.zip").read_bytes())
    seeds.add("settled", "settled.toml", b"""[[settled]]
host = "jetpad.example"
as = "infrastructure"
reason = "rented from a CDN"
""")
    seeds.add("ignored", "ignore.toml", b"""[[ignore]]
code = "vague-data"
recipient = "getui"
reason = "agreed with the vendor"
owner = "privacy team"
expires = 2027-01-31
""")


def signed(seeds):
    """An answer of a time stamping authority, and an app that is signed: openssl's."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        (out / "manifest").write_bytes(b"manifest")
        (out / "ts.cnf").write_text(
            "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_cert=c.pem\nsigner_key=k.pem\nsigner_digest=sha256\n"
            "default_policy=1.2.3.4\ndigests=sha256\naccuracy=secs:1\ness_cert_id_alg=sha256\n"
        )

        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=out, capture_output=True, check=True)

        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "c.pem", "-days", "30",
                "-subj", "/CN=tsa", "-addext", "extendedKeyUsage=critical,timeStamping")
        openssl("ts", "-query", "-data", "manifest", "-sha256", "-cert", "-out", "q.tsq")
        openssl("ts", "-reply", "-config", "ts.cnf", "-queryfile", "q.tsq", "-out", "r.tsr")
        seeds.add("timestamp", "r.tsr", (out / "r.tsr").read_bytes())
        openssl("cms", "-sign", "-binary", "-in", "manifest", "-signer", "c.pem", "-inkey", "k.pem", "-outform", "DER",
                "-out", "CERT.RSA")
        openssl("x509", "-in", "c.pem", "-outform", "DER", "-out", "c.der")
        jar = io.BytesIO()
        with zipfile.ZipFile(jar, "w") as file:
            file.write(out / "CERT.RSA", "META-INF/CERT.RSA")
        jar = jar.getvalue()
        seeds.add("apk", "jar.apk", jar)
        seeds.add("apk", "block.apk", with_block(jar, (out / "c.der").read_bytes()))


def with_block(jar, certificate):
    """The file with a signing block before its central directory (APK Signature Scheme v2)."""
    def counted(data):
        return struct.pack("<I", len(data)) + data

    value = counted(counted(counted(counted(b"digests") + counted(counted(certificate)))))
    pairs = struct.pack("<QI", len(value) + 4, 0x7109871A) + value
    size = struct.pack("<Q", len(pairs) + 24)
    block = size + pairs + size + b"APK Sig Block 42"
    end = jar.rindex(b"PK\x05\x06")
    (at,) = struct.unpack_from("<I", jar, end + 16)
    return jar[:at] + block + jar[at:end + 16] + struct.pack("<I", at + len(block)) + jar[end + 20:]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    seeds = Seeds(sys.argv[1])
    captures(seeds)
    opened(seeds)
    pages(seeds)
    headers(seeds)
    payloads(seeds)
    files(seeds)
    own(seeds, sys.argv[2])
    signed(seeds)
    for target, count in sorted(seeds.made.items()):
        print(f"{target} {count}")


if __name__ == "__main__":
    main()

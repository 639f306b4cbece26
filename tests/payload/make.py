#!/usr/bin/env python3
"""Makes cases.json: bodies in binary forms, and the leaves that must come out of each.

Each body is made by a program that is used to make such bodies, never by wirewitness:
protoc, the reference libraries of Protocol Buffers, gRPC, thrift and TARS, MongoDB's bson,
msgpack, cbor2, plistlib, lz4, cramjam (snappy), brotli, zstandard, lzma, zipfile, tarfile,
Pillow with pillow-heif, and exiftool. What is expected is written by hand beside what was
given to the program. All values are made up.

    pip install msgpack cbor2 pymongo protobuf thrift lz4 cramjam Pillow pillow-heif fastavro brotli zstandard
    npm install --prefix /tmp/tars @tars/stream
    apt-get install protobuf-compiler libimage-exiftool-perl zip
    NODE_PATH=/tmp/tars/node_modules python3 tests/payload/make.py
"""

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import plistlib
import random
import struct
import subprocess
import tarfile
import tempfile
import uuid
import zipfile
import zlib

import brotli
import bson
import cbor2
import cramjam
import fastavro
import lz4.block
import lz4.frame
import msgpack
import pillow_heif
import zstandard
from PIL import Image
from thrift.protocol import TBinaryProtocol, TCompactProtocol
from thrift.Thrift import TMessageType, TType
from thrift.transport import TTransport

HERE = os.path.dirname(os.path.abspath(__file__))
IMEI = "352099001761481"
PHONE = "13912345678"
ANDROID_ID = "9f3c21ab47de5608"
MAC = bytes.fromhex("3c5ab4d1e20f")
OAID = "3a5f2c1e-7b48-4d09-9e6a-1c2d3e4f5a6b"
LAT, LON = 31.230416, 121.473701
PROTO = "application/x-protobuf"
CASES = []


def case(name, body, leaves, content_type="application/octet-stream", gaps=(), absent=()):
    """leaves: (steps behind `body`, text, key) – key None is not looked at."""
    CASES.append({
        "name": name,
        "content_type": content_type,
        "body_base64": base64.b64encode(body).decode(),
        "leaves": [{"steps": ["body", *steps], "text": text, "key": key[0] if key else None} for steps, text, *key in leaves],
        "gaps": list(gaps),
        "absent": list(absent),
    })


def run(*command, **kwargs):
    return subprocess.run(command, check=True, capture_output=True, **kwargs).stdout


# --- Protocol Buffers -------------------------------------------------------

SCHEMA = """
syntax = "proto3";
message Place { double latitude = 1; double longitude = 2; float accuracy = 3; }
message Device {
  string model = 1; uint64 imei = 2; fixed64 android_id = 3; bytes mac = 4; sint64 phone = 5;
  repeated uint64 imeis = 6; repeated double track = 7; sfixed32 lat_e7 = 8; sfixed32 lon_e7 = 9; bool rooted = 10;
}
message Report {
  string event = 1; Device device = 2; Place place = 3; map<string, string> more = 4;
  repeated string tags = 5; bytes packed = 6; repeated Place places = 7; int64 when = 8; int32 negative = 9;
  float battery = 11; string note = 12;
}
message Only { string imei = 1; }
message Numbers { repeated uint32 n = 1; }
"""

TEXT = f"""
event: "launch"
device {{ model: "WW-Test-9000" imei: {IMEI} android_id: 0x{ANDROID_ID} mac: "{''.join(chr(92) + 'x%02x' % b for b in MAC)}"
  phone: {PHONE} imeis: {IMEI} imeis: 867530900000017 track: {LAT} track: {LON} lat_e7: 312304160 lon_e7: 1214737010 rooted: true }}
place {{ latitude: {LAT} longitude: {LON} accuracy: 12.5 }}
more {{ key: "imei" value: "{IMEI}" }}
more {{ key: "oaid" value: "{OAID}" }}
tags: "first" tags: "second"
places {{ latitude: -33.856784 longitude: 151.215297 }}
places {{ latitude: {LAT} longitude: {LON} }}
when: 1772352001250 negative: -7 battery: 0.875 note: "\\n- {OAID}"
"""


def protoc(message, text):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "made.proto"), "w") as file:
            file.write(SCHEMA)
        return run("protoc", f"--proto_path={folder}", f"--encode={message}", "made.proto", input=text.encode())


REPORT = protoc("Report", TEXT)
ONLY = protoc("Only", f'imei: "{IMEI}"')


def report(*before):
    """The leaves of REPORT, behind these steps."""
    p = lambda argument: [*before, f"protobuf {argument}"]
    return [
        (p("1"), "launch"),
        (p("2.1"), "WW-Test-9000"),
        (p("2.2"), IMEI),
        (p("2.3 fixed64"), str(int(ANDROID_ID, 16))),
        (p("2.3 hex"), ANDROID_ID),
        (p("2.4 hex"), MAC.hex()),
        (p("2.5 zigzag"), PHONE),
        (p("2.6[0] varint"), IMEI),
        (p("2.6[1] varint"), "867530900000017"),
        (p("2.7[0] double"), str(LAT)),
        (p("2.8,2.9 e7"), "31.2304160,121.4737010"),
        (p("2.10"), "1"),
        (p("3.1 double"), str(LAT)),
        (p("3.2 double"), str(LON)),
        (p("3.1,3.2 double"), f"{LAT},{LON}"),
        (p("3.3 float"), "12.5"),
        (p("4.2"), IMEI, "imei"),
        (p("4[1].2"), OAID, "oaid"),
        (p("5"), "first"),
        (p("5[1]"), "second"),
        (p("7.1,7.2 double"), "-33.856784,151.215297"),
        (p("7[1].2 double"), str(LON)),
        (p("8"), "1772352001250"),
        (p("9"), "-7"),
        (p("11 float"), "0.875"),
        (p("12"), f"\n- {OAID}"),
    ]


case("protobuf, declared", REPORT, report(), PROTO)
case("protobuf, as Connect declares it", REPORT, report(), "application/proto")
case("protobuf, undeclared", REPORT, report())
case("protobuf of one field", ONLY, [(["protobuf 1"], IMEI)], PROTO)
case("protobuf in JSON in base64", json.dumps({"data": base64.b64encode(REPORT).decode()}).encode(),
     report("json $.data", "base64"), "application/json")
case("protobuf in a form in hex", f"v=1&data={REPORT.hex()}".encode(), report("form data", "hex"), "application/x-www-form-urlencoded")
delimited = b"".join(bytes([len(m)]) + m for m in (ONLY, ONLY))
case("protobuf, each message behind its length", delimited, [(["protobuf [0].1"], IMEI), (["protobuf [1].1"], IMEI)], PROTO)
case("protobuf that was cut", REPORT[:150], [(["protobuf 1"], "launch")], PROTO, gaps=["a protobuf message that was cut or is damaged: read as far as it goes"])
case("protobuf, compressed but not by the book", gzip.compress(REPORT, mtime=0), report("gzip"), PROTO)

# --- gRPC -------------------------------------------------------------------


def frame(message, flags=0):
    return struct.pack(">BI", flags, len(message)) + message


case("gRPC", frame(REPORT), report("grpc 0"), "application/grpc")
case("gRPC, several messages, some compressed",
     frame(ONLY) + frame(gzip.compress(REPORT, mtime=0), 1) + frame(zlib.compress(ONLY), 1),
     [(["grpc 0", "protobuf 1"], IMEI), *report("grpc 1", "gzip"), (["grpc 2", "deflate", "protobuf 1"], IMEI)],
     "application/grpc+proto")
case("gRPC, compressed with zstd and snappy",
     frame(zstandard.compress(REPORT), 1) + frame(bytes(cramjam.snappy.compress(ONLY * 3)), 1),
     [*report("grpc 0", "zstd"), (["grpc 1", "snappy", "protobuf 1[2]"], IMEI)], "application/grpc")
case("gRPC with JSON", frame(json.dumps({"imei": IMEI}).encode()), [(["grpc 0", "json $.imei"], IMEI, "imei")], "application/grpc+json")
case("gRPC, undeclared", frame(REPORT) + frame(REPORT), report("grpc 1"))
case("gRPC that was cut", frame(ONLY) + frame(REPORT)[:60], [(["grpc 0", "protobuf 1"], IMEI), (["grpc 1", "protobuf 1"], "launch")], "application/grpc", gaps=["a protobuf message that was cut or is damaged: read as far as it goes"])
case("gRPC-Web", frame(REPORT) + frame(b"grpc-status: 0\r\n", 0x80), [*report("grpc 0"), (["grpc trailers"], "grpc-status: 0\r\n")],
     "application/grpc-web+proto")
case("gRPC-Web as text", base64.b64encode(frame(REPORT)) + base64.b64encode(frame(b"grpc-status:0\r\n", 0x80)),
     report("base64", "grpc 0"), "application/grpc-web-text")
case("Connect stream", frame(REPORT) + frame(b"{}", 2), report("grpc 0"), "application/connect+proto")

# --- MessagePack, CBOR, BSON ------------------------------------------------

TREE = {
    "imei": int(IMEI), "device": {"model": "WW-Test-9000", "mac": MAC, "ids": [OAID, ANDROID_ID]},
    "lat": LAT, "lng": LON, "ok": True, "none": None, "count": -3, "text": "设备信息",
}


def tree(step):
    p = lambda argument: [f"{step} {argument}"]
    return [
        (p("$.imei"), IMEI, "imei"),
        (p("$.device.model"), "WW-Test-9000", "model"),
        (p("$.device.mac hex"), MAC.hex(), "mac"),
        (p("$.device.ids[0]"), OAID, "ids"),
        (p("$.device.ids[1]"), ANDROID_ID, "ids"),
        (p("$.lat"), str(LAT), "lat"),
        (p("$.lng"), str(LON), "lng"),
        (p("$.ok"), "true", "ok"),
        (p("$.none"), "null"),
        (p("$.count"), "-3"),
        (p("$.text"), "设备信息"),
    ]


case("MessagePack", msgpack.packb(TREE), tree("msgpack"), "application/x-msgpack")
case("MessagePack, undeclared", msgpack.packb(TREE), tree("msgpack"))
case("MessagePack, big lengths and kinds",
     msgpack.packb({"k" * 40: "v" * 300, "list": list(range(20)), "f": 1.5, "bin": b"\0" * 300 + b"x",
                    "ext": msgpack.ExtType(5, b"imei=" + IMEI.encode()), "t": msgpack.Timestamp(1772352001, 0), "i": [-200, 70000, -70000, 2**40]},
                   use_single_float=True),
     [(["msgpack $.list[19]"], "19"), (["msgpack $.f"], "1.5"), (["msgpack $." + "k" * 40], "v" * 300),
      (["msgpack $.ext"], f"imei={IMEI}"), (["msgpack $.i[3]"], str(2**40)), (["msgpack $.i[2]"], "-70000")])
case("MessagePack of Fluentd: a row of values", b"".join(msgpack.packb([f"tag.{i}", 1772352001, {"imei": IMEI}]) for i in range(2)),
     [(["msgpack $[1][2].imei"], IMEI, "imei")])
case("CBOR", cbor2.dumps(TREE), tree("cbor"), "application/cbor")
case("CBOR, undeclared", cbor2.dumps(TREE), tree("cbor"))
case("CBOR with tags", cbor2.dumps(cbor2.CBORTag(55799, {"u": uuid.UUID(OAID), "e": cbor2.CBORTag(24, cbor2.dumps({"imei": IMEI})), "h": 1.5, 7: "seven"}), canonical=True),
     [(["cbor $.u hex"], OAID.replace("-", "")), (["cbor $.e", "cbor $.imei"], IMEI, "imei"), (["cbor $.h"], "1.5"), (["cbor $['7']"], "seven")])
# RFC 8949, appendix A, with other words: {_ "imei": (_ "3520", "99001761481"), "list": [_ 1, [2, 3]]}
case("CBOR of indefinite length", bytes.fromhex("bf64696d65697f6433353230" + "6b" + b"99001761481".hex() + "ff646c6973749f01820203ffff"),
     [(["cbor $.imei"], IMEI, "imei"), (["cbor $.list[1][0]"], "2")], "application/cbor")
case("CBOR sequence", cbor2.dumps({"imei": IMEI}) * 2, [(["cbor $[1].imei"], IMEI)], "application/cbor-seq")
BSON = bson.encode({**TREE, "oid": bson.ObjectId("65e0a1b2c3d4e5f60718293a"), "u": bson.Binary.from_uuid(uuid.UUID(OAID)),
                    "re": bson.Regex("a.b"), "code": bson.Code("f()", {"imei": IMEI}), "long": bson.Int64(5)})
case("BSON", BSON, [*tree("bson"), (["bson $.oid"], "65e0a1b2c3d4e5f60718293a"), (["bson $.u hex"], OAID.replace("-", "")), (["bson $.code"], "f()"), (["bson $.long"], "5")])
case("BSON, two documents", bson.encode({"imei": IMEI}) + bson.encode({"imei": IMEI}), [(["bson $[1].imei"], IMEI, "imei")])
case("MessagePack in JSON in base64", json.dumps({"p": base64.b64encode(msgpack.packb({"imei": IMEI})).decode()}).encode(),
     [(["json $.p", "base64", "msgpack $.imei"], IMEI, "imei")], "application/json")

# --- thrift -----------------------------------------------------------------


def thrift(protocol, envelope=True, framed=False, strict=True):
    memory = TTransport.TMemoryBuffer()
    transport = TTransport.TFramedTransport(memory) if framed else memory
    if protocol is TBinaryProtocol.TBinaryProtocol:
        p = protocol(transport, strictWrite=strict)
    else:
        p = protocol(transport)
    if envelope:
        p.writeMessageBegin("report", TMessageType.CALL, 7)
    p.writeStructBegin("args")
    field(p, 1, TType.STRING, p.writeString, "WW-Test-9000")
    field(p, 2, TType.I64, p.writeI64, int(IMEI))
    field(p, 3, TType.DOUBLE, p.writeDouble, LAT)
    field(p, 4, TType.DOUBLE, p.writeDouble, LON)
    field(p, 5, TType.BOOL, p.writeBool, True)

    def inner(_):
        p.writeStructBegin("inner")
        field(p, 20, TType.I32, p.writeI32, -5)
        field(p, 1, TType.STRING, p.writeString, OAID)
        p.writeFieldStop()
        p.writeStructEnd()

    field(p, 6, TType.STRUCT, inner, None)

    def mapping(_):
        p.writeMapBegin(TType.STRING, TType.STRING, 1)
        p.writeString("imei")
        p.writeString(IMEI)
        p.writeMapEnd()

    field(p, 7, TType.MAP, mapping, None)

    def listing(_):
        p.writeListBegin(TType.STRING, 2)
        p.writeString("com.example.one")
        p.writeString("com.example.two")
        p.writeListEnd()

    field(p, 8, TType.LIST, listing, None)
    field(p, 9, TType.STRING, p.writeBinary, MAC)
    p.writeFieldStop()
    p.writeStructEnd()
    if envelope:
        p.writeMessageEnd()
    transport.flush() if framed else None
    return memory.getvalue()


def field(p, number, kind, write, value):
    p.writeFieldBegin("", kind, number)
    write(value)
    p.writeFieldEnd()


THRIFT = [
    (["thrift 1"], "WW-Test-9000"), (["thrift 2"], IMEI), (["thrift 3"], str(LAT)), (["thrift 3,4 double"], f"{LAT},{LON}"),
    (["thrift 5"], "true"), (["thrift 6.1"], OAID), (["thrift 6.20"], "-5"), (["thrift 7.imei"], IMEI, "imei"),
    (["thrift 8[1]"], "com.example.two"), (["thrift 9 hex"], MAC.hex()),
]
for label, protocol in (("binary", TBinaryProtocol.TBinaryProtocol), ("compact", TCompactProtocol.TCompactProtocol)):
    case(f"thrift, {label}", thrift(protocol), THRIFT, "application/x-thrift")
    case(f"thrift, {label}, undeclared", thrift(protocol), THRIFT)
    case(f"thrift, {label}, framed", thrift(protocol, framed=True), THRIFT)
    case(f"thrift, {label}, a struct alone", thrift(protocol, envelope=False), THRIFT, "application/vnd.apache.thrift." + label)
    case(f"thrift, {label}, a struct alone, undeclared", thrift(protocol, envelope=False), THRIFT)
case("thrift, binary without a version", thrift(TBinaryProtocol.TBinaryProtocol, strict=False), THRIFT)

# --- JCE (TARS) -------------------------------------------------------------

TARS = r"""
const Tars = require("@tars/stream");
const [kind, imei, model, oaid, lat, lon, mac] = process.argv.slice(1);
const inner = { _writeTo(os) { os.writeString(0, oaid); os.writeInt64(3, imei); } };
const map = new Tars.Map(Tars.String, Tars.String); map.insert("imei", imei);
const list = new Tars.List(Tars.String); list.push("com.example.one"); list.push("com.example.two");
const bytes = new Tars.BinBuffer(Buffer.from(mac, "hex"));
let out;
if (kind === "struct") {
  out = new Tars.TarsOutputStream();
  out.writeString(0, model); out.writeInt64(1, imei); out.writeDouble(2, +lat); out.writeDouble(3, +lon);
  out.writeStruct(4, inner); out.writeInt32(5, 0); out.writeInt16(6, -300); out.writeFloat(7, 0.5);
  out.writeMap(8, map); out.writeList(9, list); out.writeBytes(20, bytes);
  out = out.getBinBuffer();
} else {
  const tup = new Tars.Tup();
  tup.tupVersion = kind === "tup2" ? Tars.Tup.TUP_COMPLEX : Tars.Tup.TUP_SIMPLE;
  tup.servantName = "collect"; tup.funcName = "report"; tup.requestId = 7;
  tup.writeInt64("imei", imei); tup.writeString("oaid", oaid); tup.writeStruct("device", inner); tup.writeMap("more", map);
  out = tup.encode();
}
process.stdout.write(out.toNodeBuffer());
"""


def tars(kind):
    return run("node", "-e", TARS, kind, IMEI, "WW-Test-9000", OAID, str(LAT), str(LON), MAC.hex())


case("JCE struct, undeclared", tars("struct"), [
    (["jce 0"], "WW-Test-9000"), (["jce 1"], IMEI), (["jce 2"], str(LAT)), (["jce 2,3 double"], f"{LAT},{LON}"),
    (["jce 4.0"], OAID), (["jce 4.3"], IMEI), (["jce 5"], "0"), (["jce 6"], "-300"), (["jce 7"], "0.5"),
    (["jce 8.imei"], IMEI, "imei"), (["jce 9[1]"], "com.example.two"), (["jce 20 hex"], MAC.hex()),
])
for version, typed in (("tup3", False), ("tup2", True)):
    name = lambda name, kind: f"0.{name}.{kind}" if typed else f"0.{name}"
    case(f"JCE packet of version {version[-1]}", tars(version), [
        (["jce 5"], "collect"), (["jce 6"], "report"),
        (["jce 7", f"jce {name('imei', 'int64')}", "jce 0"], IMEI, "imei"),
        (["jce 7", f"jce {name('oaid', 'string')}", "jce 0"], OAID, "oaid"),
    ])

# --- property lists ---------------------------------------------------------

case("binary property list", plistlib.dumps({**{k: v for k, v in TREE.items() if v is not None}, "when": __import__("datetime").datetime(2026, 3, 1), "uid": plistlib.UID(3)}, fmt=plistlib.FMT_BINARY),
     [leaf for leaf in tree("bplist") if leaf[1] not in ("null",)], "application/x-plist")
ARCHIVE = {
    "$version": 100000, "$archiver": "NSKeyedArchiver", "$top": {"root": plistlib.UID(1)},
    "$objects": ["$null", {"NS.keys": [plistlib.UID(2), plistlib.UID(3)], "NS.objects": [plistlib.UID(4), plistlib.UID(5)], "$class": plistlib.UID(7)},
                 "imei", "device", IMEI, {"mac": plistlib.UID(6), "$class": plistlib.UID(7)}, "3C:5A:B4:D1:E2:0F",
                 {"$classname": "NSDictionary", "$classes": ["NSDictionary", "NSObject"]}],
}
case("archive of NSKeyedArchiver", plistlib.dumps(ARCHIVE, fmt=plistlib.FMT_BINARY),
     [(["bplist $.$objects[4]"], IMEI, "imei"), (["bplist $.$objects[6]"], "3C:5A:B4:D1:E2:0F", "mac")])

# --- compressions -----------------------------------------------------------

JSON_BODY = json.dumps({"imei": IMEI, "model": "WW-Test-9000", "list": ["com.example.one", "com.example.two"] * 4}).encode()
LEAF = lambda *steps: [([*steps, "json $.imei"], IMEI, "imei")]
case("gzip, undeclared", gzip.compress(JSON_BODY, mtime=0), LEAF("gzip"))
case("zlib, undeclared", zlib.compress(JSON_BODY), LEAF("deflate"))
raw = zlib.compressobj(9, zlib.DEFLATED, -15)
RAW = raw.compress(JSON_BODY) + raw.flush()
case("raw deflate, undeclared", RAW, LEAF("deflate"))
case("Brotli, undeclared", brotli.compress(JSON_BODY), LEAF("br"))
case("zstd, undeclared", zstandard.compress(JSON_BODY), LEAF("zstd"))
case("LZ4 frame", lz4.frame.compress(JSON_BODY), LEAF("lz4"))
case("LZ4 block behind its length", lz4.block.compress(JSON_BODY), LEAF("lz4"))
case("LZ4 block alone", lz4.block.compress(JSON_BODY, store_size=False), LEAF("lz4"))
case("Snappy, framed", bytes(cramjam.snappy.compress(JSON_BODY)), LEAF("snappy"))
SNAPPY = bytes(cramjam.snappy.compress_raw(JSON_BODY))
case("Snappy block", SNAPPY, LEAF("snappy"))
case("Snappy of Hadoop", struct.pack(">II", len(JSON_BODY), len(SNAPPY)) + SNAPPY, LEAF("snappy"))
case("Snappy of snappy-java", b"\x82SNAPPY\0" + struct.pack(">III", 1, 1, len(SNAPPY)) + SNAPPY, LEAF("snappy"))
case("xz", lzma.compress(JSON_BODY), LEAF("xz"))
case("lzma", lzma.compress(JSON_BODY, format=lzma.FORMAT_ALONE), LEAF("lzma"))
for label, made, steps in (("raw deflate", RAW, ["deflate"]), ("LZ4", lz4.frame.compress(JSON_BODY), ["lz4"]), ("Snappy", SNAPPY, ["snappy"]), ("xz", lzma.compress(JSON_BODY), ["xz"])):
    case(f"{label} of protobuf", {"raw deflate": lambda d: zlib.compress(d)[2:-4], "LZ4": lz4.block.compress, "Snappy": lambda d: bytes(cramjam.snappy.compress_raw(d)), "xz": lzma.compress}[label](REPORT), report(*steps))
for label, made, step in (("gzip", gzip.compress(JSON_BODY, mtime=0), "gzip"), ("LZ4", lz4.frame.compress(JSON_BODY), "lz4"), ("xz", lzma.compress(JSON_BODY), "xz")):
    case(f"{label} in JSON in base64", json.dumps({"p": base64.b64encode(made).decode()}).encode(), LEAF("json $.p", "base64", step), "application/json")
    case(f"{label} in JSON in hex", json.dumps({"p": made.hex()}).encode(), LEAF("json $.p", "hex", step), "application/json")

# --- archives ---------------------------------------------------------------


def zipped(members, method=zipfile.ZIP_DEFLATED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 1, 8, 0, 0)), data, method)
    return made.getvalue()


def tarred(members, kind=tarfile.PAX_FORMAT):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=kind) as archive:
        for name, data in members:
            if name.endswith("/"):
                continue
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


MEMBERS = [("device.json", JSON_BODY), ("empty/", b""), ("日志/app.log", f"imei={IMEI}&v=1".encode()), ("device.json", b"{}")]
INSIDE = lambda step: [([f"{step} device.json", "json $.imei"], IMEI, "imei"), ([f"{step} 日志/app.log", "form imei"], IMEI, "imei")]
import warnings
warnings.simplefilter("ignore")
case("ZIP", zipped(MEMBERS), INSIDE("zip"), "application/zip")
case("ZIP, stored", zipped(MEMBERS, zipfile.ZIP_STORED), INSIDE("zip"))
case("ZIP in ZIP", zipped([("inner.zip", zipped(MEMBERS))]), [(["zip inner.zip", "zip device.json", "json $.imei"], IMEI, "imei")])
case("ZIP with a member in bzip2", zipped([("a.json", JSON_BODY)], zipfile.ZIP_BZIP2), [],
     gaps=["a member of a ZIP archive that is damaged, or compressed in a way that is not undone"])
case("ZIP with two members of a name", zipped([("a", b"{}"), ("a", JSON_BODY)]), LEAF("zip a[1]"))
case("ZIP that was cut", zipped(MEMBERS)[:-60], INSIDE("zip")[:1], gaps=["a ZIP archive without its directory: read as far as it goes"])
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "device.json"), "wb") as file:
        file.write(JSON_BODY)
    run("zip", "-q", "-X", "-j", "-P", "secret", os.path.join(folder, "a.zip"), os.path.join(folder, "device.json"))
    run("zip", "-q", "-X", "-j", "-fd", os.path.join(folder, "b.zip"), os.path.join(folder, "device.json"))
    with open(os.path.join(folder, "a.zip"), "rb") as file:
        case("ZIP, encrypted", file.read(), [], gaps=["an encrypted member of a ZIP archive"])
    with open(os.path.join(folder, "b.zip"), "rb") as file:
        case("ZIP with lengths behind the data, as Java writes it", file.read(), INSIDE("zip")[:1])
for kind, label in ((tarfile.PAX_FORMAT, "pax"), (tarfile.GNU_FORMAT, "GNU"), (tarfile.USTAR_FORMAT, "ustar")):
    case(f"tar, {label}", tarred(MEMBERS, kind), INSIDE("tar"))
case("tar with a long name", tarred([("d/" * 80 + "device.json", JSON_BODY)]), [(["tar " + "d/" * 80 + "device.json", "json $.imei"], IMEI)])
case("tar in gzip in tar", tarred([("logs.tar.gz", gzip.compress(tarred(MEMBERS), mtime=0))]),
     [(["tar logs.tar.gz", "gzip", "tar device.json", "json $.imei"], IMEI, "imei")])
case("tar that was cut", tarred([("app.log", f"imei={IMEI}&v=1".encode() * 100)])[:1400], [(["tar app.log", "form imei"], IMEI)],
     gaps=["a tar archive that was cut or is damaged: read as far as it goes"])

# --- pictures ---------------------------------------------------------------

NOISE = Image.frombytes("RGB", (64, 64), random.Random(7).randbytes(64 * 64 * 3))
TAGS = [f"-GPSLatitude={LAT}", "-GPSLatitudeRef=N", f"-GPSLongitude={LON}", "-GPSLongitudeRef=E", "-Make=Example", "-Model=WW-Test-9000",
        "-SerialNumber=WW0042", "-DateTimeOriginal=2026:03:01 08:00:00"]
EXIF = [(["image exif.GPSPosition"], f"{LAT},{LON}", "GPSPosition"), (["image exif.Make"], "Example", "Make"), (["image exif.Model"], "WW-Test-9000", "Model"),
        (["image exif.BodySerialNumber"], "WW0042", "BodySerialNumber")]
XMP = [(["image xmp.GPSPosition"], f"{LAT},-{LON}", "GPSPosition")]
SEEN = ["a picture: its metadata is read, what it shows is not looked at"]


def picture(suffix, *tags):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "made" + suffix)
        if suffix in (".heic", ".avif"):
            pillow_heif.from_pillow(NOISE).save(path, quality=50)
        else:
            NOISE.save(path, **({"quality": 60} if suffix in (".jpg", ".webp") else {}))
        if tags:
            run("exiftool", "-q", "-n", "-overwrite_original", *tags, path)
        with open(path, "rb") as file:
            return file.read()


case("JPEG with EXIF", picture(".jpg", *TAGS, "-Comment=seen by " + IMEI), [*EXIF, (["image comment"], "seen by " + IMEI)], "image/jpeg", gaps=SEEN)
case("JPEG, south and west", picture(".jpg", "-GPSLatitude=33.856784", "-GPSLatitudeRef=S", "-GPSLongitude=70.5", "-GPSLongitudeRef=W"),
     [(["image exif.GPSPosition"], "-33.856784,-70.500000")], gaps=SEEN)
case("PNG with EXIF and text", picture(".png", *TAGS, "-PNG:Author=" + OAID), [*EXIF, (["image png.Author"], OAID, "Author")], gaps=SEEN)
case("WebP with EXIF", picture(".webp", *TAGS), EXIF, gaps=SEEN)
case("HEIC with EXIF", picture(".heic", *TAGS), EXIF, gaps=SEEN)
case("TIFF", picture(".tif", *TAGS), EXIF, gaps=SEEN)
case("JPEG with XMP", picture(".jpg", f"-XMP-exif:GPSLatitude={LAT}", f"-XMP-exif:GPSLongitude=-{LON}"), XMP, gaps=SEEN)
case("PNG with XMP", picture(".png", f"-XMP-exif:GPSLatitude={LAT}", f"-XMP-exif:GPSLongitude=-{LON}"), XMP, gaps=SEEN)
case("JPEG without metadata", picture(".jpg"), [], gaps=SEEN)
BOUNDARY = b"----made"
case("JPEG in a form", b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
     + picture(".jpg", *TAGS) + b"\r\n--" + BOUNDARY + b"--\r\n", [(["multipart photo", *steps], text, *key) for steps, text, *key in EXIF],
     "multipart/form-data; boundary=" + BOUNDARY.decode(), gaps=SEEN)
case("JPEG in JSON in base64", json.dumps({"p": base64.b64encode(picture(".jpg", *TAGS)).decode()}).encode(),
     [(["json $.p", "base64", *steps], text) for steps, text, *_ in EXIF], "application/json", gaps=SEEN)

# --- named and left ---------------------------------------------------------

avro = io.BytesIO()
fastavro.writer(avro, {"type": "record", "name": "R", "fields": [{"name": "imei", "type": "string"}]}, [{"imei": IMEI}], sync_marker=b"0" * 16)
case("Avro", avro.getvalue(), [], gaps=["a body in Avro, which is not read: searched as bytes"])
# AMF 0: an object with one property, by the specification.
case("AMF", b"\x03\0\x04imei\x02\0\x0f" + IMEI.encode() + b"\0\0\x09", [], "application/x-amf", gaps=["a body in AMF, which is not read: searched as bytes"])
case("bzip2", bz2.compress(JSON_BODY), [], gaps=["data in bzip2, which is not opened"])

# --- what must stay as it is ------------------------------------------------

RANDOM = random.Random(42)
for length in (4, 8, 16, 20, 32, 48, 64, 100, 256, 1000):
    for _ in range(20):
        CASES.append({"name": f"{length} random bytes", "content_type": "application/octet-stream", "whole": True,
                      "body_base64": base64.b64encode(RANDOM.randbytes(length)).decode()})
for text in ("plain text, nothing else", "\n$ a line end first", "PK is no archive", "BZ", "Obj", "{\"broken\": ", "bplist00 is the magic", "8" * 40, "\t\t\t12345678"):
    CASES.append({"name": f"text {text!r}", "content_type": "text/plain", "whole": True, "body_base64": base64.b64encode(text.encode()).decode()})

with open(os.path.join(HERE, "cases.json"), "w") as file:
    json.dump(CASES, file, ensure_ascii=False, separators=(",", ":"))
    file.write("\n")
print(f"{len(CASES)} cases")

"""Writes tests/data/import/versions/: one HTTP exchange and one WebSocket in every version
of mitmproxy's flow format that its own converter reads.

    older-flows.py RECORDED FOLDER

RECORDED is a flow file of version 21. Each step of mitmproxy's converter
(mitmproxy/io/compat.py, which says what changed from one version to the next) is taken
back here, and the result is read with mitmproxy, which must see the same messages:
it stands for the old releases that can no longer be installed.
"""

import copy
import io
import pathlib
import sys

from mitmproxy.io import FlowReader, tnetstring

BOTH = ("client_conn", "server_conn")


def to_20(d):
    pass


def to_19(d):
    for conn in BOTH:
        d[conn]["state"] = 0


def to_18(d):
    client, server = d["client_conn"], d["server_conn"]
    client["address"], client["tls_extensions"] = client.pop("peername"), None
    server["ip_address"], server["source_address"] = server.pop("peername"), server.pop("sockname")
    server["via2"], server["via"] = server.pop("via"), None
    for conn in BOTH:
        d[conn]["tls_established"] = d[conn]["timestamp_tls_setup"] is not None
        d[conn]["cipher_name"] = d[conn].pop("cipher")
        d[conn].pop("transport_protocol")


def to_17(d):
    d["client_conn"].pop("proxy_mode")


def to_16(d):
    d["mode"] = "regular"


def to_15(d):
    d.pop("timestamp_created")


def to_14(d):
    if d["websocket"]:
        d["websocket"]["messages"] = [list(m[:5]) for m in d["websocket"]["messages"]]


def to_13(d):
    d.pop("comment")


def to_12(d):
    d["marked"] = bool(d["marked"])


def to_11(d):
    websocket = d.pop("websocket")
    if websocket:
        d["metadata"] = {"websocket": True}
        own = {k: copy.deepcopy(v) for k, v in d.items() if k not in ("request", "response")}
        own.update(
            type="websocket", id="own-id", metadata={"websocket_handshake": d["id"]}, messages=websocket["messages"],
            close_sender="client" if websocket["closed_by_client"] else "server",
            close_code=websocket["close_code"], close_reason=websocket["close_reason"],
        )
        return own


def to_10(d):
    for conn in BOTH:
        d[conn]["alpn_proto_negotiated"] = d[conn].pop("alpn")
        d[conn]["alpn_offers"] = d[conn]["alpn_offers"] or None
        d[conn]["cipher_list"] = d[conn]["cipher_list"] or None


def to_9(d):
    for conn in BOTH:
        for name in ("state", "error", "tls", "alpn_offers", "cipher_list"):
            d[conn].pop(name)
    d["client_conn"].pop("sockname")
    d["client_conn"].pop("certificate_list")
    d["client_conn"]["clientcert"] = None
    d["server_conn"].pop("cipher_name")
    d["server_conn"].pop("via2")
    d["server_conn"]["cert"] = (d["server_conn"].pop("certificate_list") or [None])[0]


def to_8(d):
    d.pop("is_replay")
    if "request" in d:
        d["request"].pop("authority")
        d["request"].update(first_line_format="relative", is_replay=False)
        d["response"]["is_replay"] = False


def to_7(d):
    for part in ("request", "response"):
        if part in d:
            d[part].pop("trailers")


def to_6(d):
    d["client_conn"].pop("tls_extensions")


def to_5(d):
    for conn in BOTH:
        d[conn]["ssl_established"] = d[conn].pop("tls_established")
        d[conn]["timestamp_ssl_setup"] = d[conn].pop("timestamp_tls_setup")


def to_4(d):
    for conn in BOTH:
        d[conn].pop("id")


def to_3_0(d):
    pass


def to_2_0(d):
    d["client_conn"].pop("mitmcert")
    d["server_conn"].pop("tls_version")


def to_1_0(d):
    for conn, name in (("client_conn", "address"), ("server_conn", "address"), ("server_conn", "ip_address"), ("server_conn", "source_address")):
        d[conn][name] = {"address": list(d[conn][name][:2]), "use_ipv6": False}


def to_0_19(d):
    pass


def to_0_18(d):
    for name in ("sni", "alpn_proto_negotiated", "cipher_name", "tls_version"):
        d["client_conn"].pop(name)
    d["server_conn"].pop("alpn_proto_negotiated")
    d.pop("mode")
    d.pop("metadata")
    d["request"].update(stickyauth=False, stickycookie=False)


def to_0_17(d):
    d.pop("marked")
    d["server_conn"]["peer_address"] = d["server_conn"].pop("ip_address")


def to_0_16(d):
    d["server_conn"].pop("peer_address")


def to_0_15(d):
    d["response"]["body"] = d["response"].pop("content")
    d["request"]["body"] = d["request"].pop("content")
    d["response"]["msg"] = d["response"].pop("reason")
    d["request"]["form_out"] = "relative"


def to_0_14(d):
    pass


def to_0_13(d):
    for part in ("request", "response"):
        d[part]["httpversion"] = [int(n) for n in d[part].pop("http_version").removeprefix(b"HTTP/").split(b".")]
        d[part]["content"] = d[part].pop("body")
    d["request"]["form_in"] = d["request"].pop("first_line_format")
    d["response"]["code"] = d["response"].pop("status_code")
    d["server_conn"].pop("via")
    d["server_conn"]["state"] = []


def to_0_12(d):
    pass


def to_0_11(d):
    pass


STEPS = [to_20, to_19, to_18, to_17, to_16, to_15, to_14, to_13, to_12, to_11, to_10, to_9, to_8, to_7, to_6, to_5,
         to_4, to_3_0, to_2_0, to_1_0, to_0_19, to_0_18, to_0_17, to_0_16, to_0_15, to_0_14, to_0_13, to_0_12, to_0_11]


def as_bytes(value):
    """As Python 2 wrote it: no text, bytes only."""
    if isinstance(value, dict):
        return {as_bytes(k): as_bytes(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_bytes(v) for v in value]
    return value.encode() if isinstance(value, str) else value


def seen(data):
    """What mitmproxy makes of it."""
    told = set()
    for f in FlowReader(io.BytesIO(data)).stream():
        r = f.request
        told.add((r.method, r.host, r.port, r.scheme, r.path, tuple(r.headers.items(True)), r.raw_content,
                  f.response.status_code, f.response.raw_content))
        for m in f.websocket.messages if f.websocket else ():
            told.add((m.from_client, m.content if isinstance(m.content, bytes) else m.content.encode(), m.timestamp))
    return told


recorded = open(sys.argv[1], "rb").read()
folder = pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
rest, flows = memoryview(recorded), []
while rest:
    flow, rest = tnetstring.pop(rest)
    flows.append(flow)
# One request with a body, and the WebSocket.
flows = [f for f in flows if f["request"]["method"] == b"POST" or f["websocket"]]
expected = seen(b"".join(map(tnetstring.dumps, flows)))
frames = {told for told in expected if len(told) == 3}
for step in STEPS:
    name = step.__name__.removeprefix("to_").replace("_", ".")
    flows += [own for own in [step(flow) for flow in flows] if own]
    for flow in flows:
        flow["version"] = int(name) if "." not in name else [int(n) for n in name.split(".")] + [0] * (name[0] != "0")
    if name == "3.0":
        # Their messages were no part of a flow file yet.
        flows = [f for f in flows if f["type"] == "http"]
        for flow in flows:
            flow["metadata"] = {}
        expected -= frames
    python2 = name.startswith("0.") and int(name[2:]) < 18
    data = b"".join(tnetstring.dumps(as_bytes(flow) if python2 else flow) for flow in flows)
    if seen(data) != expected:
        sys.exit(f"mitmproxy sees something else in {name}: {sorted(map(str, seen(data) ^ expected))}")
    (folder / f"{name}.flow").write_bytes(data)
print(f"{len(STEPS)} versions, all read by mitmproxy alike")

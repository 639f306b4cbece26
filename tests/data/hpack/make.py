#!/usr/bin/env python3
"""Writes the HPACK stories in this folder with python-hpack 4.2 (MIT), in the format of
http2jp/hpack-test-case: one story shares one compression context.

    python3 -m venv v && v/bin/pip install hpack==4.2.0 && v/bin/python make.py
"""
import json
import pathlib

from hpack import Encoder

REQUESTS = [
    [(":method", "POST"), (":scheme", "https"), (":authority", f"api{n % 3}.example.com"), (":path", f"/v{n % 5}/bind?x={n}"),
     ("user-agent", "Probe/1.0 (Test; 设备)"), ("content-type", "application/json"), ("x-trace", f"{n:032x}"),
     ("cookie", f"a={n % 7}"), ("cookie", "b=2"), ("x-empty", ""), ("x-long", "~" * (n * 37 % 900))]
    for n in range(12)
]
RESPONSES = [
    [(":status", str([200, 204, 304, 404, 503][n % 5])), ("server", "probe"), ("date", f"Sun, 01 Mar 2026 08:00:{n:02d} GMT"),
     ("etag", f'"{n * 7919:x}"'), ("set-cookie", f"s={n}; Path=/"), ("content-length", str(n * 100))]
    for n in range(12)
]


def story(name, description, lists, huffman, sizes):
    encoder, cases = Encoder(), []
    for seqno, headers in enumerate(lists):
        if seqno in sizes:
            encoder.header_table_size = sizes[seqno]
        wire = encoder.encode(headers, huffman=huffman)
        cases.append({
            "seqno": seqno, "header_table_size": encoder.header_table_size, "wire": wire.hex(),
            "headers": [{k: v} for k, v in headers],
        })
    text = json.dumps({"description": description, "cases": cases}, ensure_ascii=False, separators=(",", ":"))
    pathlib.Path(__file__).with_name(name).write_text(text.replace('{"seqno"', '\n{"seqno"') + "\n")


story("requests_huffman.json", "Requests, Huffman coded, table of 4,096", REQUESTS, True, {})
story("requests_plain.json", "Requests, not coded, table of 512 (entries are evicted, and too long ones empty it)", REQUESTS, False, {0: 512})
story("responses_resized.json", "Responses, the table changes its size, also to nothing", RESPONSES, True, {5: 0, 9: 200, 14: 4096, 19: 65536})

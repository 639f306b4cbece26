"""Stories of QPACK, written by another implementation (ls-qpack, through pylsqpack).

    python -m venv /tmp/qpack && /tmp/qpack/bin/pip install pylsqpack
    /tmp/qpack/bin/python make.py

Each story is a JSON list of steps in the order of the wire. An "encoder" step is hex of
the encoder's stream; a "section" step has its stream, its hex, and the fields that went
into it. The field lists are those of the stories of HPACK next door. `acknowledge` says
how many sections behind the decoder of the other side is heard: while it is not, the
encoder may not evict what it refers to.
"""

import json
import pathlib

import pylsqpack

HERE = pathlib.Path(__file__).parent


def lists(name):
    story = json.loads((HERE.parent / "hpack" / f"{name}.json").read_text())
    for case in story["cases"]:
        yield [(k.encode(), v.encode()) for field in case["headers"] for k, v in field.items()]


def story(name, source, capacity, blocked, acknowledge, rounds):
    encoder, decoder = pylsqpack.Encoder(), pylsqpack.Decoder(capacity, blocked)
    steps = [{"allow": capacity}]
    heard = []

    def say(data):
        if data:
            decoder.feed_encoder(data)
            steps.append({"encoder": data.hex()})

    say(encoder.apply_settings(capacity, blocked))
    stream = 0
    for _ in range(rounds):
        for fields in lists(source):
            instructions, section = encoder.encode(stream, fields)
            say(instructions)
            control, decoded = decoder.feed_header(stream, section)
            assert decoded == fields
            steps.append(
                {"section": section.hex(), "stream": stream, "fields": [f"{k.decode()}: {v.decode()}" for k, v in fields]}
            )
            heard.append(control)
            if len(heard) > acknowledge:
                encoder.feed_decoder(heard.pop(0))
            stream += 4
    (HERE / f"{name}.json").write_text(json.dumps(steps, indent=0) + "\n")
    print(name, len(steps), "steps")


def static():
    """Every entry of the static table by its index, as ls-qpack decodes it."""
    steps = [{"allow": 0}]
    for index in range(99):
        line = bytes([0xC0 | index]) if index < 63 else bytes([0xFF, index - 63])
        _, fields = pylsqpack.Decoder(0, 0).feed_header(0, b"\0\0" + line)
        steps.append(
            {"section": f"0000{line.hex()}", "stream": 0, "fields": [f"{k.decode()}: {v.decode()}" for k, v in fields]}
        )
    (HERE / "static.json").write_text(json.dumps(steps, indent=0) + "\n")


static()
story("requests", "requests_huffman", 4096, 16, 2, 3)
story("responses_small", "responses_resized", 300, 16, 1, 5)
story("requests_small", "requests_huffman", 512, 16, 1, 3)

"""A WebSocket server and client: short, long, empty, repeated, fragmented and binary messages, a ping.

takeover: permessage-deflate with context takeover; fresh: without, small windows; plain: not compressed.
"""
import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

MESSAGES = [
    '{"imei":"867530900000017","event":"start"}',
    '{"imei":"867530900000017","event":"start"}',
    "",
    "设备" * 700,
    bytes(range(256)) * 3,
    ["frag", "men", "ted"],
    '{"imei":"867530900000017","event":"stop"}',
]


async def main(port, kind):
    client, server = {
        "takeover": ([ClientPerMessageDeflateFactory()], [ServerPerMessageDeflateFactory()]),
        "fresh": (
            [ClientPerMessageDeflateFactory(True, True, 10, 11)],
            [ServerPerMessageDeflateFactory(True, True, 10, 11)],
        ),
        "plain": (None, None),
    }[kind]

    async def echo(socket):
        async for message in socket:
            await socket.send(message)

    async with serve(echo, "127.0.0.1", port, extensions=server, compression=None):
        async with connect(
            f"ws://ws.example.com:{port}/push/{kind}?app=1", host="127.0.0.1", extensions=client, compression=None
        ) as socket:
            for message in MESSAGES:
                await socket.send(message)
                await socket.recv()
            await (await socket.ping("a ping with 24 bytes of x"))


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))

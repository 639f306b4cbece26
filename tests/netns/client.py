"""Clients for the tests with network namespaces.
usage: client.py http3|websocket FOLDER HOST BODY
       client.py packets ADDRESS COUNT LENGTH

FOLDER holds cert.pem, which is believed; the secrets are appended to FOLDER/keys.txt. `packets`
sends so many datagrams to the port 9 as fast as it can, and prints how many the system took.
"""
import asyncio
import pathlib
import socket
import ssl
import sys


async def http3(folder, host, body):
    from aioquic.asyncio import QuicConnectionProtocol, connect
    from aioquic.h3.connection import H3Connection
    from aioquic.quic.configuration import QuicConfiguration

    class Client(QuicConnectionProtocol):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            self.http, self.answered = H3Connection(self._quic), asyncio.Event()

        def quic_event_received(self, event):
            if any(event.stream_ended for event in self.http.handle_event(event) if hasattr(event, "stream_ended")):
                self.answered.set()

    with open(folder / "keys.txt", "a", buffering=1) as keys:
        quic = QuicConfiguration(alpn_protocols=["h3"], secrets_log_file=keys)
        quic.load_verify_locations(folder / "cert.pem")
        async with connect(host, 443, configuration=quic, create_protocol=Client) as client:
            stream = client._quic.get_next_available_stream_id()
            head = {":method": "POST", ":scheme": "https", ":authority": host, ":path": "/collect",
                    "content-type": "application/json"}
            client.http.send_headers(stream, [(k.encode(), v.encode()) for k, v in head.items()])
            client.http.send_data(stream, body.encode(), end_stream=True)
            client.transmit()
            await asyncio.wait_for(client.answered.wait(), 20)


async def websocket(folder, host, body):
    import websockets

    tls = ssl.create_default_context(cafile=folder / "cert.pem")
    tls.keylog_filename = folder / "keys.txt"
    async with websockets.connect(f"wss://{host}:8443/talk", ssl=tls) as connection:
        await connection.send(body)
        assert await connection.recv() == "ok"


def packets(address, count, length):
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.connect((address, 9))
    taken = 0
    while taken < count:
        try:
            out.send(taken.to_bytes(4, "big") * (length // 4))
        except ConnectionRefusedError:
            # That nobody listens is what an earlier datagram met; this one was not sent.
            continue
        taken += 1
    print(taken)


match sys.argv[1:]:
    case ["packets", address, count, length]:
        packets(address, int(count), int(length))
    case [kind, folder, host, body]:
        asyncio.run({"http3": http3, "websocket": websocket}[kind](pathlib.Path(folder), host, body))

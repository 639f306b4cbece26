"""WebSocket (websockets) and gRPC (grpcio) through a proxy and without it.

usage: talk.py serve KEY CERTIFICATE
           prints {"ws": PORT, "wss": PORT, "grpc": PORT} and runs until its standard input ends; WebSocket
           messages are echoed, calls are answered with what was sent turned round
       talk.py websocket URL ROOTS [PROXY]
       talk.py grpc PORT ROOTS [PROXY]
           what came back, one JSON line; ROOTS is a PEM file, PROXY such as http://127.0.0.1:8080
"""
import asyncio
import json
import os
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor

IMEI = "490154203237518"
SENT = [json.dumps({"imei": IMEI}), bytes(range(256)), "再见", "x" * 70_000]
# Field 1, text (wire type 2), as protoc writes `string imei = 1`.
MESSAGE = b"\x0a\x0f" + IMEI.encode()


def serve(key, certificate):
    import grpc
    import websockets

    async def echo(connection):
        async for message in connection:
            await connection.send(message)

    def unary(request, context):
        context.set_trailing_metadata([("x-trailer", "behind the answer"), ("x-bytes-bin", b"\0\xff")])
        return request[::-1]

    def stream(requests, context):
        for request in requests:
            yield request[::-1]
        context.set_code(grpc.StatusCode.DATA_LOSS)
        context.set_details("half of it, 一半")

    methods = {
        "Echo": grpc.unary_unary_rpc_method_handler(unary),
        "Flow": grpc.stream_stream_rpc_method_handler(stream),
    }
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("fixture.Talk", methods)])
    pair = [(open(key, "rb").read(), open(certificate, "rb").read())]
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(pair))
    server.start()

    async def main():
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        async with websockets.serve(echo, "127.0.0.1", 0) as plain, websockets.serve(echo, "127.0.0.1", 0, ssl=tls) as secure:
            of = lambda s: s.sockets[0].getsockname()[1]
            print(json.dumps({"ws": of(plain), "wss": of(secure), "grpc": port}), flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

    asyncio.run(main())
    server.stop(0)


def websocket(url, roots, proxy=None):
    import websockets

    async def main():
        tls = ssl.create_default_context(cafile=roots) if url.startswith("wss:") else None
        async with websockets.connect(url, proxy=proxy, ssl=tls) as connection:
            for message in SENT:
                await connection.send(message)
            return [await connection.recv() for _ in SENT]

    assert asyncio.run(main()) == SENT
    print(json.dumps("echoed"))


def grpc(port, roots, proxy=None):
    os.environ.pop("no_proxy", None)
    if proxy:
        os.environ["http_proxy"] = proxy
    import grpc

    credentials = grpc.ssl_channel_credentials(open(roots, "rb").read())
    with grpc.secure_channel(f"localhost:{port}", credentials, [("grpc.enable_http_proxy", int(bool(proxy)))]) as channel:
        answer, call = channel.unary_unary("/fixture.Talk/Echo").with_call(MESSAGE, timeout=20)
        trailers = [[k, v.hex() if isinstance(v, bytes) else v] for k, v in call.trailing_metadata()]
        said = {"answer": answer.hex(), "code": call.code().name, "trailers": trailers, "flow": []}
        flow = channel.stream_stream("/fixture.Talk/Flow")(iter([MESSAGE, b"second", b""]), timeout=20)
        try:
            said["flow"].extend(part.hex() for part in flow)
        except grpc.RpcError as error:
            said["error"] = [error.code().name, error.details()]
    print(json.dumps(said))


{"serve": serve, "websocket": websocket, "grpc": grpc}[sys.argv[1]](*sys.argv[2:])

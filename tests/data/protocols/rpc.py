"""A gRPC server and client without schemas: one call, one with a stream each way, one that fails."""
import sys
from concurrent import futures

import grpc


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/test.Push/Bind":
            return grpc.unary_unary_rpc_method_handler(lambda request, context: b"\x0a\x02ok")
        if details.method == "/test.Push/Chat":
            return grpc.stream_stream_rpc_method_handler(lambda requests, context: (b"re:" + r for r in requests))
        return None


server = grpc.server(futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers((Handler(),))
server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}", options=[("grpc.default_authority", "grpc.example.com")]) as channel:
    bind = channel.unary_unary("/test.Push/Bind")
    print(bind(b"\x0a\x0f867530900000017", metadata=[("x-app", "demo")]))
    chat = channel.stream_stream("/test.Push/Chat")
    print(list(chat(iter([b"one", b"two", b"three"]))))
    try:
        channel.unary_unary("/test.Push/Absent")(b"")
    except grpc.RpcError as error:
        print(error.code())
server.stop(None)

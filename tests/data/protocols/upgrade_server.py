"""An HTTP/1.1 server that changes to HTTP/2 when asked (RFC 7540 §3.2), with the h2 package."""
import socket
import sys

import h2.config
import h2.connection
import h2.events

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    peer, _ = listener.accept()
    head = b""
    while b"\r\n\r\n" not in head:
        head += peer.recv(65536)
    lines = head.split(b"\r\n\r\n")[0].split(b"\r\n")
    fields = {line.split(b":", 1)[0].strip().lower(): line.split(b":", 1)[1].strip() for line in lines[1:]}
    assert fields[b"upgrade"] == b"h2c"
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    connection.initiate_upgrade_connection(fields[b"http2-settings"])
    answered = 0

    def answer(stream, text):
        connection.send_headers(stream, [(":status", "200"), ("content-type", "text/plain"), ("x-answer", str(stream))])
        connection.send_data(stream, text, end_stream=True)

    answer(1, b"to the upgraded request")
    peer.sendall(connection.data_to_send())
    while data := peer.recv(65536):
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.StreamEnded) and event.stream_id != 1:
                answer(event.stream_id, b"to stream %d" % event.stream_id)
        peer.sendall(connection.data_to_send())
    peer.close()

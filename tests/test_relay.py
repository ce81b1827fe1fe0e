"""The demo's small proxy: who gets which connection."""

import socket
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from lib import relay


def answering(word: bytes) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(word + self.headers.get("x-more", "").encode())

        def log_message(self, *args):
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    ports = [answering(word).server_port for word in (b"workers", b"evented")]
    threading.Thread(target=relay.serve, args=(number, *ports), daemon=True).start()
    for _try in range(100):
        with closing(socket.socket()) as probe:
            if not probe.connect_ex(("127.0.0.1", number)):
                return number
        time.sleep(0.05)
    raise AssertionError("the relay does not listen")


def ask(port: int, data: bytes) -> bytes:
    with closing(socket.create_connection(("127.0.0.1", port), 10)) as connection:
        connection.sendall(data)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def test_websocket_goes_to_the_evented_port(port):
    answer = ask(port, b"GET /websocket?version=1 HTTP/1.0\r\n\r\n")
    assert answer.endswith(b"evented")


def test_everything_else_goes_to_the_workers_whole(port):
    more = b"x" * 60_000
    answer = ask(port, b"GET /web/login HTTP/1.0\r\nx-more: " + more + b"\r\n\r\n")
    assert answer.endswith(b"workers" + more)


@pytest.mark.parametrize("data", [b"\r\n", b"x" * 200_000 + b"\n", b"GET\n"])
def test_nonsense_ends_the_connection_only(port, data):
    try:
        ask(port, data)
    except ConnectionError:
        pass  # hung up on
    assert ask(port, b"GET / HTTP/1.0\r\n\r\n").endswith(b"workers")

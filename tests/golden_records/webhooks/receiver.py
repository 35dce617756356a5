"""A receiver of webhooks on this machine: keeps what it was sent, and answers as a test tells it to."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ALLOWED = "127.0.0.2"
"""The receiver's address: one that the tests put on the allow-list, unlike 127.0.0.1, where the canary listens."""


@dataclass(frozen=True)
class Received:
    """One message as it arrived; header names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


Reply = Callable[[Received, BaseHTTPRequestHandler], None]


def replies(status: int, body: bytes = b"", **headers: str) -> Reply:
    """Answer with a status."""

    def reply(message: Received, handler: BaseHTTPRequestHandler) -> None:
        del message
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def hangs_up(message: Received, handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without an answer."""
    del message
    handler.close_connection = True


@dataclass
class Receiver:
    """A running receiver; `reply` may be changed at any time."""

    url: str
    port: int
    reply: Reply = field(default_factory=lambda: replies(204))
    received: list[Received] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        """The ids of the messages, in the order in which they came."""
        return [message.headers["webhook-id"] for message in self.received]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hangs up is no error of the receiver."""


@contextmanager
def receiving(host: str = ALLOWED, *, port: int = 0, wrap: Callable[[socket.socket], socket.socket] | None = None) -> Iterator[Receiver]:
    """Run a receiver for as long as the block lasts, at a free port unless `port` says which; `wrap` puts TLS around its socket."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            message = Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            receiver.received.append(message)
            receiver.reply(message, self)

        def log_message(self, *arguments: Any) -> None:
            """Print nothing."""

    server = _Server((host, port), Handler)
    if wrap is not None:
        server.socket = wrap(server.socket)
    bound = int(server.server_address[1])
    receiver = Receiver(url=f"{'http' if wrap is None else 'https'}://{host}:{bound}/webhooks", port=bound)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Canary:
    """Listens where nobody may call, and counts who does."""

    port: int
    calls: list[object] = field(default_factory=list)


@contextmanager
def canary() -> Iterator[Canary]:
    """Listen on this machine's own addresses, IPv4 and IPv6, at one port."""
    bird = Canary(port=0)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            bird.calls.append(self.client_address)

    class Server6(socketserver.ThreadingTCPServer):
        address_family = socket.AF_INET6

    four = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    bird.port = int(four.server_address[1])
    servers = [four, Server6(("::1", bird.port), Handler)]
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield bird
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()

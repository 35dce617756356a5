"""The HTTP client of webhooks: it connects to the address that it checked, follows nothing, and waits for nobody for long."""

import math
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Final, Self

import certifi
import httpcore

from golden_records.webhooks.addresses import AddressPolicy, Resolver, resolved
from golden_records.webhooks.endpoints import Endpoint

SECONDS: Final = 10.0
BYTES_READ: Final = 64 * 1024
TEXT_KEPT: Final = 500
_USER_AGENT: Final = "mdm-webhooks/1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one message: the endpoint's status, or without one the problem, as a code.

    Problems: "address_refused", "name_unknown", "unreachable", "timeout", "certificate", "broken_answer". `text` is the
    beginning of the body; `retry_after` the seconds that the endpoint asked for.
    """

    status: int | None
    problem: str = ""
    text: str = ""
    retry_after: float | None = None
    milliseconds: int = 0


class AddressRefused(Exception):
    """The name leads to no address that a webhook may be sent to."""


class _NameUnknown(Exception):
    """The name leads nowhere."""


class _Deadline:
    """When the whole of one message must be over, however slowly the endpoint drips."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.start()

    def start(self) -> None:
        self._ends = time.monotonic() + self._seconds

    def left(self) -> float:
        """Give the seconds left; raises where there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left


class _CheckedBackend(httpcore.NetworkBackend):
    """Opens connections to checked addresses only: a name is looked up once, and what is connected to is the number.

    A name that answers with another address when asked again (DNS rebinding) is therefore never asked again.
    """

    def __init__(self, deadline: _Deadline, permits: Callable[[str], bool], resolve: Resolver) -> None:
        self._deadline = deadline
        self._permits = permits
        self._resolve = resolve
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first permitted address of the host that answers."""
        del timeout, local_address
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in self._permitted(host, port):
            try:
                stream = self._sockets.connect_tcp(address, port, self._deadline.left(), None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            return self._watched(stream)
        raise failure or AddressRefused(host)

    def _permitted(self, host: str, port: int) -> list[str]:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError):
            raise _NameUnknown(host) from None
        return [address for address in found if self._permits(address)]

    def _watched(self, stream: httpcore.NetworkStream) -> httpcore.NetworkStream:
        # The kernel's own word on where the connection leads, whatever was asked for.
        if not self._permits(str(stream.get_extra_info("server_addr")[0])):
            stream.close()
            raise AddressRefused
        return _BoundedStream(stream, self._deadline)


class _BoundedStream(httpcore.NetworkStream):
    """A connection whose every step must end before the message's deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        del timeout
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


_PROBLEMS: Final[Mapping[type[Exception], str]] = {
    AddressRefused: "address_refused",
    _NameUnknown: "name_unknown",
    httpcore.TimeoutException: "timeout",
    httpcore.NetworkError: "unreachable",
    httpcore.ProtocolError: "broken_answer",
}
_OF_THE_ENDPOINT: Final = tuple(_PROBLEMS)


def _problem(error: Exception) -> str:
    if isinstance(error.__context__, ssl.SSLError):
        return "certificate"
    return next(problem for kind, problem in _PROBLEMS.items() if isinstance(error, kind))


class Poster:
    """Sends messages to one endpoint, over one connection that is kept while it is used; a context manager."""

    def __init__(self, endpoint: Endpoint, policy: AddressPolicy, *, resolve: Resolver = resolved, seconds: float = SECONDS) -> None:
        self._endpoint = endpoint
        self._deadline = _Deadline(seconds)

        def permits(address: str) -> bool:
            return policy.permits(address, encrypted=endpoint.is_encrypted)

        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted_authorities(),
            max_connections=1,
            keepalive_expiry=30,
            network_backend=_CheckedBackend(self._deadline, permits, resolve),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.close()

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one message and give what came of it, in `seconds` at most; whatever the endpoint does, nothing is raised."""
        began = time.monotonic()
        self._deadline.start()
        status, problem, text, retry_after = None, "", "", None
        sent = [("User-Agent", _USER_AGENT), *headers.items()]
        try:
            with self._pool.stream("POST", self._endpoint.url, headers=sent, content=body) as response:
                status, retry_after = response.status, _retry_after(response.headers)
                text = _beginning(response.iter_stream())
        except _OF_THE_ENDPOINT as error:
            status, problem = None, _problem(error)
        milliseconds = round(1000 * (time.monotonic() - began))
        return Answer(status=status, problem=problem, text=text, retry_after=retry_after, milliseconds=milliseconds)


@cache
def trusted_authorities() -> ssl.SSLContext:
    """Trust the system's own authorities, among them those of an internal network, and a list for systems that have none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _beginning(chunks: Iterable[bytes]) -> str:
    """Read at most `BYTES_READ` bytes and keep the first characters of them; what follows is not read."""
    kept, seen = b"", 0
    for chunk in chunks:
        kept += chunk[: max(0, 4 * TEXT_KEPT - len(kept))]
        seen += len(chunk)
        if seen >= BYTES_READ:
            break
    return kept.decode(errors="replace").replace("\x00", "�")[:TEXT_KEPT]


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> float | None:
    for name, value in headers:
        if name.lower() == b"retry-after" and value.strip().isdigit():
            seconds = float(value)
            return seconds if math.isfinite(seconds) else None
    return None

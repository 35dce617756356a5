"""The address of a webhook, as far as it can be judged before anything is sent there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from golden_records.errors import MdmError
from golden_records.webhooks.addresses import AddressPolicy, Resolver, resolved

LONGEST_URL: Final = 2000
_PLAIN: Final = re.compile(r"[!-~]+")  # printable ASCII: no space, no control character, no look-alike
_HOST: Final = re.compile(r"[0-9A-Za-z._:-]+")
_PORTS: Final = {"https": 443, "http": 80}


class InvalidEndpoint(MdmError):
    """No webhook can be sent to this address."""

    code = "invalid_endpoint"
    title = "Not an address for webhooks"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL that has the form of a webhook's address."""

    url: str
    host: str
    port: int
    is_encrypted: bool


def parsed_endpoint(url: str) -> Endpoint:
    """Read a URL; raises `InvalidEndpoint` where it is no plain address of a server: other schemes, log-ins, fragments."""
    if len(url) > LONGEST_URL or _PLAIN.fullmatch(url) is None or "\\" in url:
        raise _invalid(f"The URL is longer than {LONGEST_URL} characters, or not all of them are printable ASCII.")
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise _invalid("The URL can't be read.") from None
    if parts.scheme not in _PORTS:
        raise _invalid("The URL begins with neither https:// nor http://.")
    if "@" in parts.netloc or parts.fragment:
        raise _invalid("The URL holds a log-in or a fragment.")
    if not parts.hostname or _HOST.fullmatch(parts.hostname) is None:
        raise _invalid("The URL names no server.")
    return Endpoint(url=url, host=parts.hostname, port=port, is_encrypted=parts.scheme == "https")


def checked_endpoint(url: str, policy: AddressPolicy, *, resolve: Resolver = resolved) -> Endpoint:
    """Read a URL and look its server up; raises `InvalidEndpoint` where no address of it may be called.

    A name that nobody knows just now is let through. Every connection is checked again: this check only tells early.
    """
    endpoint = parsed_endpoint(url)
    addresses = _looked_up(endpoint, resolve)
    if addresses and not any(policy.permits(address, encrypted=endpoint.is_encrypted) for address in addresses):
        raise InvalidEndpoint(
            f"'{endpoint.host}' is not on the public Internet, or is called without TLS.",
            remedy="Use https and a public server, or have the operator add its network to MDM_WEBHOOK_ALLOWED_NETWORKS.",
            host=endpoint.host,
        )
    return endpoint


def _looked_up(endpoint: Endpoint, resolve: Resolver) -> Sequence[str]:
    try:
        return resolve(endpoint.host, endpoint.port)
    except (OSError, UnicodeError):
        return ()


def _invalid(message: str) -> InvalidEndpoint:
    return InvalidEndpoint(message, remedy="Give the https address of the server, such as https://crm.example.com/webhooks.")

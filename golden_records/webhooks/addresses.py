"""Where a webhook may go: the public Internet, and of other networks those that the operator allows by name.

Whoever may write a subscription could otherwise have this server talk to what only this server reaches: itself, its neighbours,
the metadata service of its cloud.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Sequence[str]]

# The special-purpose registries of IANA (RFC 6890 and its successors), written out: what the standard library calls global has
# changed between releases of Python. The last one is public by number, and the host's own agent in one large cloud.
_SPECIAL_V4: Final = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",
    )
)
# Only this block of IPv6 is routed on the Internet: loopback, mapped and translated IPv4, link-local, unique local and multicast
# lie outside; tunnels and documentation lie inside and are taken out.
_ROUTED_V6: Final = IPv6Network("2000::/3")
_SPECIAL_V6: Final = tuple(IPv6Network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"))


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The networks that are not public and may be called all the same; none, unless the operator names them."""

    allowed: tuple[Network, ...] = ()

    def permits(self, address: str, *, encrypted: bool) -> bool:
        """Whether a webhook may be sent to this address (a number, never a name); without TLS to allowed networks alone."""
        found = _parsed(address)
        return found is not None and (self._is_allowed(found) or (encrypted and is_public(found)))

    def _is_allowed(self, address: Address) -> bool:
        return any(address in network for network in self.allowed if network.version == address.version)


def is_public(address: Address) -> bool:
    """Whether an address is routed on the public Internet and belongs to nobody special."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    return address in _ROUTED_V6 and not any(address in network for network in _SPECIAL_V6)


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Read networks such as 10.20.0.0/16; raises ValueError with the first that is none."""
    return tuple(ip_network(name) for name in names)


def resolved(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a name, as numbers, each once, in the order to try them; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _parsed(address: str) -> Address | None:
    """Read an address; an IPv4 address inside an IPv6 one counts as what it is, and one bound to an interface as none."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.scope_id is not None:
            return None
        return found.ipv4_mapped or found
    return found

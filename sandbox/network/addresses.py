"""What an address is to a sandbox: public, private and so to be named as such, or never to be reached."""

from __future__ import annotations

from enum import Enum, auto
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from sandbox.network.hosts import Address


class Reach(Enum):
    """How far an address may be reached."""

    PUBLIC = auto()
    PRIVATE = auto()
    NEVER = auto()


def _networks(*texts: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, texts))


_PRIVATE = _networks(
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8"),
    *("100.64.0.0/10", "198.18.0.0/15"),  # shared by carriers, and for benchmarks
    *("::1/128", "fc00::/7"),
)
_UNICAST = _networks("0.0.0.0/0", "2000::/3")
_NOT_PLAIN = _networks(
    *("2001::/32", "2002::/16"),  # IPv4 addresses within: Teredo, 6to4 (mapped ones and NAT64 are no unicast above)
    *("192.88.99.0/24", "3fff::/20", "2001:db8::/32"),
)
METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",
            "168.63.129.16",  # Azure's, in the public range
            "100.100.100.200",  # Alibaba's
            "192.0.0.192",  # Oracle's
            "fd00:ec2::254",  # Amazon's
            "fd20:ce::254",  # Google's
        ),
    )
)
"""Where clouds tell a machine who it is, its credentials among it."""


def reach_of(address: Address) -> Reach:
    """What is not plainly public or plainly private is never reached."""
    if address in METADATA:
        return Reach.NEVER
    if any(address in network for network in _PRIVATE):
        return Reach.PRIVATE
    plain = any(address in network for network in _UNICAST) and not any(address in network for network in _NOT_PLAIN)
    return Reach.PUBLIC if plain and address.is_global and not address.is_multicast else Reach.NEVER

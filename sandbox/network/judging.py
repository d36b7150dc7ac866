"""Whether a request may be served, and at which addresses: found out once, and no others are spoken to."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import ip_address

import anyio

from sandbox.network.addresses import Reach, reach_of
from sandbox.network.hosts import Address, address_of
from sandbox.network.network import Network, Resolve
from sandbox.network.request import RequestRefused, Target

RESOLVE_SECONDS = 15.0
MOST_ADDRESSES = 4
"""Of a name with more, the first few serve."""


async def judged(network: Network, target: Target) -> Sequence[Address]:
    """The addresses that may be spoken to for a target, at least one; raises RequestRefused."""
    entry = network.allow.find(target.host, target.port)
    if entry is None:
        raise RequestRefused(403, "not on the list of hosts that may be reached")
    literal = address_of(target.host)
    found = [literal] if literal is not None else await _resolved(network.resolve, target.host)
    allowed = {Reach.PUBLIC, Reach.PRIVATE} if entry.private else {Reach.PUBLIC}
    good = [address for address in found if _reach(address) in allowed]
    if good:
        return good[:MOST_ADDRESSES]
    if any(_reach(address) is Reach.PRIVATE for address in found):
        raise RequestRefused(403, "its address is a private one, and the list does not say private: of it")
    raise RequestRefused(403, "it has no address that may be reached")


def _reach(address: Address) -> Reach:
    """An address of this machine is private, whatever it is to others: behind it, no firewall would be met."""
    reach = reach_of(address)
    return Reach.PRIVATE if reach is Reach.PUBLIC and _is_own(address) else reach


def _is_own(address: Address) -> bool:
    """Whether the kernel would speak to it from itself; nothing is sent."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((str(address), 9))
            return ip_address(asked.getsockname()[0]) == address
    except OSError:  # no way there at all
        return False


async def _resolved(resolve: Resolve, host: str) -> Sequence[Address]:
    try:
        with anyio.fail_after(RESOLVE_SECONDS):
            return await resolve(host)
    except OSError:  # a TimeoutError is one
        raise RequestRefused(502, "its name has no address") from None

"""Whether a request may be served, and at which addresses: found out once, and no others are spoken to."""

from __future__ import annotations

from collections.abc import Sequence

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
    good = [address for address in found if reach_of(address) in allowed]
    if good:
        return good[:MOST_ADDRESSES]
    if any(reach_of(address) is Reach.PRIVATE for address in found):
        raise RequestRefused(403, "its address is a private one, and the list does not say private: of it")
    raise RequestRefused(403, "it has no address that may be reached")


async def _resolved(resolve: Resolve, host: str) -> Sequence[Address]:
    try:
        with anyio.fail_after(RESOLVE_SECONDS):
            return await resolve(host)
    except OSError:  # a TimeoutError is one
        raise RequestRefused(502, "its name has no address") from None

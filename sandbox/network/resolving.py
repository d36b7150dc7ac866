"""Names to addresses, as this machine knows them."""

from __future__ import annotations

import socket
from functools import partial
from ipaddress import ip_address

from anyio import CapacityLimiter, to_thread

from sandbox.network.hosts import Address


async def resolve_here(host: str) -> list[Address]:
    """The addresses of a name, the preferred first; raises OSError."""
    look = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
    # In a thread of its own: a name server that keeps still is not to hold up what else the program looks up.
    found = await to_thread.run_sync(look, limiter=CapacityLimiter(1), abandon_on_cancel=True)
    texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    return [ip_address(text) for text in texts]

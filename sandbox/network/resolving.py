"""Names to addresses, as this machine knows them."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import anyio

from sandbox.network.hosts import Address


async def resolve_here(host: str) -> list[Address]:
    """The addresses of a name, the preferred first; raises OSError."""
    found = await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    return [ip_address(text) for text in texts]

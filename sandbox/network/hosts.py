"""Hosts in the one form that is compared: nothing that two readers could take for two hosts has such a form."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(.*))?", re.DOTALL)
_LONGEST_NAME = 253


class HostRefused(ValueError):
    """What is no host in a form that could be compared; the message says why."""


def canonical_host(text: str) -> str:
    """A name or address as everyone reads it: lower case, no dot at the end; raises HostRefused.

    An IPv6 address comes in brackets, and is given without them. Names are ASCII: others have a form for that (xn--).
    An IPv4 address is four decimal numbers; 2130706433, 0x7f.1 or 127.1 are no names either.
    """
    if not text.isascii():
        raise HostRefused("a name with letters beyond ASCII: its form for the network begins with xn--")
    if text.startswith("["):
        return _ipv6(text)
    name = text.lower().removesuffix(".")
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise HostRefused("no name of a host")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        try:
            return str(IPv4Address(name))
        except ValueError:
            raise HostRefused("an IPv4 address that is not four decimal numbers") from None
    return name


def _ipv6(text: str) -> str:
    inside = text[1:-1]
    if not text.endswith("]") or "%" in inside:
        raise HostRefused("no IPv6 address in brackets")
    try:
        return str(IPv6Address(inside))
    except ValueError:
        raise HostRefused("no IPv6 address in brackets") from None


def address_of(host: str) -> Address | None:
    """The address that a canonical host is; None for a name."""
    if ":" in host:
        return IPv6Address(host)
    return IPv4Address(host) if host.rpartition(".")[2].isdecimal() else None


def split_host(text: str, *, port: int | None = None) -> tuple[str, int]:
    """The canonical host of `HOST` or `HOST:PORT` and its port; raises HostRefused, also where there is none at all."""
    found = _HOST_AND_PORT.fullmatch(text)
    if found is None:
        raise HostRefused("no host with a port")
    host, number = found.groups()
    if number is None and port is not None:
        return canonical_host(host), port
    if number is None or not _PORT.fullmatch(number) or int(number) > 65535:
        raise HostRefused("no port between 1 and 65535")
    return canonical_host(host), int(number)


def joined(host: str, port: int) -> str:
    """A canonical host and a port as one word."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

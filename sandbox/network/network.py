"""What a sandbox's way out is made of: whom it may reach, how names become addresses, and who is told of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sandbox.network.allow_list import AllowList
from sandbox.network.hosts import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of a sandbox, before anything is done for it; `why` it was refused, `host` empty where it has none.

    `addresses` are those that the host was found to have and may be reached at: no other is spoken to.
    """

    sandbox: str
    method: str
    host: str
    port: int
    allowed: bool
    why: str | None = None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """All that a sandbox asked for in its life, those requests among it that were too many to be told one by one."""

    sandbox: str
    requests: int
    refused: int
    sent_bytes: int
    received_bytes: int
    hosts: Mapping[str, int] = field(default_factory=dict)


Told: TypeAlias = Callable[[Asked | Used], Awaitable[None]]
"""Is told of each request before it is served; what it raises ends the sandbox."""

Resolve: TypeAlias = Callable[[str], Awaitable[Sequence[Address]]]
"""The addresses of a name; raises OSError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A sandbox's way out; one without an entry in `allow` is a proxy that refuses everything."""

    allow: AllowList
    told: Told
    resolve: Resolve

"""The hosts that may be reached: as they are written in a plan or a policy, met with each other, and asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from sandbox.network.addresses import Reach, reach_of
from sandbox.network.hosts import HostRefused, address_of, joined, split_host

DEFAULT_PORT = 443
PRIVATE = "private:"
SUBDOMAINS = "*."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a list: a host, or with `subdomains` all below it but not itself; `private` if it may be one."""

    host: str
    port: int
    subdomains: bool = False
    private: bool = False

    @classmethod
    def of(cls, text: str) -> Self:
        """What `[private:][*.]HOST[:PORT]` says, the port 443 where it is left out; raises HostRefused.

        A private address needs no `private:` before it: it is named as it is. A public one of this machine does.
        """
        private, subdomains = text.startswith(PRIVATE), False
        if (rest := text.removeprefix(PRIVATE)).startswith(SUBDOMAINS):
            rest, subdomains = rest.removeprefix(SUBDOMAINS), True
        host, port = split_host(rest, port=DEFAULT_PORT)
        address = address_of(host)
        if address is None:
            return cls(host=host, port=port, subdomains=subdomains, private=private)
        if subdomains:
            raise HostRefused("an address has no subdomains")
        if (reach := reach_of(address)) is Reach.NEVER:
            raise HostRefused("an address that no sandbox may reach")
        return cls(host=host, port=port, private=private or reach is Reach.PRIVATE)

    def covers(self, host: str, port: int) -> bool:
        """Whether a canonical host and a port are of this entry."""
        own = host.endswith(f".{self.host}") if self.subdomains else host == self.host
        return own and port == self.port

    def met(self, other: Entry) -> Entry | None:
        """What both entries allow; None where that is nothing."""
        narrow, wide = (other, self) if self.subdomains and not other.subdomains else (self, other)
        if narrow.subdomains and len(narrow.host) < len(wide.host):
            narrow, wide = wide, narrow
        same = (narrow.host, narrow.port, narrow.subdomains) == (wide.host, wide.port, wide.subdomains)
        if not same and not wide.covers(narrow.host, narrow.port):
            return None
        private = narrow.private and wide.private
        return Entry(host=narrow.host, port=narrow.port, subdomains=narrow.subdomains, private=private)

    def __str__(self) -> str:
        address = address_of(self.host)
        named = self.private and (address is None or reach_of(address) is not Reach.PRIVATE)
        return f"{PRIVATE if named else ''}{SUBDOMAINS if self.subdomains else ''}{joined(self.host, self.port)}"


@dataclass(frozen=True, slots=True)
class AllowList:
    """Entries, of which any allows what it covers; none allow nothing."""

    entries: tuple[Entry, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """The list that these lines make; raises HostRefused."""
        return cls(tuple(dict.fromkeys(map(Entry.of, texts))))

    def __bool__(self) -> bool:
        return bool(self.entries)

    def find(self, host: str, port: int) -> Entry | None:
        """The entry that covers a canonical host and a port, one that may be private first; None where none does."""
        found = [entry for entry in self.entries if entry.covers(host, port)]
        return max(found, key=lambda entry: entry.private, default=None)

    def met(self, other: AllowList) -> AllowList:
        """What both lists allow."""
        pairs = (mine.met(theirs) for mine in self.entries for theirs in other.entries)
        return AllowList(tuple(dict.fromkeys(entry for entry in pairs if entry is not None)))

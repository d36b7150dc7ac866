"""Servers of this program's own that a sandbox must not reach: that one was reached shows by what it heard."""

from __future__ import annotations

import fcntl
import secrets
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_BRIDGES = ("docker", "podman", "cni", "br-")
_GET_ADDRESS = 0x8915
"""SIOCGIFADDR: the IPv4 address of an interface."""

_HEARD_BYTES = 256
_HEARD_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class Listeners:
    """Servers that listen and say nothing; each is None where this machine can't have it."""

    tcp: socket.socket
    tcp6: socket.socket | None
    bridge: socket.socket | None
    udp: socket.socket
    abstract: socket.socket
    path: socket.socket
    abstract_name: str
    _heard: list[str] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """Where they are, for scripts; empty for those that can't be had."""
        return {
            "TCP": _port(self.tcp),
            "TCP6": _port(self.tcp6),
            "BRIDGE": self.bridge.getsockname()[0] if self.bridge else "",
            "BRIDGE_PORT": _port(self.bridge),
            "UDP": _port(self.udp),
            "ABSTRACT": self.abstract_name,
        }

    def heard(self, nonce: str) -> bool:
        """Whether any of them was sent the number of an attempt."""
        for listener in (self.tcp, self.tcp6, self.bridge, self.abstract, self.path):
            if listener is not None:
                self._heard += _received(listener)
        self._heard += _datagrams(self.udp)
        return any(nonce in heard for heard in self._heard)


@contextmanager
def listeners(directory: Path) -> Iterator[Listeners]:
    """Open them all, on loopback and in a directory of ours; raises OSError where not even that can be had."""
    name = f"mimo-attack-{secrets.token_hex(8)}"
    with ExitStack() as opened:
        path = opened.enter_context(socket.socket(socket.AF_UNIX))
        path.bind(str(directory / "socket"))
        (directory / "socket").chmod(0o666)
        abstract = opened.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0{name}")
        for each in (path, abstract):
            each.listen()
            each.setblocking(False)
        udp = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        udp.setblocking(False)
        yield Listeners(
            tcp=_server(opened, "127.0.0.1"),
            tcp6=_server_if_any(opened, "::1"),
            bridge=next(filter(None, (_server_if_any(opened, address) for address in _bridges())), None),
            udp=udp,
            abstract=abstract,
            path=path,
            abstract_name=name,
        )


def _server(opened: ExitStack, address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = opened.enter_context(socket.create_server((address, 0), family=family))
    server.setblocking(False)
    return server


def _server_if_any(opened: ExitStack, address: str) -> socket.socket | None:
    try:
        return _server(opened, address)
    except OSError:
        return None


def _bridges() -> list[str]:
    """The addresses that this machine has on bridges of container engines."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        for _, name in socket.if_nameindex():
            if name.startswith(_BRIDGES):
                with suppress(OSError):  # a bridge without an address
                    answer = fcntl.ioctl(asker, _GET_ADDRESS, struct.pack("256s", name.encode()[:15]))
                    found.append(socket.inet_ntoa(answer[20:24]))
    return found


def _port(server: socket.socket | None) -> str:
    return "" if server is None else str(server.getsockname()[1])


def _received(listener: socket.socket) -> list[str]:
    """What those who connected said first; who connected and said nothing else is told as an empty word."""
    heard: list[str] = []
    while True:
        try:
            caller, _ = listener.accept()
        except BlockingIOError:
            return heard
        with caller:
            caller.settimeout(_HEARD_SECONDS)
            try:
                heard.append(caller.recv(_HEARD_BYTES).decode(errors="replace"))
            except OSError:
                continue


def _datagrams(listener: socket.socket) -> list[str]:
    heard: list[str] = []
    while True:
        try:
            heard.append(listener.recv(_HEARD_BYTES).decode(errors="replace"))
        except OSError:
            return heard

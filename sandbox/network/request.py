"""A request as a proxy takes it: where it is for, and what of it is passed on. Everything in it is hostile."""

from __future__ import annotations

import re
from dataclasses import dataclass

import h11

from sandbox.network.hosts import HostRefused, joined, split_host

HTTP_PORT = 80
_ABSOLUTE = re.compile(rb"(?i:http)://([^/?#]+)(/[^#]*|\?[^#]*)?")
_HOP_BY_HOP = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade", b"http2-settings", b"expect"),
    )
)
"""What is between two neighbours, and ends here."""


class RequestRefused(Exception):
    """A request that is not served: what the client is answered, and why, in words without anything of its own."""

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request is for, in the one form that is compared; `path` is empty for a tunnel."""

    host: str
    port: int
    path: bytes = b""

    @property
    def is_tunnel(self) -> bool:
        """Whether what follows is not ours to read."""
        return not self.path


def target_of(request: h11.Request) -> Target:
    """Where a request is for; raises RequestRefused where that is not plain."""
    if request.method == b"CONNECT":
        return _tunnel(request)
    found = _ABSOLUTE.fullmatch(request.target)
    if found is None:
        raise RequestRefused(400, "this is a proxy: it takes CONNECT, and http:// with a host")
    names = [name for name, _ in request.headers]
    if b"transfer-encoding" in names and b"content-length" in names:
        raise RequestRefused(400, "two lengths of one body")
    host, port = _host(found[1], port=HTTP_PORT)
    path = found[2] or b"/"
    return Target(host=host, port=port, path=path if path.startswith(b"/") else b"/" + path)


def _tunnel(request: h11.Request) -> Target:
    names = {name for name, _ in request.headers}
    if names & {b"transfer-encoding", b"content-length"}:
        raise RequestRefused(400, "a CONNECT with a body")
    host, port = _host(request.target)
    return Target(host=host, port=port)


def _host(authority: bytes, *, port: int | None = None) -> tuple[str, int]:
    try:
        return split_host(authority.decode("latin-1"), port=port)
    except HostRefused as error:
        raise RequestRefused(400, str(error)) from None


def passed_on(request: h11.Request, target: Target) -> h11.Request:
    """The request made anew for the server: its path alone, the host that was judged, one request to a connection."""
    host = joined(target.host, target.port).removesuffix(f":{HTTP_PORT}")
    headers = [(b"Host", host.encode()), *_end_to_end(request.headers, drop=frozenset({b"host"}))]
    if (b"transfer-encoding", b"chunked") in request.headers:
        headers.append((b"Transfer-Encoding", b"chunked"))
    return h11.Request(method=request.method, target=target.path, headers=[*headers, (b"Connection", b"close")])


def passed_back(response: h11.Response) -> h11.Response:
    """The response made anew for the client; its framing is the connection's own."""
    drop = {b"content-length"} if b"transfer-encoding" in {name for name, _ in response.headers} else set()
    headers = _end_to_end(response.headers, drop=frozenset(drop))
    return h11.Response(status_code=response.status_code, headers=headers, reason=response.reason)


def _end_to_end(headers: h11._headers.Headers, *, drop: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    named = {word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")}
    return [(name, value) for name, value in headers.raw_items() if name.lower() not in _HOP_BY_HOP | named | drop]

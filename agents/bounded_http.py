"""The HTTP of litellm's clients, with an end: no answer goes on for ever, and none is larger than memory bears.

A client's own timeout is for the silence between two bytes, which a drip of single ones never meets; and it reads a
body that is no stream to its end, however far that is. So both are counted below it, where the bytes come in.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpx

from agents.leftovers import LEFTOVERS

LARGEST_BYTES = 16 * 1024 * 1024
"""Of one answer: the 4096 tokens that are asked for take one or two of these mebibytes as the pieces of a stream."""

UNPACKED = 100
"""How many bytes one byte of a packed answer counts for, which nobody asked for: it may unpack to a thousand."""


class Overrun(Exception):
    """An answer that took too long or grew too large."""


class Bounds:
    """What one answer may take; `overrun` says what it did, and `begun` that a provider had begun to answer.

    `abandoned` is set when nobody waits for the answer any more.
    """

    def __init__(self, *, total_seconds: float, abandoned: threading.Event, largest_bytes: int = LARGEST_BYTES) -> None:
        self.overrun: str | None = None
        self.begun = False
        self._total_seconds = total_seconds
        self._end = time.monotonic() + total_seconds
        self._left = self._largest_bytes = largest_bytes
        self.abandoned = abandoned

    def take(self, count: int) -> None:
        """Some bytes came in; raises Overrun."""
        self._left -= count
        if self._left < 0:
            self.overrun = f"the answer grew larger than {self._largest_bytes} bytes"
        elif time.monotonic() > self._end:
            self.overrun = f"the answer took longer than {self._total_seconds:g} s"
        elif self.abandoned.is_set():
            self.overrun = "nobody waits for the answer any more"
        if self.overrun is not None:
            raise Overrun(self.overrun)


_BOUNDS: ContextVar[Bounds | None] = ContextVar("bounds of the answer that this thread waits for", default=None)


@contextmanager
def within(bounds: Bounds) -> Iterator[None]:
    """Hold what this thread receives to these bounds."""
    token = _BOUNDS.set(bounds)
    try:
        yield
    finally:
        _BOUNDS.reset(token)


class BoundedTransport(httpx.BaseTransport):
    """Sends through a client of its own, which knows the proxies of the environment, and counts what comes back."""

    def __init__(self, inner: httpx.Client) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it; the body is counted as it is read."""
        request.headers["Accept-Encoding"] = "identity"
        LEFTOVERS.sent(int(request.headers.get("Content-Length", 0)))
        response = self._inner.send(request, stream=True, auth=None, follow_redirects=False)
        bounds = _BOUNDS.get()
        if bounds is None:
            return response
        kind = response.headers.get("Content-Type", "")
        answer = response.is_success and ("json" in kind or "event-stream" in kind)
        packed = response.headers.get("Content-Encoding", "identity") != "identity"
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_Counted(response, bounds, weight=UNPACKED if packed else 1, answer=answer),
            extensions=response.extensions,
        )


class _Counted(httpx.SyncByteStream):
    """A body as it comes in, each byte for `weight` of those that may; `answer` says that it looks like one."""

    def __init__(self, response: httpx.Response, bounds: Bounds, *, weight: int, answer: bool) -> None:
        self._response = response
        self._bounds = bounds
        self._weight = weight
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._response.iter_raw():
            self._bounds.begun |= self._answer
            self._bounds.take(len(piece) * self._weight)
            yield piece

    def close(self) -> None:
        self._response.close()


def bounded_transport(*, verify: ssl.SSLContext | bool | str, certificate: str | None) -> BoundedTransport:
    """A transport that all of litellm's clients may share: closing one of them is nothing to it.

    `verify` says whom to trust, `certificate` who we are to servers that ask.
    """
    return BoundedTransport(httpx.Client(verify=verify, cert=certificate))


def bounded_client(transport: BoundedTransport) -> httpx.Client:
    """A client for litellm to use instead of those that it would make."""
    return httpx.Client(transport=transport, follow_redirects=True)

"""Answers that would never end, or never fit: cut off below every client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from agents.bounded_http import LARGEST_BYTES, BoundedTransport, Bounds, Overrun, bounded_client, within

Respond = Callable[[httpx.Request], httpx.Response]


class Pieces(httpx.SyncByteStream):
    """A body in pieces; whether it was closed."""

    def __init__(self, piece: bytes, count: int) -> None:
        self.closed = False
        self.sent = 0
        self._piece = piece
        self._count = count

    def __iter__(self) -> Iterator[bytes]:
        """Each piece."""
        for _ in range(self._count):
            self.sent += 1
            yield self._piece

    def close(self) -> None:
        """Note it."""
        self.closed = True


def client(respond: Respond) -> httpx.Client:
    """A client over a server that answers so."""
    return bounded_client(BoundedTransport(httpx.Client(transport=httpx.MockTransport(respond))))


def bounds(*, total_seconds: float = 60.0, largest_bytes: int = LARGEST_BYTES) -> Bounds:
    """Bounds of an answer that somebody waits for."""
    return Bounds(total_seconds=total_seconds, abandoned=threading.Event(), largest_bytes=largest_bytes)


def test_an_answer_within_bounds_comes_through() -> None:
    """Status, headers and body are the server's; nothing packed is asked for, and it counts as an answer."""
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        headers = {"X-Own": "1", "Content-Type": "application/json"}
        return httpx.Response(200, stream=Pieces(b'{"a": 1}', 1), headers=headers)

    held = bounds()
    with client(respond) as http, within(held):
        response = http.post("http://x", json={})
    assert (response.json(), response.headers["X-Own"]) == ({"a": 1}, "1")
    assert asked[0].headers["Accept-Encoding"] == "identity"
    assert held.begun
    assert held.overrun is None


@pytest.mark.parametrize(
    ("status", "kind"), [(200, "text/html"), (500, "application/json")], ids=["a page", "an error"]
)
def test_what_is_no_answer_is_not_taken_for_one(status: int, kind: str) -> None:
    """A page and an error cost nothing."""
    held = bounds()
    said = httpx.Response(status, stream=Pieces(b"x", 1), headers={"Content-Type": kind})
    with client(lambda _: said) as http, within(held):
        http.get("http://x")
    assert not held.begun


def read_at_once(http: httpx.Client) -> None:
    """As for an answer that is no stream."""
    http.get("http://x")


def read_in_pieces(http: httpx.Client) -> None:
    """As for one that is."""
    with http.stream("GET", "http://x") as response:
        list(response.iter_bytes())


@pytest.mark.parametrize("read", [read_at_once, read_in_pieces])
def test_a_flood_is_cut_off(read: Callable[[httpx.Client], None]) -> None:
    """A body that is larger than it may be is not read to its end, and its connection is closed."""
    body, held = Pieces(b"x" * 1000, 1_000_000), bounds(largest_bytes=10_000)
    with client(lambda _: httpx.Response(200, stream=body)) as http, within(held), pytest.raises(Overrun):
        read(http)
    assert held.overrun == "the answer grew larger than 10000 bytes"
    assert body.sent == 11
    assert body.closed


def test_a_drip_is_cut_off() -> None:
    """Single bytes keep no answer alive beyond its whole time."""
    body, held = Pieces(b":", 10**9), bounds(total_seconds=0.05)
    with client(lambda _: httpx.Response(200, stream=body)) as http, within(held), pytest.raises(Overrun):
        http.get("http://x")
    assert held.overrun == "the answer took longer than 0.05 s"
    assert body.closed


def test_an_answer_that_nobody_waits_for_is_cut_off() -> None:
    """At its next byte."""
    held = bounds()
    held.abandoned.set()
    body = Pieces(b"x", 10**9)
    with client(lambda _: httpx.Response(200, stream=body)) as http, within(held), pytest.raises(Overrun):
        http.get("http://x")
    assert body.sent == 1


def test_a_packed_answer_counts_for_more() -> None:
    """Nobody asked for it, and nobody knows what it unpacks to."""
    body = Pieces(b"x" * 200, 1)
    packed = httpx.Response(200, stream=body, headers={"Content-Encoding": "gzip"})
    with client(lambda _: packed) as http, within(bounds(largest_bytes=10_000)), pytest.raises(Overrun):
        http.get("http://x")


def test_other_threads_are_not_held_to_it() -> None:
    """Bounds are those of one answer."""
    answers: list[int] = []
    with client(lambda _: httpx.Response(200, text="x" * 100)) as http, within(bounds(largest_bytes=10)):
        thread = threading.Thread(target=lambda: answers.append(len(http.get("http://x").text)))
        thread.start()
        thread.join()
    assert answers == [100]


def test_a_client_that_is_closed_leaves_the_connections_to_the_others() -> None:
    """litellm closes its clients now and then; they share what is below."""
    transport = BoundedTransport(httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))))
    bounded_client(transport).close()
    with bounded_client(transport) as other:
        assert other.get("http://x").is_success

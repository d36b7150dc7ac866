"""What was sent does not lie about until the garbage collector happens to come by."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import httpx
import pytest

from agents.bounded_http import BoundedTransport, bounded_client
from agents.leftovers import MOST_BYTES, Leftovers


class Circle:
    """Something that only the collector frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def never_by_itself() -> Iterator[None]:
    """The collector looks only when it is told to."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.usefixtures("never_by_itself")
def test_it_is_looked_at_after_so_many_bytes() -> None:
    """Not at each request, which would cost more than it frees, and again after as many more."""
    leftovers = Leftovers(most_bytes=100)
    for _ in range(2):
        left = weakref.ref(Circle())
        leftovers.sent(99)
        assert left() is not None
        leftovers.sent(1)
        assert left() is None


@pytest.mark.usefixtures("never_by_itself")
def test_requests_do_not_pile_up() -> None:
    """Of a dozen large requests, each of which its response holds in a circle, no more are left than may be."""
    inner = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, json={})))
    body = b"x" * (MOST_BYTES // 4)
    sent = []
    with inner, bounded_client(BoundedTransport(inner)) as client:
        for _ in range(12):
            answer = client.post("http://example.com/v1", content=body)
            sent.append(weakref.ref(answer.request))
            del answer
    assert sum(request() is not None for request in sent) <= 5

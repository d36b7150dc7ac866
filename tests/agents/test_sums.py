"""What is remembered of a conversation's length is what counting it anew would give."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.conversation import Sums, estimate
from agents.model import Message

CHANGES = st.one_of(st.text(max_size=40), st.integers(min_value=0, max_value=5), st.just(None))
"""A text is added, so many messages are taken off the end, or all are replaced by half of them."""


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(changes=st.lists(CHANGES, max_size=20), count=st.integers(min_value=0, max_value=20))
def test_sums_are_what_counting_gives(changes: list[str | int | None], count: int) -> None:
    """However a conversation grows, is cut or is rebuilt between two looks."""
    sums, messages = Sums(), list[Message]()
    for change in changes:
        match change:
            case str():
                messages.append(Message(role="user", content=change))
            case int():
                del messages[max(0, len(messages) - change) :]
                messages.append(Message(role="user", content="in its place"))
            case None:
                messages = messages[len(messages) // 2 :]
        assert sums.of(messages, count) == estimate(messages[:count])


def test_a_message_is_looked_at_once() -> None:
    """A step costs what it adds, however long the conversation was before."""
    looked = 0

    class Counted(Message):
        def __getattribute__(self, name: str) -> object:
            nonlocal looked
            looked += name == "content"
            return super().__getattribute__(name)

    sums = Sums()
    messages: list[Message] = [Counted(role="user", content="x") for _ in range(100)]
    sums.of(messages, 100)
    before = looked
    messages.append(Counted(role="user", content="x"))
    sums.of(messages, 50)
    assert looked - before < 5

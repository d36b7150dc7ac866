"""The newest steps of a conversation, which a rebuilt one keeps: whole, as long as their budget holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.conversation import by_answers, chars_within, estimate
from agents.fence import cut
from agents.model import Message

LEAST_CHARS = 400
"""Less of an output tells nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The messages of the newest `steps`; of the newest one the outputs may be `cut`."""

    messages: tuple[Message, ...] = ()
    steps: int = 0
    cut: bool = False


def keep_newest(messages: Sequence[Message], *, budget: int, step: int) -> Kept:
    """As many whole steps as fit into `budget` tokens by our estimate, `step` being the newest one."""
    _, steps = by_answers(messages)
    kept: list[list[Message]] = []
    left = budget
    while steps and (left := left - estimate(steps[-1])) >= 0:
        kept.insert(0, steps.pop())
    if kept or not steps:
        return Kept(messages=tuple(message for each in kept for message in each), steps=len(kept))
    shorter = _shortened(steps[-1], budget, step)
    fits = estimate(shorter) <= budget
    return Kept(messages=tuple(shorter) if fits else (), steps=int(fits), cut=fits)


def _shortened(step: Sequence[Message], budget: int, number: int) -> list[Message]:
    """A step whose outputs share what its other words leave of the budget."""
    outputs = [message for message in step if message.role != "assistant"]
    others = estimate([message for message in step if message.role == "assistant"])
    marks = 80 * len(outputs)
    text = "\n".join(message.content for message in outputs)
    share = (chars_within(budget - others, text) - marks) // max(1, len(outputs))
    hint = f"; recall `step {number}` shows more"
    return [
        message
        if message.role == "assistant"
        else message.model_copy(update={"content": cut(message.content, max(LEAST_CHARS, share - 30), hint=hint)})
        for message in step
    ]

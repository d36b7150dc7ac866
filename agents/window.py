"""How long a prompt may be: what the plan says, what the model takes, and what a refused request tells of it."""

from __future__ import annotations

import re

from agents.assignment import Assignment
from agents.budget import USUAL_ANSWER_TOKENS
from agents.conversation import Conversation

SHARE_OF_WINDOW = 0.7
"""How much of what a model takes is used: answers need room as well, and models grow forgetful before they are full."""

LESS_SHARE = 0.6
"""What is tried next of a prompt that was refused without a word on how long one may be."""

LEAST_WINDOW = 1000
"""No model takes less; a smaller number in a refusal is not its window."""

_TOLD = (
    re.compile(r"maximum context length (?:is|of) ([\d,]+)", re.I),
    re.compile(r"> ([\d,]+) maximum", re.I),
    re.compile(r"maximum number of tokens allowed \(?([\d,]+)", re.I),
    re.compile(r"context (?:size|length|window|limit)\D{0,24}([\d,]+)", re.I),
    re.compile(r"limit (?:is|of) ([\d,]+)", re.I),
)


def limit_of(told: Assignment, talk: Conversation, window: int | None) -> int:
    """The most tokens that the next prompt may have."""
    known = [told.context]
    if window is not None:
        known.append(int(window * SHARE_OF_WINDOW))
    if talk.ceiling is not None:
        known.append(talk.ceiling)
    return min(known)


def answer_room(limit: int) -> int:
    """What is kept free for the answer before a context counts as full."""
    return min(USUAL_ANSWER_TOKENS, limit // 4)


def ceiling_after(refusal: str, *, refused: int, accepted: int) -> int:
    """The most that is tried after a prompt of `refused` tokens was too long, where one of `accepted` was not."""
    window = told_window(refusal)
    if window is not None and window < refused * 2:
        return min(int(window * SHARE_OF_WINDOW), int(refused * SHARE_OF_WINDOW))
    less = int(refused * LESS_SHARE)
    return accepted if less < accepted < refused else less


def told_window(refusal: str) -> int | None:
    """The window that a provider's words name, if they do."""
    for pattern in _TOLD:
        found = pattern.search(refusal)
        number = int(found[1].replace(",", "") or 0) if found else 0
        if number >= LEAST_WINDOW:
            return number
    return None

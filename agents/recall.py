"""Looking back: which earlier outputs and findings hold the words of a query."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.conversation import Conversation
from agents.fence import cut, one_line

MOST_MATCHES = 20
LINE_CHARS = 300
STEP_CHARS = 8000


def recall(conversation: Conversation, query: str) -> str:
    """A whole step (`step 12`), or the lines that hold every word of the query, newest first, with their places."""
    step = re.fullmatch(r"\s*step\s+(\d{1,9})\s*", query, re.IGNORECASE)
    if step is not None:
        return _whole_step(conversation, int(step[1]))
    words = query.lower().split()
    matches = [
        f"{place}: {one_line(line.strip(), LINE_CHARS)}"
        for place, text in _texts(conversation)
        for line in text.splitlines()
        if all(word in line.lower() for word in words)
    ]
    if not matches:
        return "nothing found; try fewer or other words"
    more = f"\n({len(matches) - MOST_MATCHES} more)" if len(matches) > MOST_MATCHES else ""
    return "\n".join(matches[:MOST_MATCHES]) + more


def _whole_step(conversation: Conversation, step: int) -> str:
    outputs = [output for output in conversation.outputs if output.step == step]
    if not outputs:
        return f"step {step} put out nothing"
    return "\n\n".join(f"{output.what}\n{cut(output.text, STEP_CHARS)}" for output in outputs)


def _texts(conversation: Conversation) -> Iterator[tuple[str, str]]:
    for output in reversed(conversation.outputs):
        yield f"step {output.step}", f"{output.what}\n{output.text}"
    for note in conversation.findings:
        yield f"found by {note.source}", note.text

"""A model that works by itself: piece after piece, each the first that nothing which it is shown says is done.

It notices what a rebuilt context forgets: a piece that is not told of is done again, and the repository shows it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tests.tokens import count

Json = dict[str, Any]

_CALLED = re.compile(r"echo (\d+) >> done\.txt")
_TOLD = re.compile(r"^\d+: \$ echo (\d+) >> done\.txt.* -> exit 0$", re.MULTILINE)
_TOGETHER = re.compile(r"^(\d+)-(\d+): \d+ done, with", re.MULTILINE)
_ASKED = re.compile(r"covers every step from 1 to (\d+)")


def next_answer(conversation: Json, messages: list[Json]) -> Json:
    """The next piece, the handover that is asked for, or the end; its prompt is counted by a real tokenizer."""
    answer = _next(conversation["pieces"], messages) or conversation["beyond"]
    return {**answer, "usage": {"prompt": count(json.dumps(messages))}}


def _next(pieces: int, messages: list[Json]) -> Json | None:
    asked = _ASKED.search(messages[-1].get("content") or "") if messages[-1]["role"] == "user" else None
    if asked is not None:
        return {"text": json.dumps(_handover(int(asked[1])))}
    done = _done(messages)
    left = next((piece for piece in range(1, pieces + 1) if piece not in done), None)
    return None if left is None else {"shell": f"echo {left} >> done.txt; seq {left}000 {left}099"}


def _done(messages: list[Json]) -> set[int]:
    done: set[int] = set()
    for message in messages:
        for call in message.get("tool_calls") or []:
            done.update(map(int, _CALLED.findall(call["function"]["arguments"])))
        if message["role"] == "user":
            done.update(map(int, _TOLD.findall(message["content"])))
            for first, last in _TOGETHER.findall(message["content"]):
                done.update(range(int(first), int(last) + 1))
    return done


def _handover(last: int) -> Json:
    return {
        "goal": "all pieces of work",
        "done": [{"first_step": 1, "last_step": last, "what": f"{last} pieces"}],
        "files": ["done.txt"],
        "next_steps": [f"piece {last + 1}"],
    }

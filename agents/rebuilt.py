"""How a rebuilt conversation is laid out: what matters most first, each part on its budget, newest steps whole."""

from __future__ import annotations

from dataclasses import dataclass

from agents.assignment import Assignment
from agents.briefing import opened, sections
from agents.conversation import Conversation, chars_within, tokens_of
from agents.events import ContextSection
from agents.fence import cut, fence
from agents.fitting import MARKS_CHARS, fitted
from agents.handover import in_words
from agents.handover_writer import Written
from agents.model import Message
from agents.section import Section
from agents.steps_kept import Kept, keep_newest
from agents.work_done import WorkDone
from agents.work_told import facts, lines

SHARES = {"reasons": 0.12, "inspection": 0.2, "handover": 0.18, "done": 0.15, "findings": 0.12, "memory": 0.1}
"""Most important first: what each may have of the room that role and task leave. The newest steps have the rest, and
all that these don't need."""

TARGET_SHARE = 0.5
"""How much of the limit a rebuilt conversation takes: less is rebuilt less often, more is forgotten less."""

LEAST_ROOM_SHARE = 0.2
"""What the other parts may have where the user's own words take more than that."""

_UNCUT = 10**9

MARKS = 60
"""Tokens of our own words around the parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """The new conversation, and what it is made of."""

    messages: tuple[Message, ...]
    sections: tuple[ContextSection, ...]


def rebuilt(
    told: Assignment, talk: Conversation, work: WorkDone, written: Written | None, *, limit: int, tools_tokens: int
) -> Rebuilt:
    """The conversation anew, for a prompt that may have `limit` tokens as the provider counts them."""
    most = talk.ours(limit) - tools_tokens
    fixed = sum(part.tokens for part in sections(told)[:2]) + MARKS
    room = max(int(most * TARGET_SHARE) - fixed, min(int(most * LEAST_ROOM_SHARE), most - fixed), 0)
    parts = list(fitted(told, {name: int(room * share) for name, share in SHARES.items()}))
    parts.extend(_round(told))
    kept = Kept()
    if written is not None:
        parts.extend(_standing(work, written, room))
        left = room - sum(part.tokens for part in parts[2:])
        kept = keep_newest(talk.messages, budget=left, step=max(work.steps))
        parts.append(_steps(kept, work, left))
    messages = (*opened(part for part in parts if part.name != "steps"), *kept.messages)
    return Rebuilt(messages=messages, sections=tuple(part.told() for part in parts))


def _round(told: Assignment) -> list[Section]:
    if told.round == 1:
        return []
    text = (
        f"This is round {told.round}: you finished before, and your work came back. Mend what the reasons name, then "
        "finish again."
    )
    return [Section(name="round", source="the program", text=text)]


def _standing(work: WorkDone, written: Written, room: int) -> list[Section]:
    last = max(work.steps)
    head = (
        f"# Where you stand\nYour context was rebuilt after step {last}. The steps told of here are done: what they "
        "changed is in the files at /workspace, and none of them is to be done again. Go on with the next."
    )
    return [_done(work, head, int(room * SHARES["done"])), _handover(written, int(room * SHARES["handover"]))]


def _done(work: WorkDone, head: str, budget: int) -> Section:
    def text(chars: int) -> str:
        known = facts(work, budget_chars=chars // 3)
        return f"{head}\n\n{fence('From the journal', f'{known}{lines(work, budget_chars=chars - len(known))}')}"

    whole = text(_UNCUT)
    told = text(chars_within(budget, whole) - len(head) - MARKS_CHARS)
    return Section(
        name="done",
        source="the journal",
        text=told,
        whole=tokens_of(whole),
        budget=budget,
        note="the oldest steps are told of together" if len(told) < len(whole) else "",
    )


def _handover(written: Written, budget: int) -> Section:
    words = in_words(written.handover)
    whose = "Handover that you wrote" if written.by == "model" else "Handover from the journal"
    notes = [f"not the model's: {written.refused}"] if written.refused else []
    told = cut(words, chars_within(budget, words))
    notes += ["cut"] if told != words else []
    return Section(
        name="handover",
        source=f"the {written.by}",
        text=fence(whose, told),
        whole=tokens_of(fence(whose, words)),
        budget=budget,
        note="; ".join(notes),
    )


def _steps(kept: Kept, work: WorkDone, budget: int) -> Section:
    numbers = sorted(work.steps)
    first = numbers[-kept.steps] if kept.steps else None
    source = "none" if first is None else f"steps {first} to {numbers[-1]}" if kept.steps > 1 else f"step {first}"
    told = "".join(f"{message.content}{message.tool_calls or ''}" for message in kept.messages)
    notes = []
    if kept.cut:
        notes.append("its output is cut")
    if kept.steps < len(numbers):
        notes.append(f"steps {numbers[0]} to {numbers[-kept.steps - 1]} are left out, and told of in `done`")
    return Section(name="steps", source=source, text=told, budget=max(0, budget), note="; ".join(notes))

"""What a model saw at a step, and why: the exact messages, and the sections that they were made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agents.calls import with_own_ids
from agents.conversation import estimate
from agents.events import ContextRebuilt, ContextSection, ConversationTakenOver, Event, ModelAnswered, ModelAsked
from agents.model import Message, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSeen:
    """One request: its `messages`, of which the first `opening` are told of by `sections`; `since` are later steps.

    `usage` is what the provider counted, None where it did not answer. `rebuilt` is the newest rebuild before it.
    """

    asked: ModelAsked
    messages: tuple[Message, ...]
    opening: int = 0
    sections: tuple[ContextSection, ...] = ()
    since: tuple[int, ...] = ()
    usage: Usage | None = None
    rebuilt: ContextRebuilt | None = None

    def all_sections(self) -> tuple[ContextSection, ...]:
        """What it was made of, what it has grown by since, and the rest."""
        told = [*self._opening(), *self._since()]
        rest = max(0, self.asked.prompt_estimate - sum(section.tokens for section in told))
        return (*told, _section("rest", "tools, and what a provider counts beyond our estimate", rest))

    def _opening(self) -> tuple[ContextSection, ...]:
        source = "another run, or an older program: nothing is told of its sections"
        return self.sections or (_section("opening", source, estimate(self.messages[: self.opening])),)

    def _since(self) -> Iterable[ContextSection]:
        if self.since:
            first, last = self.since[0], self.since[-1]
            steps = f"steps {first} to {last}" if last > first else f"step {first}"
            yield _section("since", f"{steps}, whole", estimate(self.messages[self.opening :]))


@dataclass(slots=True)
class _Telling:
    """The conversation of an agent on its way through the events."""

    messages: list[Message] = field(default_factory=list)
    opening: int = 0
    sections: tuple[ContextSection, ...] = ()
    since: list[int] = field(default_factory=list)
    rebuilt: ContextRebuilt | None = None
    asked_at: int | None = None

    def ask(self, event: ModelAsked) -> ContextSeen:
        """A request; the one before it, where it had no answer, counts as not asked."""
        if event.step == 1 and self.since:
            # Older programs began a conversation anew under the same name.
            self.messages, self.since, self.rebuilt, self.opening = [], [], None, 0
        elif self.asked_at is not None:
            del self.messages[self.asked_at :]
        self.asked_at = len(self.messages)
        self.messages += event.added
        self.opening = self.opening or len(self.messages)
        self.sections = tuple(event.sections) or self.sections
        return ContextSeen(
            asked=event,
            messages=tuple(self.messages),
            opening=self.opening,
            sections=self.sections,
            since=tuple(self.since),
            rebuilt=self.rebuilt,
        )

    def answer(self, event: ModelAnswered) -> None:
        """An answer."""
        self.messages.append(with_own_ids(event.message))
        self.since.append(event.step)
        self.asked_at = None

    def rebuild(self, event: ContextRebuilt | ConversationTakenOver) -> None:
        """Another conversation in its place."""
        rebuilt = event if isinstance(event, ContextRebuilt) else None
        self.messages, self.sections = list(event.messages), tuple(rebuilt.sections if rebuilt else ())
        self.since, self.rebuilt, self.asked_at, self.opening = [], rebuilt, None, len(event.messages)


def context_seen(events: Iterable[Event], *, agent: str, step: int) -> ContextSeen | None:
    """The last request of a step of `agent`, by the events of its task, oldest first; None where there is none."""
    telling, seen = _Telling(), None
    for event in events:
        if getattr(event, "agent", None) != agent:
            continue
        match event:
            case ModelAsked():
                asked = telling.ask(event)
                seen = asked if event.step == step else seen
            case ModelAnswered():
                telling.answer(event)
                if seen is not None and event.step == step:
                    seen = replace(seen, usage=event.usage)
            case ContextRebuilt() | ConversationTakenOver():
                telling.rebuild(event)
            case _:
                pass
    return seen


def agents_with(events: Iterable[Event], *, step: int) -> list[str]:
    """Who was asked a step of that number."""
    asked = (event.agent for event in events if isinstance(event, ModelAsked) and event.step == step)
    return list(dict.fromkeys(asked))


def _section(name: str, source: str, tokens: int) -> ContextSection:
    return ContextSection(name=name, source=source, tokens=tokens, whole=tokens)

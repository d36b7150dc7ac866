"""A part of what a model is shown: what it is, where it comes from, and how much room it was given."""

from __future__ import annotations

from dataclasses import dataclass

from agents.conversation import tokens_of
from agents.events import ContextSection
from agents.fence import one_line

SOURCE_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """`whole` is the tokens that it would have without its `budget`, where it was cut for that; `note` says how."""

    name: str
    source: str
    text: str
    whole: int | None = None
    budget: int | None = None
    note: str = ""

    @property
    def tokens(self) -> int:
        """About how many it has, by our estimate."""
        return tokens_of(self.text)

    def told(self) -> ContextSection:
        """As the journal holds it: all but the words, which are in the messages."""
        return ContextSection(
            name=self.name,
            source=one_line(self.source, SOURCE_CHARS),
            tokens=self.tokens,
            whole=self.tokens if self.whole is None else self.whole,
            budget=self.budget,
            note=self.note,
        )

"""What a role hands to `finish`: untrusted, so checked, and bounded."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Line = Annotated[str, Field(min_length=1, max_length=1000)]
MOST_LEARNT = 3
"""Facts that one result may propose to remember."""

Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Learning(_Result):
    """Of a role that sees how the repository works: facts for later runs, proposed to the user."""

    learnt: Annotated[tuple[Line, ...], Field(max_length=MOST_LEARNT)] = ()


class Findings(_Learning):
    """An investigator's: facts with their places."""

    findings: Text


class Change(_Learning):
    """An editor's: what changed and why, and what those who come after should know."""

    summary: Text
    notes: Annotated[str, Field(max_length=20_000)] = ""


class Evidence(_Result):
    """One thing that a tester tried."""

    command: Line
    what_happened: Text


class TestVerdict(_Learning):
    """A tester's: pass or fail, and what it rests on."""

    __test__ = False

    verdict: Literal["pass", "fail"]
    evidence: Annotated[tuple[Evidence, ...], Field(min_length=1, max_length=50)]


class Comment(_Result):
    """One thing that has to change, or is worth saying; line 0 is the whole file."""

    file: Line
    line: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    text: Text


class Review(_Learning):
    """A reviewer's: approve, or ask for changes with at least one comment that says which."""

    verdict: Literal["approve", "changes"]
    comments: Annotated[tuple[Comment, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _changes_are_named(self) -> Review:
        if self.verdict == "changes" and not self.comments:
            raise ValueError("asking for changes needs at least one comment")
        return self


class ProposedTask(_Result):
    """A task as a coordinator may propose it: gates, limits, network and policy are the plan's, never a model's."""

    id: Line
    role: Literal["investigator", "editor", "tester", "reviewer"]
    goal: Text
    needs: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    paths: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    verify: Annotated[tuple[Line, ...], Field(max_length=20)] = ()


class Coordination(_Result):
    """A coordinator's: the tasks that make a goal, or another approach to one that failed, or that it can't be done."""

    decision: Literal["tasks", "another approach", "give up"]
    why: Text
    advice: Annotated[str, Field(max_length=20_000)] = ""
    tasks: Annotated[tuple[ProposedTask, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _it_says_what_it_decides(self) -> Coordination:
        if (self.decision == "tasks") != bool(self.tasks):
            raise ValueError('`tasks` go with the decision "tasks", and with no other')
        if self.decision == "another approach" and not self.advice.strip():
            raise ValueError("another approach needs `advice` that says which")
        return self


RoleResult = Findings | Change | TestVerdict | Review | Coordination

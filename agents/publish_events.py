"""What was about to be done to the user's repository, and what was."""

from __future__ import annotations

from typing import Literal

from agents.step_events import JournalEvent


class PublishStarted(JournalEvent):
    """What is about to be done to the user's repository; without its end the effect is unknown and looked up."""

    kind: Literal["publish started"] = "publish started"
    refs: dict[str, str]
    base_branch: str | None = None
    base_before: str | None = None
    base_after: str | None = None


class PublishEnded(JournalEvent):
    """What was done to the user's repository."""

    kind: Literal["publish ended"] = "publish ended"
    refs: dict[str, str]
    moved: bool
    why_not: str | None = None

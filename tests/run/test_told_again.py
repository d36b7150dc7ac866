"""A kill behind a checkpoint: what that save refused or ignored is told as it would have been without the kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.events import CheckpointTaken, ModelAsked
from agents.model import Message
from agents.shown import shown, told_of_files
from orchestrator.journal.fold import event_of
from orchestrator.run.left_off import left_off
from sandbox.sandbox import Command, CommandResult
from tests.fakes.model import finish, shell
from tests.fakes.sandbox import FakeSandbox
from tests.run.whole_run import Asked, WholeRun, no_sandboxes

__all__ = ["no_sandboxes"]

pytestmark = pytest.mark.usefixtures("no_sandboxes")


class Littering(FakeSandbox):
    """Each command leaves a path of git's own beside a file that can be saved, and ignored ones."""

    async def ready(self) -> Littering:
        """It is, at once."""
        return self

    async def execute(self, command: Command) -> CommandResult:
        """Leave them."""
        self.files |= {".gitignore": b"*.pyc\n", "b.txt": b"b\n", ".git/config": b"[core]\n"}
        self.files |= {f"{number}.pyc": b"" for number in range(23)}
        return await super().execute(command)


def answer(asked: Asked) -> Message:
    """One command, then the end."""
    return finish() if asked.turn else shell("cat a.txt")


async def test_what_a_save_left_out_is_told_from_the_journal(tmp_path: Path) -> None:
    """Cut off behind the checkpoint, the journal gives what the next request said, to the letter."""
    whole = WholeRun(place=tmp_path, answer=answer, sandbox=Littering)
    await whole.run({"id": "port", "role": "editor", "goal": "Port it.", "gates": []})
    events = [event_of(row) for row in whole.rows if row.task == "port"]
    saved = next(place for place, event in enumerate(events) if isinstance(event, CheckpointTaken))
    said = next(event.added for event in events[saved:] if isinstance(event, ModelAsked))

    talk = left_off(events[: saved + 1], role="editor", keeps=True).talk("editor.1")
    assert talk is not None
    text = shown(talk.known[1], step=talk.step, notes=told_of_files(talk.left_out))
    assert ".git/config" in text
    assert "and 3 more" in text
    assert [message.content for message in said] == [text]

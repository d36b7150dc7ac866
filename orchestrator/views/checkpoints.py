"""The checkpoints of a run in a table, and what laying one out came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.rewind.checkpoints import Checkpoint
from orchestrator.rewind.restoring import Restored
from orchestrator.views.grid import Grid, Row
from orchestrator.views.styles import BAD, FAINT
from orchestrator.views.words import clock, listed, one_line, plural, short

_NAMES = ("TASK", "N", "STEP", "COMMIT", "TIME")
_FILES = 8


def checkpoints_view(found: Sequence[Checkpoint]) -> Iterator[RenderableType]:
    """A row for each, in the order in which they were taken, with the files that it changed."""
    rows = [Row(_cells(each), _text(each)) for each in found]
    yield Grid(names=_NAMES, rows=rows, right={1}, spare=(4, 3, 2, 1), spill={1, 2}, text_name="FILES")


def checkpoints_json(run: str, found: Sequence[Checkpoint]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "run": run,
            "task": each.task,
            "number": each.number,
            "agent": each.agent,
            "step": each.step,
            "commit": each.commit,
            "ref": each.ref,
            "time": each.time,
            "seq": each.seq,
            "files": list(each.files),
            "refused": list(each.refused),
            "ignored": list(each.ignored),
        }
        for each in found
    ]


def _cells(each: Checkpoint) -> tuple[Text, ...]:
    step = f"{each.agent} {each.step}" if each.agent is not None else "start"
    return (
        one_line(each.task),
        Text(str(each.number)),
        one_line(step),
        Text(short(each.commit)),
        Text(clock(each.time), style=FAINT),
    )


def _text(each: Checkpoint) -> Text:
    if each.agent is None:
        return Text("as the task began", style=FAINT)
    told = one_line(listed(each.files, _FILES))
    if each.refused:
        told.append("; " if told else "").append_text(one_line(f"not saved: {listed(each.refused, _FILES)}", BAD))
    return told


def restored_line(checkpoint: Checkpoint, restored: Restored, directory: Path) -> str:
    """What was laid out where."""
    parts = [plural(restored.files, "file")]
    parts += [plural(restored.links, "link")] if restored.links else []
    parts += [f"{plural(restored.submodules, 'submodule')} as an empty directory"] if restored.submodules else []
    where = f"checkpoint {checkpoint.number} of {checkpoint.task}"
    return f"{where}: {', '.join(parts)} in {directory}"


def restored_json(run: str, checkpoint: Checkpoint, restored: Restored, directory: Path) -> dict[str, Any]:
    """The same for programs."""
    return {
        **checkpoints_json(run, [checkpoint])[0],
        "tree": restored.tree,
        "directory": str(directory),
        "laid_out": {"files": restored.files, "links": restored.links, "submodules": restored.submodules},
    }

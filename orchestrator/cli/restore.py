"""`mimo-orchestrate restore`: the files of a task as they were after one of its steps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import CheckpointArgument, JsonOption, RunArgument, TaskArgument

DirectoryOption = Annotated[
    Path, typer.Option("-o", "--output", metavar="DIR", help="Where to; it must not exist, or be empty.")
]


def restore(
    run: RunArgument,
    task: TaskArgument,
    number: CheckpointArgument,
    *,
    output: DirectoryOption,
    json: JsonOption = False,
) -> None:
    """Lay out a task's files as they were at a checkpoint.

    In a new directory: your checkout, the run and its journal stay as they are.
    """
    from orchestrator.cli.selection import checkpoint_of
    from orchestrator.cli.state import here, open_journal, require_hub
    from orchestrator.cli.terminal import print_json, say
    from orchestrator.rewind.restoring import restore as lay_out
    from orchestrator.views.checkpoints import restored_json, restored_line

    repository = here()
    with open_journal(repository) as store:
        state, checkpoint = checkpoint_of(store, run, task, number)
    directory = output.expanduser().absolute()
    restored = lay_out(require_hub(repository), checkpoint.commit, directory, base=state.base_before)
    if json:
        print_json(restored_json(state.run, checkpoint, restored, directory))
    else:
        say(restored_line(checkpoint, restored, output))

"""`mimo-orchestrate clean`: what runs left behind is removed; with `--cache`, what they share as well."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.options import JsonOption

CacheOption = Annotated[
    bool, typer.Option("--cache", help="Remove images and setups that no unfinished run uses as well.")
]


def clean(*, cache: CacheOption = False, json: JsonOption = False) -> None:
    """Remove what finished runs left: containers, worktrees and logs."""
    import anyio

    from orchestrator.cli.state import here, state_of
    from orchestrator.cli.terminal import print_json, say
    from orchestrator.run.caches import caches_of
    from orchestrator.run.leftovers import remove_leftovers
    from orchestrator.run.unused import Freed, remove_unused
    from orchestrator.views.words import size

    state = state_of(here())
    removed = anyio.run(remove_leftovers, state)
    freed = anyio.run(remove_unused, caches_of(state)) if cache else Freed()
    removed += freed.removed
    if json:
        told = {"kept": freed.kept, "freed_bytes": freed.freed_bytes} if cache else {}
        print_json({"removed": removed, **told})
        return
    for name in removed:
        say(f"removed {name}")
    for name, why in freed.kept.items():
        say(f"kept {name}: {why}")
    if not removed:
        say("nothing to clean")
    elif cache:
        say(f"{size(freed.freed_bytes)} freed")

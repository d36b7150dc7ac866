"""`mimo-orchestrate clean`: what finished and crashed runs left behind is removed."""

from __future__ import annotations

from orchestrator.cli.options import JsonOption


def clean(*, json: JsonOption = False) -> None:
    """Remove what finished runs left: containers, volumes, worktrees and checkouts."""
    import anyio

    from orchestrator.cli.state import here, state_of
    from orchestrator.cli.terminal import print_json, say
    from orchestrator.run.leftovers import remove_leftovers

    removed = anyio.run(remove_leftovers, state_of(here()))
    if json:
        print_json({"removed": removed})
        return
    for name in removed:
        say(f"removed {name}")
    if not removed:
        say("nothing to clean")

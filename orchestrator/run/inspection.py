"""What a gate's agent is shown of a change: the diff, its extent, and how many tests there were and are."""

from __future__ import annotations

from functools import partial

from anyio import to_thread

from agents.assignment import Inspection
from orchestrator.airlock.diff import patch, stat
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.trees import LINK, list_tree, object_reader
from policies.census import count_tests, is_test_file


async def inspect(
    hub: Hub, *, start: str, commit: str, summary: str = "", verify_output: str = "", lost: tuple[str, ...] = ()
) -> Inspection:
    """The change from `start` to `commit` as a gate sees it; `lost` are lines that a resolved conflict lacks."""
    look = partial(_inspect, hub, start, commit, summary, verify_output, lost)
    return await to_thread.run_sync(look)


def _inspect(hub: Hub, start: str, commit: str, summary: str, verify_output: str, lost: tuple[str, ...]) -> Inspection:
    told = "\n".join(["Lines of either side that the resolved conflict lacks:", *lost]) if lost else ""
    return Inspection(
        diff=patch(hub.git, start, commit).decode(errors="replace"),
        stat=stat(hub.git, start, commit),
        summary="\n\n".join(part for part in (summary, told) if part),
        tests_before=tests_of(hub, start),
        tests_after=tests_of(hub, commit),
        verify_output=verify_output,
    )


def tests_of(hub: Hub, commit: str) -> int:
    """How many tests a commit has, as far as their form tells."""
    with object_reader(hub.git) as reader:
        files = [entry for entry in list_tree(hub.git, commit) if entry.mode != LINK and is_test_file(entry.path)]
        return count_tests((entry.path, reader.read(entry.oid)) for entry in files)

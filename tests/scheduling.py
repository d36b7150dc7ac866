"""Which tests never run beside each other: by file, and all together those that a crash of one shows to another.

A program that is killed leaves an empty cgroup, or a container that had not started, until the next command of any
program on the machine removes it and says so. What holds `clean` to its words must not run beside what kills.
"""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

CRASHES = (
    "tests/contracts/sandbox/test_end.py",
    "tests/contracts/sandbox/test_engine_lost.py",
    "tests/integration/test_crashes.py",
    "tests/integration/test_faults.py",
    "tests/integration/test_kills.py",
    "tests/integration/test_recipe.py",
    "tests/integration/test_starting_ahead.py",
    "tests/integration/test_stopping.py",
    "tests/integration/test_terminal.py",
    "tests/integration/test_worktrees.py",
    "tests/docs/test_sessions.py::test_a_page_is_true[how-to/clean-up]",
    "tests/docs/test_sessions.py::test_a_page_is_true[how-to/when-it-stopped]",
)
"""What kills programs that have sandboxes, and what holds `clean` to its words; by how their names begin."""


class Scheduling(LoadFileScheduling):  # type: ignore[misc]
    """One worker at a time for each file, and one for all of CRASHES."""

    def _split_scope(self, nodeid: str) -> str:
        return "crashes" if nodeid.startswith(CRASHES) else str(super()._split_scope(nodeid))

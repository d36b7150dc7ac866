"""Names and marks: unique, safe, and telling the living from the dead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.names import OWNER_LABEL, RUN_LABEL, TASK_LABEL, is_left_over, labels, owner, unique_name
from sandbox.sandbox import SandboxSpec


def spec(run: str = "run-1", task: str = "task") -> SandboxSpec:
    """A spec with nothing behind it."""
    return SandboxSpec(run=run, task=task, worktree=Path("/none"), base_objects=Path("/none"))


def test_names_are_unique_and_safe() -> None:
    """Two sandboxes of one task have two names, made of what any engine takes."""
    first, second = (unique_name(spec(run="R un/../;$(id)")) for _ in range(2))
    assert first != second
    assert set(first) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    assert len(unique_name(spec(run="r" * 1000))) < 128


def test_labels() -> None:
    """A sandbox bears its run, its task and its owner."""
    assert labels(spec()) == {RUN_LABEL: "run-1", TASK_LABEL: "task", OWNER_LABEL: owner()}


def test_ours_is_in_use() -> None:
    """What this process made is not left over."""
    assert not is_left_over(labels(spec()))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({0: "another-boot"}, True),
        ({2: "4194304"}, True),
        ({3: "1"}, True),
        ({1: "pid:[1]"}, False),
        ({2: "not-a-number"}, False),
    ],
    ids=["rebooted", "gone", "number used again", "unknown namespace", "garbage"],
)
def test_the_dead_are_known(change: dict[int, str], expected: bool) -> None:
    """An owner of an earlier boot or without a process is gone; one that can't be seen from here may live."""
    parts = owner().split(" ")
    for index, value in change.items():
        parts[index] = value
    assert is_left_over({OWNER_LABEL: " ".join(parts)}) is expected
    assert parts[2] != str(os.getpid()) or 2 not in change


def test_what_bears_no_owner_is_left_alone() -> None:
    """A container that is not marked as ours is none of our business."""
    assert not is_left_over({})

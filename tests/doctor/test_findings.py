"""What `doctor` makes of what it found: whether a run can start, how it is shown, and that no value is."""

from __future__ import annotations

import json
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from orchestrator.doctor import machine, sandboxes
from orchestrator.doctor.credentials import ENDPOINTS, KEYS, the_credentials
from orchestrator.doctor.finding import Condition, Finding, can_start, missing, note, ok
from orchestrator.views.doctor import doctor_json, doctor_view
from sandbox.docker import DockerBackend
from sandbox.probes import limit_probes


def page(*findings: Finding, backend: str | None = None) -> str:
    """The page of these findings, on a terminal of 80 columns without colour."""
    out = StringIO()
    console = Console(file=out, width=80, no_color=True, markup=False, highlight=False)
    for part in doctor_view(findings, backend):
        console.print(part)
    return out.getvalue()


def test_what_is_needed_and_missing_keeps_a_run_from_starting() -> None:
    """Anything else does not."""
    assert can_start([ok("a", ""), note("b", ""), missing("c", "", needed=False)])
    assert not can_start([ok("a", ""), missing("b", "")])


def test_a_page_tells_each_thing_once() -> None:
    """How it is, its name where it is a new one, what was found, and what to do."""
    shown = page(ok("git", "version 2"), ok("git", "works"), missing("state", "full", "make room"))
    assert shown.splitlines() == [
        "ok       git          version 2",
        "ok                    works",
        "missing  state        full",
        "                      -> make room",
        "",
        "a run can't start here yet: see what is missing",
    ]


def test_what_was_found_can_not_steer_the_terminal() -> None:
    """Names of files and words of an engine are escaped."""
    assert "\\x1b[2J" in page(ok("state", "/a\x1b[2J/b"), backend="docker")


SECRETS = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=12, max_size=60)


@given(values=st.dictionaries(st.sampled_from((*KEYS, *ENDPOINTS)), SECRETS, min_size=1))
def test_no_value_of_a_variable_is_shown(values: dict[str, str]) -> None:
    """Names of variables are, and nothing that depends on what they hold."""
    found = the_credentials(values)
    assert found == the_credentials(dict.fromkeys(values, "x"))
    assert found.condition is Condition.OK
    told = page(found) + json.dumps(doctor_json([found], None))
    assert [name for name in values if name not in told] == []


@given(values=st.dictionaries(st.sampled_from((*KEYS, *ENDPOINTS)), st.just("")))
def test_an_empty_variable_is_not_set(values: dict[str, str]) -> None:
    """It is named as what it is."""
    found = the_credentials(values)
    assert found.condition is Condition.MISSING
    _, _, empty = found.found.partition("; empty: ")
    assert set(empty.split(", ")) - {""} == set(values)


def test_little_room_is_worth_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told before a large history is copied there, not after."""
    assert machine.the_state(lambda: tmp_path / "a" / "b").condition is Condition.OK
    monkeypatch.setattr(machine, "ROOM_BYTES", 2**70)
    told = machine.the_state(lambda: tmp_path / "a" / "b")
    assert told.condition is Condition.NOTE
    assert str(tmp_path / "a" / "b") in told.found
    assert list(tmp_path.iterdir()) == []


@pytest.mark.docker
def test_a_limit_that_nobody_holds_is_worth_a_note() -> None:
    """Where bubblewrap may make no cgroup a run can start, and what would hold CPU time is said."""
    found = [sandboxes._probed("bubblewrap", probe) for probe in limit_probes({})]
    assert [finding.condition for finding in found] == [Condition.OK, Condition.OK, Condition.NOTE]
    assert "systemd-run" in page(*found)


@pytest.mark.docker
async def test_an_image_that_is_not_built_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said what it will be built from, and where that is not here, how to get it."""
    backend = DockerBackend()
    for base, here in ((await backend.ensure_image(), True), ("no-such-image:here", False)):
        monkeypatch.setattr(backend, "default_image", partial(_unbuilt, base))
        (image,) = await sandboxes._image(backend)
        assert base in image.found
        assert image.condition is (Condition.OK if here else Condition.NOTE)
        assert (image.remedy is None) is here


async def _unbuilt(base: str) -> tuple[str, str, bool]:
    return "mimo-orchestrate:unbuilt", base, False


@pytest.mark.parametrize(
    ("chosen", "works", "condition", "says"),
    [
        ("docker", ["docker"], Condition.OK, "docker"),
        ("docker", ["bubblewrap"], Condition.NOTE, "--backend bubblewrap"),
        (None, [], Condition.MISSING, "either is enough"),
    ],
)
def test_the_backend_that_a_run_takes(chosen: str | None, works: list[str], condition: Condition, says: str) -> None:
    """An engine that answers is taken by a run even where no container opens: then the other has to be asked for."""
    told = sandboxes._choice(chosen, works)
    assert told.condition is condition
    assert says in f"{told.found} {told.remedy}"

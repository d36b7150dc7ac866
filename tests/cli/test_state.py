"""Where the program keeps what it knows, for users who have no place of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.cli.boundary import guarded
from orchestrator.cli.state import state_home


def homeless(*_: object, **__: object) -> str:
    """What is asked for a user's place raises so where there is none."""
    raise RuntimeError("could not determine the home directory")


def test_a_user_without_a_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 4 and which variables help; a bug met there still leaves its report."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("platformdirs.user_state_dir", homeless)
    assert guarded(lambda: len(str(state_home()))) == 4
    assert "set HOME, or point XDG_STATE_HOME at a directory" in capsys.readouterr().err
    assert guarded(lambda: int("bug")) == 5
    assert f"please send {tmp_path}/" in capsys.readouterr().err

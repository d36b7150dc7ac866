"""Terminals: colour only where it is wanted, results apart from progress, and nothing read as markup."""

from __future__ import annotations

import io
import json
import os
import sys

import pytest
from rich.table import Table
from rich.text import Text

from orchestrator.cli.terminal import (
    is_lively,
    is_scrolled,
    print_json,
    print_json_lines,
    print_page,
    progress_console,
    results_console,
    say,
    show_paged,
)
from orchestrator.views.typed import typed
from tests.cli.display import plugged_in


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def on_screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal on stdout, from now on: a fixture would set it before the capture of the test begins."""
    stream = Screen()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return stream


def test_colour_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets colour."""
    screen = on_screen(monkeypatch)
    results_console().print("text", style="red")
    assert "\x1b[31m" in screen.getvalue()


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR switches colour off on a terminal."""
    screen = on_screen(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    results_console().print("text", style="red")
    assert "\x1b[31m" not in screen.getvalue()


def test_pipes_get_plain_and_whole_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal there are no escapes, whatever the environment would force, and lines are not wrapped."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("COLUMNS", raising=False)
    show_paged(["word " * 60])
    results_console().print("text", style="red")
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 2


def test_results_and_progress_are_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """Results go to stdout, what is said meanwhile to stderr."""
    results_console().print("result")
    progress_console().print("progress")
    say("said\ntwice \x1b[2J")
    captured = capsys.readouterr()
    assert captured.out == "result\n"
    assert captured.err == "progress\nsaid\ntwice \\x1b[2J\n"


def test_square_brackets_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    """What looks like markup or an emoji's name is printed as it is."""
    results_console().print("[red]x[/red] :smile: [link=https://example.com]y[/link]")
    assert capsys.readouterr().out == "[red]x[/red] :smile: [link=https://example.com]y[/link]\n"


def test_json_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON for programs can't steer a terminal that it is shown on."""
    print_json({"text": "\x1b[2J\u202e"})
    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x1b" not in out
    assert json.loads(out) == {"text": "\x1b[2J\u202e"}


@pytest.mark.parametrize(
    ("stdin", "term", "scrolled"), [(True, "xterm", False), (True, "dumb", True), (False, "", True)]
)
def test_a_terminal_without_a_pager_scrolls(
    monkeypatch: pytest.MonkeyPatch, stdin: bool, term: str, scrolled: bool
) -> None:
    """Where nobody can turn pages, the end of a page is what is seen of it; a pipe has no such end."""
    on_screen(monkeypatch)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys, "stdin", Screen() if stdin else io.StringIO())
    assert is_scrolled() is scrolled
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert is_scrolled() is False


def test_what_may_not_be_cut_is_longer_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is to be pasted goes out whole, however narrow the terminal is."""
    screen = on_screen(monkeypatch)
    monkeypatch.setenv("COLUMNS", "20")
    print_page([typed("status", "x" * 50)])
    assert "x" * 50 in screen.getvalue()


def test_a_letter_that_the_locale_lacks_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is shown in any locale: what its encoding can't say stands there as an escape."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    print_page([Text("cut here…")])
    sys.stdout.flush()
    assert written.getvalue() == b"cut here\\u2026\n"


def test_the_pager_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets a pager that passes colours and keeps short texts on the screen, for the time of the page."""
    on_screen(monkeypatch)
    seen: list[tuple[str, str | None]] = []
    monkeypatch.setattr(sys, "stdin", Screen())
    monkeypatch.setattr("pydoc.pager", lambda text: seen.append((text, os.environ.get("LESS"))))
    monkeypatch.delenv("LESS", raising=False)
    show_paged(["page"])
    assert [less for _, less in seen] == ["FRX"]
    assert "page" in seen[0][0]
    assert "LESS" not in os.environ


@pytest.mark.parametrize(
    ("environment", "events", "lively"),
    [
        ({}, None, True),
        ({}, "events.jsonl", True),
        ({}, "-", False),
        ({"NO_COLOR": "1"}, None, False),
        ({"NO_COLOR": ""}, None, True),
        ({"TERM": "dumb"}, None, False),
        ({"TERM": ""}, None, False),
    ],
)
def test_a_live_view_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], events: str | None, lively: bool
) -> None:
    """NO_COLOR, a dumb terminal and events on stdout mean plain lines."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with plugged_in() as pty:
        monkeypatch.setattr(sys, "stdout", pty.stream)
        monkeypatch.setattr(sys, "stderr", pty.stream)
        assert is_lively(events) is lively


@pytest.mark.parametrize("piped", ["stdout", "stderr"])
def test_a_live_view_needs_both_streams(monkeypatch: pytest.MonkeyPatch, piped: str) -> None:
    """With one of them in a pipe or a file there are plain lines."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with plugged_in() as pty:
        monkeypatch.setattr(sys, "stdout", pty.stream)
        monkeypatch.setattr(sys, "stderr", pty.stream)
        monkeypatch.setattr(sys, piped, io.StringIO())
        assert not is_lively()


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On either stream, in a page of any width and style, in JSON; and a number stays a number."""
    secret = "canary-0123456789-of-a-key"
    monkeypatch.setenv("CANARY_KEY", secret)
    monkeypatch.setenv("PIN_TOKEN", "12345678")
    monkeypatch.setenv("COLUMNS", "20")
    page = Table("a", "b")
    page.add_row(Text(f"words before {secret} and behind", style="red"), f"a word {secret}")
    say(f"said {secret}")
    print_page([page, Text(secret).append(" more", style="bold"), secret])
    print_json({"a": secret, "n": 12345678, "s": "12345678"})
    print_json_lines([{secret: [secret]}])
    seen = capsys.readouterr()
    assert "said [redacted CANARY_KEY]" in seen.err
    assert "canary" not in seen.out + seen.err
    assert '"n": 12345678' in seen.out
    assert '"s": "[redacted PIN_TOKEN]"' in seen.out
    assert '{"[redacted CANARY_KEY]": ["[redacted CANARY_KEY]"]}' in seen.out

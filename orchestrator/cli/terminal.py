"""The terminal: results on stdout, progress on stderr, colour only where it is wanted, hostile text made harmless.

Nothing that came from a file, a model or a command is ever read as markup: consoles have it switched off, and views
build `rich.text.Text`.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

from orchestrator.cli.keys import in_foreground
from orchestrator.cli.screen import SCREEN
from orchestrator.telling.known import KNOWN
from policies.printable import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

__all__ = [
    "Unread",
    "is_scrolled",
    "print_json",
    "print_json_lines",
    "print_page",
    "printable",
    "progress_console",
    "results_console",
    "say",
    "show_paged",
    "write_results",
]

UNBOUNDED_COLUMNS = 1_000_000
"""The width for readers that are no terminal: no line is ever broken, so that `grep` sees it whole."""


class Unread(Exception):
    """Whoever read the results has gone, as in `| head -1`: what is left to do is to end in silence."""


def results_console() -> Console:
    """Where results go."""
    return _console(sys.stdout)


def progress_console() -> Console:
    """Where progress, questions and complaints go."""
    return _console(SCREEN.stderr)


def say(text: str, style: str = "") -> None:
    """One message for the user on stderr; its lines stay lines, everything else unsafe is escaped.

    `style` is how it looks above a live region; plain lines have none.
    """
    SCREEN.say(text, style)


def is_lively(events: str | None = None) -> bool:
    """Whether a run can be shown live: on terminals that can do it, listen to us, and that nobody wants to be plain.

    `events` is where `--events` writes to.
    """
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") in {"", "dumb", "unknown"}
    if plain or events == "-" or not (sys.stdout.isatty() and sys.stderr.isatty()):
        return False
    return sys.stderr.encoding.lower() == "utf-8" and in_foreground(sys.stderr.fileno())


def write_results(text: str) -> None:
    """Write to stdout at once, without secrets; raises Unread."""
    _write(KNOWN.text(text))


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise Unread from None


def print_json(value: Any) -> None:
    """One JSON document on stdout; pure ASCII, so that no terminal can be steered by it."""
    _write(_document(value, indent=2))


def print_json_lines(values: Iterable[Any]) -> None:
    """One JSON value a line on stdout, each as soon as it is there."""
    for value in values:
        _write(_document(value))


def _document(value: Any, indent: int | None = None) -> str:
    import json

    text = json.dumps(value, indent=indent)
    # Looked for in the text, replaced in the structure: a secret of digits must not turn a number into a word.
    return (json.dumps(KNOWN.data(value), indent=indent) if KNOWN.finds(text) else text) + "\n"


def print_page(renderables: Iterable[RenderableType]) -> None:
    """Print results, each as soon as it is there; raises Unread."""
    _show(results_console(), renderables)


def show_paged(renderables: Iterable[RenderableType]) -> None:
    """Print results, through a pager if stdout and stdin are a terminal; raises Unread."""
    console = results_console()
    with _pager(console) if console.is_terminal and not is_scrolled() else _plainly():
        _show(console, renderables)


def _show(console: Console, renderables: Iterable[RenderableType]) -> None:
    for renderable in renderables:
        # A command line that is to be pasted is longer than a narrow terminal is wide, and never cut.
        console.print(renderable, crop=False)


def is_scrolled() -> bool:
    """Whether what `show_paged` prints runs over a terminal without a pager, so that its end is what is seen."""
    return sys.stdout.isatty() and not (sys.stdin.isatty() and os.environ.get("TERM") != "dumb")


@contextmanager
def _plainly() -> Iterator[None]:
    yield


@contextmanager
def _pager(console: Console) -> Iterator[None]:
    # As git does: colours pass, a text of one screen is just printed, and the screen keeps what was read.
    wanted = os.environ.get("LESS")
    if wanted is None:
        os.environ["LESS"] = "FRX"
    try:
        with console.pager(styles=not console.no_color):
            yield
    finally:
        if wanted is None:
            del os.environ["LESS"]


def _console(stream: IO[str]) -> Console:
    from rich.console import Console
    from rich.text import Text

    class GuardedConsole(Console):
        def on_broken_pipe(self) -> None:
            raise Unread

        def render(self, renderable: RenderableType, options: Any = None) -> Iterable[Any]:
            # Before lines are wrapped: a secret that is broken in two would not be known again when it is written.
            return super().render(_guarded(renderable) if isinstance(renderable, Text) else renderable, options)

    if isinstance(stream, io.TextIOWrapper):
        # A locale may lack letters that a goal or a file's name has: they are written out, the page is shown.
        stream.reconfigure(errors="backslashreplace")
    width = None if stream.isatty() or os.environ.get("COLUMNS", "").isdigit() else UNBOUNDED_COLUMNS
    # FORCE_COLOR and the like would put escapes into files: colour is for terminals alone.
    return GuardedConsole(
        file=cast("IO[str]", _Guarded(stream)),
        force_terminal=stream.isatty(),
        no_color=bool(os.environ.get("NO_COLOR")) or not stream.isatty(),
        width=width,
        markup=False,
        highlight=False,
        emoji=False,
    )


def _guarded(text: Text) -> Text:
    """The text without secrets, in the styles that it has."""
    at = 0
    parts: list[str | Text] = []
    for name, start, end in KNOWN.spans(text.plain):
        parts += [text[at:start], f"[redacted {name}]"]
        at = end
    if not parts:
        return text
    clean = text.blank_copy()
    for part in (*parts, text[at:]):
        clean.append(part)
    return clean


class _Guarded:
    """A stream whose texts are written without secrets; each is whole."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(KNOWN.text(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

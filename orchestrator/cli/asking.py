"""Questions at the terminal: a yes or no of the program's own, and what the policy wants asked."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.cli.screen import SCREEN
from orchestrator.cli.terminal import progress_console, say
from orchestrator.errors import UsageProblem
from policies.printable import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from agents.policy import Question
    from orchestrator.run.asker import Choice
    from orchestrator.tightening.always import NoRule, Offer, Permitted

POLL_SECONDS = 0.2

_CHOICES: dict[str, Choice] = {
    "o": "once",
    "once": "once",
    "r": "run",
    "run": "run",
    "a": "always",
    "always": "always",
    "n": "never",
    "no": "never",
    "never": "never",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """A rule that is offered for an answer; `permitted` reads past runs for what else it would have let run."""

    offer: Offer
    permitted: Callable[[], Sequence[Permitted]]


def confirm(question: str, gone: threading.Event | None = None) -> bool:
    """A yes or no of the user at the terminal; without a terminal the run goes on, since it was told.

    No is also the answer where `gone` says that nobody waits for it any more.
    """
    if not (sys.stdin.isatty() and SCREEN.stderr.isatty()):
        say("there is no terminal to ask: going on")
        return True
    gone = gone or threading.Event()
    with SCREEN.question(gone):
        return _answer(f"{question} [y/N] ", gone).strip().lower() in {"y", "yes"}


def prompt(
    question: Question,
    waiting: Callable[[], int],
    gone: threading.Event,
    *,
    always: Callable[[Question], Keeping | NoRule] | None = None,
) -> Choice:
    """Show what an agent wants, the rules that want it asked, and take the user's choice; end of input is a no.

    `always` is one of the choices where a rule can be offered for it; where none can, it is said why.
    """
    from orchestrator.views.kept_rule import no_rule_view
    from orchestrator.views.question import CHOICES, WITH_ALWAYS, choices_view, question_view

    keeping = always(question) if always is not None else None
    rule = keeping if isinstance(keeping, Keeping) else None
    with SCREEN.question(gone):
        _print(question_view(question, more=waiting(), width=progress_console().width))
        if keeping is not None and not isinstance(keeping, Keeping):
            _print(no_rule_view(keeping))
        while True:
            answer = _answer(WITH_ALWAYS if rule is not None else CHOICES, gone)
            if not answer:
                return "never"
            choice = _CHOICES.get(answer.strip().lower())
            if choice == "always" and rule is not None:
                if _is_kept(rule, gone):
                    return "always"
                if gone.is_set():
                    return "never"
            elif choice is not None and choice != "always":
                return choice
            else:
                _print(choices_view(question, always=rule is not None))


def _is_kept(rule: Keeping, gone: threading.Event) -> bool:
    """Whether the user takes the rule, and it was written."""
    from rich.text import Text

    from orchestrator.views.indent import Indented
    from orchestrator.views.kept_rule import KEPT, offer_view

    _print(offer_view(rule.offer, rule.permitted(), width=progress_console().width))
    if _answer("  keep it? [y/N] ", gone).strip().lower() not in {"y", "yes"}:
        return False
    try:
        rule.offer.keep()
    except UsageProblem as problem:
        _print([Indented(Text(f"it was not written: {printable(str(problem))}"))])
        return False
    _print([Indented(Text(f"{KEPT}; in this run exactly this is allowed"))])
    return True


def _print(parts: Iterable[RenderableType]) -> None:
    console = progress_console()
    for part in parts:
        console.print(part)


def _answer(question: str, gone: threading.Event) -> str:
    """The line that is typed behind the question; empty at the end of input, or when nobody waits for it any more."""
    if sys.stdin.isatty():
        # What was typed before the question was there is no answer to it.
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    SCREEN.stderr.write(question)
    SCREEN.stderr.flush()
    answer = _line(gone)
    if not (answer or gone.is_set()):
        SCREEN.stderr.write("\n")
    return answer


def _line(gone: threading.Event) -> str:
    """The next line that is typed; empty at the end of input, or when nobody waits for it any more.

    Not `readline`: a thread that is left in it holds up, or breaks, the end of the program.
    """
    typed = b""
    while not gone.is_set():
        ready, _, _ = select.select([sys.stdin.fileno()], [], [], POLL_SECONDS)
        if ready:
            chunk = os.read(sys.stdin.fileno(), 4096)
            typed += chunk
            if not chunk or b"\n" in typed:
                return typed.decode(errors="replace")
    return ""

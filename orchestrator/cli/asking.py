"""Questions at the terminal: a yes or no of the program's own, and what the policy wants asked."""

from __future__ import annotations

import os
import select
import sys
import threading
from typing import TYPE_CHECKING

from orchestrator.cli.terminal import say

if TYPE_CHECKING:
    from agents.policy import Question
    from orchestrator.run.asker import Choice

POLL_SECONDS = 0.2

_CHOICES: dict[str, Choice] = {"o": "once", "r": "run", "n": "never"}


def confirm(question: str, gone: threading.Event | None = None) -> bool:
    """A yes or no of the user at the terminal; without a terminal the run goes on, since it was told.

    No is also the answer where `gone` says that nobody waits for it any more.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        say("there is no terminal to ask: going on")
        return True
    say(f"{question} [y/N]")
    return _line(gone or threading.Event()).strip().lower() in {"y", "yes"}


def prompt(question: Question, gone: threading.Event) -> Choice:
    """Show what an agent wants, the rule that wants it asked, and take the user's choice; end of input is a no."""
    part = question.decision.deciding
    say(f"\n{question.task} ({question.role}) asks for leave:\n    {question.subject}")
    say(f"  rule {part.rule} ({part.file}:{part.line}): {part.why}")
    while True:
        say("  allow it [o]nce, for this [r]un, or [n]ever?")
        answer = _line(gone)
        if not answer:
            return "never"
        choice = _CHOICES.get(answer.strip().lower()[:1])
        if choice is not None:
            return choice


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

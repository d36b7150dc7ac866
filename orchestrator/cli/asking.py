"""Questions at the terminal: a yes or no of the program's own, and what the policy wants asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from orchestrator.cli.terminal import say

if TYPE_CHECKING:
    from agents.policy import Question
    from orchestrator.run.asker import Choice

_CHOICES: dict[str, Choice] = {"o": "once", "r": "run", "n": "never"}


def confirm(question: str) -> bool:
    """A yes or no of the user at the terminal; without a terminal the run goes on, since it was told."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        say("there is no terminal to ask: going on")
        return True
    say(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def prompt(question: Question) -> Choice:
    """Show what an agent wants, the rule that wants it asked, and take the user's choice; end of input is a no."""
    part = question.decision.deciding
    say(f"\n{question.task} ({question.role}) asks for leave:\n    {question.subject}")
    say(f"  rule {part.rule} ({part.file}:{part.line}): {part.why}")
    while True:
        say("  allow it [o]nce, for this [r]un, or [n]ever?")
        answer = sys.stdin.readline()
        if not answer:
            return "never"
        choice = _CHOICES.get(answer.strip().lower()[:1])
        if choice is not None:
            return choice

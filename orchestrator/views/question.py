"""A question to the human at the terminal: exactly what is asked for, which rules want it asked, and the choice."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import chop_cells
from rich.console import RenderableType
from rich.text import Text

from agents.policy import Question
from orchestrator.views.bound import bound_view
from orchestrator.views.indent import Indented
from orchestrator.views.styles import FAINT, HEADING, style_of
from orchestrator.views.words import one_line, plural
from policies.printable import printable
from policies.verdict import Part, Verdict

CHOICES = "  allow it [o]nce, for this [r]un, or [n]ever? "
WITH_ALWAYS = "  allow it [o]nce, for this [r]un, [a]lways, or [n]ever? "

_NEW_LINE, _GOES_ON = "  | ", "  : "
"""Before each line of what is asked for, and before the rest of one that is too long for the terminal.

Without a mark its text could begin a line of the terminal, and pass for a word of ours.
"""

_LONGEST = 2000


def question_view(question: Question, *, more: int, width: int) -> Iterator[RenderableType]:
    """The question, nothing of it cut; `more` wait behind it."""
    what = "run" if question.about == "command" else "land"
    yield Text.assemble("\n", one_line(f"{question.task} ({question.role})", HEADING), f" asks for leave to {what}")
    for mark, row in marked(question.subject, width=width):
        yield Text.assemble((mark, style_of("ask")), row)
    for part in question.decision.parts:
        if part.verdict is Verdict.ASK:
            yield from _reasons(part, alone=len(question.decision.parts) == 1)
    yield from (Indented(line, 2) for line in bound_view(question.bound))
    if more > 0:
        yield Text(f"  {plural(more, 'more question')} behind this one", FAINT)


def choices_view(question: Question, *, always: bool = False) -> Iterator[RenderableType]:
    """What each choice means; `always` is one where a rule can be offered."""
    for key, meaning in (
        ("o", "once: this time"),
        ("r", f"run: now and whenever a task's {question.role} asks for exactly this in this run"),
        *([("a", "always: as run, and shows a rule to keep for the runs to come")] if always else []),
        ("n", "never: neither now nor when exactly this is asked for again in this run; the agent is told"),
        ("Ctrl-C", "stops the run and leaves this open: `approve` answers it later, and `resume` goes on"),
    ):
        yield Indented(Text(meaning), 12, Text(f"    {key:<8}", style_of("ask")))


def marked(subject: str, *, width: int) -> Iterator[tuple[str, str]]:
    """All of what is asked for as lines that a terminal does not wrap, each with the mark that stands before it."""
    for line in subject.split("\n"):
        rows = chop_cells(printable(line), max(1, width - len(_NEW_LINE) - 1)) or [""]
        for number, row in enumerate(rows):
            yield (_GOES_ON if number else _NEW_LINE), row


def _reasons(part: Part, *, alone: bool) -> Iterator[RenderableType]:
    """Why a part has to be asked for; its text is the question's own where it is the only one."""
    if not alone:
        yield Indented(one_line(part.text, HEADING, limit=_LONGEST), 2)
    rule = one_line(f"rule {part.rule} ({part.file}:{part.line}): ", limit=_LONGEST)
    yield Indented(Text.assemble(rule, one_line(part.why, limit=_LONGEST)), 2 if alone else 4)
    if part.instead:
        yield Indented(one_line(f"instead: {part.instead}", limit=_LONGEST), 2 if alone else 4)

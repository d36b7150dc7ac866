"""`mimo-orchestrate approve` and `deny`: a human's answer to a question that waits."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.options import RunArgument

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The question, as `status` shows it, or how it begins.")]


def approve(run: RunArgument, question: IdArgument) -> None:
    """Allow what a waiting question asks for: this text, and no other."""
    _answer(run, question, allowed=True, why=None)


def deny(
    run: RunArgument,
    question: IdArgument,
    *,
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="The reason; the agent is told.")] = None,
) -> None:
    """Refuse what a waiting question asks for."""
    _answer(run, question, allowed=False, why=why)


def _answer(run: str, wanted: str, *, allowed: bool, why: str | None) -> None:
    from agents.events import QuestionAnswered
    from orchestrator.cli.selection import choose_question, read_state
    from orchestrator.cli.state import here, open_journal
    from orchestrator.cli.terminal import say

    with open_journal(here()) as store:
        state = read_state(store, run)
        question = choose_question(state, wanted)
        answer = QuestionAnswered(id=question.id, allowed=allowed, by="human", why=why)
        store.append(state.run, [(question.task, answer)])
    say(f"{'allowed' if allowed else 'refused'}: {question.subject}")
    if state.status != "running":
        say(f"go on: mimo-orchestrate resume {state.run}")

"""`mimo-orchestrate approve` and `deny`: a human's answer to a question that waits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.options import RunArgument
from orchestrator.errors import UsageProblem
from orchestrator.telling.known import KNOWN

if TYPE_CHECKING:
    from orchestrator.airlock.repository import UserRepository
    from orchestrator.journal.state import QuestionState, RunState

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The question, as `status` shows it, or how it begins.")]
AlwaysOption = Annotated[bool, typer.Option("--always", help="Keep a rule for it in .mimo/policy.yaml as well.")]
YesOption = Annotated[bool, typer.Option("--yes", help="With --always: keep the rule without asking.")]


def approve(run: RunArgument, question: IdArgument, *, always: AlwaysOption = False, yes: YesOption = False) -> None:
    """Allow what a waiting question asks for: this text, and no other."""
    _answer(run, question, allowed=True, why=None, keep=_Keep(yes=yes) if always else None)


def deny(
    run: RunArgument,
    question: IdArgument,
    *,
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="The reason; the agent is told.")] = None,
) -> None:
    """Refuse what a waiting question asks for."""
    _answer(run, question, allowed=False, why=why)


def _answer(run: str, wanted: str, *, allowed: bool, why: str | None, keep: _Keep | None = None) -> None:
    from agents.events import QuestionAnswered
    from orchestrator.cli.selection import choose_question, read_state
    from orchestrator.cli.state import here, open_journal
    from orchestrator.cli.terminal import say

    repository = here()
    with open_journal(repository) as store:
        state = read_state(store, run)
        question = choose_question(state, wanted)
        if keep is not None:
            why = keep(repository, state, question)
        told = KNOWN.kept.text(why) if why is not None else None
        answer = QuestionAnswered(id=question.id, allowed=allowed, by="human", why=told)
        store.append(state.run, [(question.task, answer)])
    say(f"{'allowed' if allowed else 'refused'}: {question.subject}")
    if state.status != "running":
        say(f"go on: mimo-orchestrate resume {state.run}")


class _Keep:
    """Keeps a rule for what is allowed, if the user says so."""

    def __init__(self, *, yes: bool) -> None:
        """Ask, unless it is said already."""
        self._yes = yes

    def __call__(self, repository: UserRepository, state: RunState, question: QuestionState) -> str:
        """Show the rule, and write it; returns the reason of the answer. Raises UsageProblem where it is not kept."""
        from orchestrator.cli.asking import Keeping, confirm
        from orchestrator.cli.keeping import keeping_waiting
        from orchestrator.cli.terminal import print_page, results_console, say
        from orchestrator.run.asker import KEPT
        from orchestrator.views import kept_rule

        rule = keeping_waiting(repository, state, question)
        without = f"allow it without: mimo-orchestrate approve {state.run} {question.id}"
        if not isinstance(rule, Keeping):
            raise UsageProblem(f"no rule can always allow it: {rule.why}", hint=without)
        print_page(kept_rule.offer_view(rule.offer, rule.permitted(), width=results_console().width))
        if not self._yes:
            if not (sys.stdin.isatty() and sys.stderr.isatty()):
                raise UsageProblem("nobody is there to ask whether to keep this rule", hint="add --yes to keep it")
            if not confirm("  keep it?"):
                raise UsageProblem("nothing was kept or answered", hint=without)
        rule.offer.keep()
        say(kept_rule.KEPT)
        return KEPT

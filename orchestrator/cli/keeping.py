"""Keeping an answer as a rule: which rule, in which file, and what past runs of the repository say about it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from orchestrator.cli.asking import Keeping

if TYPE_CHECKING:
    from agents.policy import Question
    from orchestrator.airlock.repository import UserRepository
    from orchestrator.journal.state import QuestionState, RunState
    from orchestrator.tightening.always import Asked, NoRule, Offer, Permitted


def keeping(repository: UserRepository, state: RunState, question: Question) -> Keeping | NoRule:
    """The rule for what an agent asks now, or why there is none."""
    from orchestrator.tightening.always import Asked

    asked = Asked(
        run=state.run,
        task=question.task,
        role=question.role,
        subject=question.subject,
        parts=question.decision.parts,
        layers=state.policy,
        named=state.plan.get("policy"),
        about=question.about,
    )
    return _offered(repository, asked)


def keeping_waiting(repository: UserRepository, state: RunState, question: QuestionState) -> Keeping | NoRule:
    """The same for a question that waits in the journal."""
    from orchestrator.plan.models import MAIN
    from orchestrator.tightening.always import Asked
    from policies.verdict import Part, Verdict

    # A command's question is named TASK.AGENT..., and an agent ROLE.NUMBER.
    role = question.id.removeprefix(f"{question.task or MAIN}.").partition(".")[0]
    asked = Asked(
        run=state.run,
        task=question.task or MAIN,
        role=role,
        subject=question.subject,
        parts=[Part(**{**part, "verdict": Verdict(part["verdict"])}) for part in question.parts],
        layers=state.policy,
        named=state.plan.get("policy"),
        about=question.about,
    )
    return _offered(repository, asked)


def _offered(repository: UserRepository, asked: Asked) -> Keeping | NoRule:
    from agents.redact import Redactor
    from orchestrator.tightening.always import Offer, offer
    from orchestrator.tightening.policy_file import PolicyOnDisk

    redactor = Redactor.of_environment(os.environ)
    offered = offer(asked, PolicyOnDisk(top=repository.top), redactor=redactor)
    if isinstance(offered, Offer):
        return Keeping(offer=offered, permitted=partial(_permitted, repository, offered))
    return offered


def _permitted(repository: UserRepository, offered: Offer) -> Sequence[Permitted]:
    from orchestrator.cli.state import open_journal
    from orchestrator.tightening.past import past_runs

    with open_journal(repository) as store:
        return list(offered.permitted(past_runs(store)))

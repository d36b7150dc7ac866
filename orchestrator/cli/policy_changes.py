"""`mimo-orchestrate policy changes`: what the rules on changes would say of a change of the past."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.options import JsonOption
from orchestrator.cli.policy_source import PolicyOption, RoleOption, load
from orchestrator.cli.terminal import print_json, show_paged

if TYPE_CHECKING:
    from orchestrator.airlock.git import Git
    from policies.policy import Policy
    from policies.verdict import Decision


def judge_range(
    revisions: Annotated[
        str, typer.Argument(metavar="RANGE", help="A..B, or one commit for what it changed.")
    ] = "HEAD",
    *,
    role: RoleOption = "editor",
    policy: PolicyOption = None,
    json: JsonOption = False,
) -> None:
    """Judge a change of the past as one that is to land; change nothing."""
    from orchestrator.cli.state import here
    from orchestrator.views.policy_changes import changes_view
    from policies.explain import decision_json

    loaded = load(policy)
    git = here().git
    decided = decision_json(_judged(git, *_commits(git, revisions), loaded, role))
    if json:
        print_json(decided)
    else:
        show_paged(changes_view(decided))


def _judged(git: Git, old: str, new: str, policy: Policy, role: str) -> Decision:
    from agents.redact import Redactor
    from orchestrator.airlock.diff import changes
    from orchestrator.airlock.judgeable import judgeable

    known = Redactor.of_environment(os.environ).found_in
    with judgeable(git, changes(git, old, new), old, new) as files:
        return policy.judge_changes(files, role=role, known=known)


def _commits(git: Git, revisions: str) -> tuple[str, str]:
    """The ends of `A..B`, of which either may be left out for HEAD; of one commit its first parent and itself.

    What comes before the first commit of all is nothing.
    """
    old, dots, new = revisions.partition("..")
    if dots:
        return _commit(git, old or "HEAD"), _commit(git, new or "HEAD")
    commit = _commit(git, revisions)
    parents = git.line(["rev-list", "--parents", "--max-count=1", commit]).split()[1:]
    return parents[0] if parents else git.line(["hash-object", "-t", "tree", "--stdin"], stdin=b""), commit


def _commit(git: Git, revision: str) -> str:
    from orchestrator.errors import UsageProblem

    found = git.attempt(["rev-parse", "--quiet", "--verify", "--end-of-options", f"{revision}^{{commit}}"])
    if found.code:
        hint = "a commit as git names it (HEAD~2, a branch, an id), or two with .. between them"
        raise UsageProblem(f"there is no commit {revision!r}", hint=hint)
    return found.stdout.decode().strip()

"""What is planted for git and terminals is real: a host that trusts its agents falls for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence

import pytest

from orchestrator.attack.git import try_git
from orchestrator.attack.git_escapes import GIT
from orchestrator.attack.git_site import Site
from orchestrator.attack.terminal import PAYLOADS, Arrived, try_terminal
from sandbox.attacks.escape import Verdict
from sandbox.attacks.scene import scene
from sandbox.backends import BACKENDS
from sandbox.sandbox import Record

FALLS_FOR = {
    "hooks",
    "hooks-path",
    "fsmonitor",
    "filters",
    "other-programs",
    "common-directory",
    "worktree-configuration",
    "included-configuration",
    "git-file",
    "bare-repository",
    "nested-repository",
    "submodule",
    "hidden-in-the-index",
    "spellings-of-git",
    "links-out-of-the-tree",
    "odd-files",
}
"""What plain git of any version falls for; the others need what not every version does."""


def trusting(site: Site, records: Sequence[Record]) -> None:
    """Take the work as tools do that trust their agents: git in the worktree, then a merge into the user's branch."""
    alternates = site.worktree / ".git" / "objects" / "info" / "alternates"
    if alternates.is_file():
        alternates.write_text(f"{site.hub.base.objects}\n")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        **{f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    worktree, user = str(site.worktree), str(site.checkout)
    for words in (
        [worktree, "status"],
        [worktree, "add", "-A"],
        [worktree, "diff", "--cached"],
        [worktree, "commit", "-m", "work"],
        [f"{worktree}/src/tool", "status"],
        [user, "fetch", worktree, "HEAD"],
        [user, "merge", "--no-edit", "FETCH_HEAD"],
    ):
        subprocess.run(
            ["git", "-C", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )


@pytest.mark.timeout(300)
async def test_git_on_a_trusting_host() -> None:
    """Plain git in the agent's worktree runs the agent's programs and lands what must not land."""
    with scene(None) as aim:
        outcomes = await try_git(BACKENDS["bubblewrap"](), aim, take=trusting)
    assert [outcome.name for outcome in outcomes] == [escape.name for escape in GIT]
    fell = {outcome.name for outcome in outcomes if outcome.verdict is Verdict.BROKEN}
    assert FALLS_FOR - fell == set()


def raw(arrived: Arrived) -> Iterator[str]:
    """What a program shows that hands on what it got."""
    yield arrived.output


async def test_a_terminal_that_is_sent_everything() -> None:
    """Every payload would steer a terminal, if it got there."""
    with scene(None) as aim:
        outcomes = await try_terminal(BACKENDS["bubblewrap"](), aim, show=raw)
    assert {outcome.name for outcome in outcomes if outcome.verdict is Verdict.BROKEN} == set(PAYLOADS)


async def test_pages_that_write_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the one function that makes text harmless taken away, pages send what steers a terminal."""
    monkeypatch.setattr("orchestrator.views.words.printable", lambda text: text)
    with scene(None) as aim:
        outcomes = await try_terminal(BACKENDS["bubblewrap"](), aim)
    assert {outcome.name for outcome in outcomes if outcome.verdict is Verdict.BROKEN} == set(PAYLOADS)

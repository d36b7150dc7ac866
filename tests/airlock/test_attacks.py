"""Every attack gets through a naive host, and none through the airlock."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.airlock.commits import commit, read_commit
from orchestrator.airlock.merge import merge
from orchestrator.airlock.messages import compose
from tests.airlock.attacks import ATTACKS, Attack, Stage
from tests.airlock.naive import NaiveStage
from tests.airlock.site import AUTHOR, Site


class AirlockStage:
    """The same agent behind the airlock: it has the directory, `.git` and all, and nothing else."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.top = site.top
        self.worktree = site.worktree()
        self.common = self.git_dir = self.worktree / ".git"
        self.start = site.base.commit
        self.work = site.base.commit

    def open_git(self) -> None:
        """Let the agent's git find the base's objects, which are elsewhere in a sandbox."""
        self.site.open_git(self.worktree)

    def checkpoint(self, message: str = "work") -> None:
        """Import what a snapshot says."""
        subject, _, body = message.partition("\n")
        self.work = commit(
            self.site.hub,
            tree=self.site.take(self.worktree).tree,
            parents=[self.start],
            message=compose(subject, body, {}),
            author=AUTHOR,
            when=1_700_000_000,
        )

    def land(self, message: str = "work") -> None:
        """Merge the work onto a main that another task had moved, and publish that."""
        self.checkpoint(message)
        other = self.site.put({"src/two.py": "x = 1\ny = 2\n"})
        merged = merge(self.site.hub, ours=other, theirs=self.work)
        tip = self.site.commit(merged.tree, other, self.work) if merged.clean else other
        assert self.site.land(tip).moved

    def message(self) -> bytes:
        """The message of the commit that holds the agent's work."""
        return read_commit(self.site.hub, self.work).message


def attempt(attack: Attack, stage: Stage, canary: Path) -> bool:
    """Let the agent do its part and the host its own; tells whether the attack got through."""
    attack.act(stage, canary)
    # Setting the trap may have sprung it: only what happens from here on counts.
    canary.unlink(missing_ok=True)
    if attack.land:
        stage.land(attack.message)
    else:
        stage.checkpoint(attack.message)
    return attack.through(stage, canary)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack_gets_through_a_naive_host(attack: Attack, user: Path, tmp_path: Path) -> None:
    """The attack is real: plain git on the host falls for it."""
    assert attempt(attack, NaiveStage(user, tmp_path), tmp_path / "canary")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack_ends_in_the_airlock(attack: Attack, site: Site, tmp_path: Path) -> None:
    """The same acts lead to nothing behind the airlock."""
    assert not attempt(attack, AirlockStage(site), tmp_path / "canary")


def test_honest_work_goes_through(site: Site, tmp_path: Path) -> None:
    """What the attacks are refused is not refused to everybody."""
    stage = AirlockStage(site)
    (stage.worktree / "src/one.py").write_text("a = 2\n")
    (stage.worktree / "src/link").symlink_to("one.py")
    stage.land()
    assert (site.top / "src/one.py").read_text() == "a = 2\n"
    assert (site.top / "src/two.py").read_text() == "x = 1\ny = 2\n"
    assert (site.top / "src/link").readlink() == Path("one.py")

"""Runs of which only the commands matter: each ran in a task that landed, and was judged by a policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.journal.state import TaskState
from orchestrator.tightening.judged import JudgedAct, JudgedRun
from policies.policy import Policy
from policies.verdict import Verdict

HUMAN = "human at the terminal"


def ran(policy: Policy, tasks: Mapping[str, Iterable[str]], *, run: str = "r1", yes: bool = True) -> JudgedRun:
    """A run whose tasks landed; where a command was asked about, a human said yes, or no."""
    acts = [
        _act(policy, run, task, step, command, yes)
        for task, commands in tasks.items()
        for step, command in enumerate(commands, start=1)
    ]
    return JudgedRun(
        run=run, policy=policy.layers, ask="prompt", tasks=dict.fromkeys(tasks, TaskState.LANDED), acts=tuple(acts)
    )


def _act(policy: Policy, run: str, task: str, step: int, command: str, yes: bool) -> JudgedAct:
    verdict = policy.judge_command(command, role="editor").verdict
    allowed = verdict is Verdict.ALLOW or (verdict is Verdict.ASK and yes)
    return JudgedAct(
        run=run,
        task=task,
        role="editor",
        agent="editor.1",
        step=step,
        id=f"editor.1.{step}.1",
        tool="shell",
        subject=command,
        verdict=verdict,
        allowed=allowed,
        answered_by=HUMAN if verdict is Verdict.ASK else None,
        parts=(),
        ran_well=True if allowed else None,
    )

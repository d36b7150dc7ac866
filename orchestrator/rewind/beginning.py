"""The first events of a fork, and in the hub what they name."""

from __future__ import annotations

from dataclasses import dataclass

from agents.events import ForkedFrom, RunStarted
from orchestrator.airlock import refs
from orchestrator.airlock.store import RefChange
from orchestrator.airlock.whole import is_whole
from orchestrator.errors import CannotRun
from orchestrator.plan.models import Plan
from orchestrator.rewind.checkpoints import START
from orchestrator.rewind.forking import Origin, Told, landed_before, taken_over
from orchestrator.run.opening import Beginning
from orchestrator.run.options import RunOptions
from orchestrator.version import version
from policies.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Where a run goes another way, and how: under this plan, as it was written, with these options and policy."""

    origin: Origin
    plan: Plan
    options: RunOptions
    policy: Policy

    def first(self, beginning: Beginning) -> list[Told]:
        """Put what the fork stands on under refs of its own; its events. Raises CannotRun, AirlockError."""
        self._keep(beginning)
        state, checkpoint = self.origin.state, self.origin.checkpoint
        task = state.tasks[checkpoint.task]
        started = RunStarted(
            program=version(),
            plan=self.plan.dumped(),
            plan_source=state.plan_source,
            plan_file=state.plan_file,
            base_branch=state.base_branch,
            base_commit=state.base_before,
            policy=dict(self.policy.layers),
            policy_hash=self.policy.hash,
            backend=beginning.backend,
            image=beginning.image,
            options=self.options.journalled(),
            forked_from=ForkedFrom(
                run=state.run,
                task=task.id,
                checkpoint=checkpoint.number,
                commit=checkpoint.commit,
                head=self.origin.head,
            ),
        )
        model = self.plan.models_of(task.role)[0]
        return [(None, started), *taken_over(self.origin, run=beginning.run, model=model)]

    def _keep(self, beginning: Beginning) -> None:
        state, checkpoint, hub = self.origin.state, self.origin.checkpoint, beginning.hub
        for commit in dict.fromkeys((checkpoint.commit, state.tip)):
            if not is_whole(hub, commit, base=state.base_before):
                what = f"our store does not have all of {commit[:12]}, on which the fork would stand"
                raise CannotRun(what, f"see what there is: mimo-orchestrate log {state.run} --checkpoints")
        kept = {refs.task_branch(beginning.run, task): commit for task, commit in landed_before(self.origin).items()}
        if checkpoint.number != START:
            kept[refs.checkpoint(beginning.run, checkpoint.task, checkpoint.number)] = checkpoint.commit
        if kept:
            hub.change([RefChange(ref=ref, old=None, new=commit) for ref, commit in kept.items()])

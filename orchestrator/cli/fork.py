"""`mimo-orchestrate fork`: from a checkpoint of a run another way, as a run of its own."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.options import (
    AllowRedBaseOption,
    AskOption,
    BackendOption,
    EventsOption,
    HoldOption,
    LimitOption,
    ModelOption,
    ParallelOption,
    RunArgument,
    RunJsonOption,
    StrictPolicyOption,
    VerboseOption,
)

if TYPE_CHECKING:
    from orchestrator.journal.state import RunState
    from orchestrator.plan.models import Plan
    from orchestrator.rewind.forking import Origin
    from orchestrator.run.options import RunOptions
    from policies.policy import Policy

TaskOption = Annotated[str, typer.Option("--task", metavar="TASK", help="The task that goes another way.")]
AtOption = Annotated[
    str, typer.Option("--at", metavar="N", help="Its checkpoint to go on from, or `last`; 0 begins it anew.")
]
PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy", metavar="POLICY", help="Another policy: a preset, a file of the base commit, or an absolute path."
    ),
]


def fork_(
    run: RunArgument,
    *,
    task: TaskOption,
    at: AtOption,
    model: ModelOption = None,
    policy: PolicyOption = None,
    backend: BackendOption = None,
    parallel: ParallelOption = None,
    hold: HoldOption = False,
    ask: AskOption = None,
    limit: LimitOption = None,
    allow_red_base: AllowRedBaseOption = False,
    strict_policy: StrictPolicyOption = False,
    json: RunJsonOption = False,
    events: EventsOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Go another way from a checkpoint, as a new run.

    With another model, policy or limits, if you like. The run that it is forked from stays as it is.
    """
    from orchestrator.cli.reopening import require_whole
    from orchestrator.cli.run import ask_mode
    from orchestrator.cli.selection import checkpoint_of, whole_journal
    from orchestrator.cli.state import here, open_journal
    from orchestrator.errors import UsageProblem
    from orchestrator.rewind.forking import origin_of
    from orchestrator.run.options import RunOptions

    options = RunOptions(
        backend=backend,
        model=model,
        parallel=parallel,
        hold=True if hold else None,
        ask=ask_mode(ask),
        limits=tuple(limit or ()),
        allow_red_base=allow_red_base,
        strict_policy=strict_policy,
    )
    with open_journal(here()) as store:
        state, checkpoint = checkpoint_of(store, run, task, at)
        require_whole(store, state.run)
        with whole_journal(state.run):
            origin = origin_of(list(store.events(state.run)), checkpoint)
    if parts := origin.state.tasks[task].parts:
        hint = f"name one of them: {', '.join(parts)}"
        raise UsageProblem(f"{task} of {state.run} was split by then, and its parts went on", hint=hint)
    raise typer.Exit(_run(origin, options, policy, as_json=json, events=events, verbose=verbose))


def _run(
    origin: Origin, options: RunOptions, policy: str | None, *, as_json: bool, events: str | None, verbose: bool
) -> int:
    from orchestrator.cli.reopening import plan_of
    from orchestrator.cli.session import Shown, Stop, run_session
    from orchestrator.cli.state import here, require_hub
    from orchestrator.cli.surroundings import surroundings
    from orchestrator.rewind.beginning import Fork
    from orchestrator.run.opening import open_begun_run
    from orchestrator.run.options import overlay

    repository = here()
    require_hub(repository)
    state = origin.state
    # What the run was granted when it went on is part of what it was.
    granted = replace(options, limits=(*state.options.get("limits", ()), *options.limits))
    written = overlay(_plan(state, options, policy), replace(granted, limits=()))
    plan = overlay(_with_tasks(written, plan_of(state)), granted)
    judged_by = _policy(state, written, policy, strict=options.strict_policy)
    fork = Fork(origin=origin, plan=written, options=granted, policy=judged_by)
    stop = Stop()
    with ExitStack() as closing:
        around = surroundings(repository, granted, closing, stopping=stop, events=events, verbose=verbose)
        opened = open_begun_run(around, plan, judged_by, base=state.base_before, first=fork.first)
        return run_session(opened, stop, Shown(as_json=as_json, allow_red_base=options.allow_red_base, events=events))


def _plan(state: RunState, options: RunOptions, policy: str | None) -> Plan:
    """The plan as the run began with it, on the same backend, with the policy that it is to have now."""
    from orchestrator.plan.models import Plan

    document = {**state.plan, "sandbox": {**state.plan["sandbox"], "backend": state.backend}}
    return Plan.rebuilt({**document, "policy": policy} if policy is not None else document)


def _with_tasks(plan: Plan, whole: Plan) -> Plan:
    """The plan with the tasks that the coordinator made."""
    from orchestrator.plan.models import Plan

    return Plan.rebuilt({**plan.dumped(), "tasks": whole.dumped()["tasks"]})


def _policy(state: RunState, plan: Plan, wanted: str | None, *, strict: bool) -> Policy:
    """The run's own policy, or the one that is wanted in its place, trusted as that of any run is."""
    from orchestrator.cli.asking import confirm
    from orchestrator.cli.state import here, state_of
    from orchestrator.cli.terminal import say
    from orchestrator.run.policy_source import policy_of_journal, policy_of_plan
    from orchestrator.run.trust import require_trust

    repository = here()
    policy = (
        policy_of_journal(state.run, state.policy, state.policy_hash)
        if wanted is None
        else policy_of_plan(repository, state.base_before, plan)
    )
    require_trust(policy, state_of(repository), strict=strict, confirm=confirm, say=say)
    return policy

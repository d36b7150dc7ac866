"""Opening a run: everything it needs is found, checked and journalled before the first agent starts."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from anyio import CancelScope, to_thread

from agents.circuit import Circuits
from agents.events import Event, PlanMade, Role, RunResumed, RunStarted
from agents.model import Model
from agents.models import ModelSettings, make_model
from agents.policy import Asker
from agents.price_table import price_of
from agents.recorder import Recorder
from agents.redact import Redactor
from orchestrator.airlock.base_store import BaseStore
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.removal import remove_worktree
from orchestrator.airlock.repository import Base, UserRepository
from orchestrator.airlock.saver import Saver
from orchestrator.airlock.user_config import identity
from orchestrator.errors import UsageProblem
from orchestrator.journal.fold import apply, fold
from orchestrator.journal.recorder import RunJournal
from orchestrator.journal.snapshots import keeping
from orchestrator.journal.state import RunState
from orchestrator.journal.store import JournalStore
from orchestrator.memory.run_memory import RunMemory, load_memory
from orchestrator.plan.models import Plan
from orchestrator.plan.proposal import users_commands
from orchestrator.run.ahead import worksites
from orchestrator.run.asker import DenyAsker, PromptAsker, RememberingAsker, RunPrompt, WaitAsker, refused_for_good
from orchestrator.run.budget import PriceOf, run_budget
from orchestrator.run.caches import caches_of
from orchestrator.run.context import RunContext
from orchestrator.run.identifier import new_run_id
from orchestrator.run.images import ensure_image
from orchestrator.run.lease import Held, lease, run_lock
from orchestrator.run.left_off import all_left_off
from orchestrator.run.leftovers import remove_leftovers
from orchestrator.run.options import AskMode, RunOptions
from orchestrator.run.owners import ROLES
from orchestrator.run.pricing import own_prices
from orchestrator.run.recipe import DEFAULT, PLAN, Recipe, recipe_of
from orchestrator.run.stores import mend_store
from orchestrator.telling.known import KNOWN
from orchestrator.telling.log import log_recorded, run_log
from orchestrator.version import version
from policies.policy import Policy
from sandbox.backends import choose
from sandbox.sandbox import Backend
from sandbox.telling import Log

LOG = Log("run")

PROGRAM = "mimo-orchestrate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where a run happens, and who watches it: `say` takes a line for the user, `prompt` asks them."""

    repository: UserRepository
    state_directory: Path
    options: RunOptions
    say: Callable[[str], None]
    prompt: RunPrompt
    watchers: tuple[Callable[..., None], ...] = ()
    show_log: Callable[[str], None] | None = None
    """Takes what the run's log is told as well, a line at a time."""
    stopping: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a new run has before its first event: its name, a place for what it makes, and where commands run."""

    run: str
    hub: Hub
    backend: str
    image: str | None


Settle = Callable[[JournalStore], tuple[RunState, Plan, Policy]]
"""Reads how a run stands, and its plan with what was granted since; nobody else writes its journal meanwhile."""

FirstEvents = Callable[[Beginning], list[tuple[str | None, Event]]]
"""Gives the events with which a run begins; what they name is in the hub by then."""


@asynccontextmanager
async def open_new_run(
    around: Surroundings,
    plan: Plan,
    *,
    plan_source: str,
    base: Base,
    policy: Policy,
    plan_file: str | None = None,
) -> AsyncIterator[RunContext]:
    """Begin a run; raises SandboxUnavailable, AirlockError, sqlite3.Error before anything is journalled."""

    def first(beginning: Beginning) -> list[tuple[str | None, Event]]:
        started = RunStarted(
            program=version(),
            plan=plan.dumped(),
            plan_source=plan_source,
            base_branch=base.branch,
            base_commit=base.commit,
            policy=dict(policy.layers),
            policy_hash=policy.hash,
            backend=beginning.backend,
            image=beginning.image,
            options=around.options.journalled(),
            plan_file=plan_file,
        )
        tasks = [task.model_dump(mode="json", by_alias=True, exclude_none=True) for task in plan.tasks]
        return [(None, started), *([(None, PlanMade(tasks=tasks))] if tasks else [])]

    async with open_begun_run(around, plan, policy, base=base.commit, first=first) as ctx:
        yield ctx


@asynccontextmanager
async def open_begun_run(
    around: Surroundings, plan: Plan, policy: Policy, *, base: str, first: FirstEvents
) -> AsyncIterator[RunContext]:
    """Begin a run with the events that `first` gives, and go on with what they leave on its way.

    Raises as `open_new_run`, and what `first` raises.
    """
    backend = await choose(plan.sandbox.backend)
    swept = await remove_leftovers(around.state_directory, (backend,))
    run = new_run_id(plan.name)
    KNOWN.also(plan.sandbox.secrets)
    with _journal(around, run) as (store, journal):
        LOG.info("leftovers.removed", names=swept)
        hub = await to_thread.run_sync(partial(_stores, around, base))
        recipe = await _recipe(around, plan, hub, base, backend)
        image = await ensure_image(recipe, backend, caches_of(around.state_directory, around.say))
        beginning = Beginning(run=run, hub=hub, backend=backend.name, image=image)
        await journal.append_all(await to_thread.run_sync(first, beginning))
        state = fold(store.events(run))
        memory = await _memory(around, plan, state, store, hub)
        ctx = await _context(around, plan, state, store, journal, hub, backend, policy, recipe, image, memory)
        ctx.left_off = all_left_off(store, state)
        async with _cleared(ctx):
            yield ctx


@asynccontextmanager
async def open_old_run(around: Surroundings, run: str, settle: Settle, *, resume: bool) -> AsyncIterator[RunContext]:
    """Open a run again; `resume` says that its tasks are gone on with.

    Nothing of it is read before it is ours: whoever worked on it until then may have made tasks. Raises as
    `open_new_run`, and what `settle` raises.
    """
    with _journal(around, run) as (store, journal):
        state, plan, policy = settle(store)
        KNOWN.also(plan.sandbox.secrets)
        backend = await choose(around.options.backend or state.backend)
        hub = await to_thread.run_sync(partial(_stores, around, state.base_before))
        left = await to_thread.run_sync(all_left_off, store, state) if resume else {}
        if resume:
            resumed = RunResumed(program=version(), options=around.options.journalled())
            told = [(task, event) for task, each in left.items() for event in each.interrupted]
            await journal.append_all([*told, (None, resumed)])
        LOG.info("leftovers.removed", names=await backend.sweep(run))
        recipe = await _recipe(around, plan, hub, state.base_before, backend)
        image = await ensure_image(
            recipe, backend, caches_of(around.state_directory, around.say), journalled=state.image
        )
        fresh = fold(store.events(run))
        memory = await _memory(around, plan, fresh, store, hub)
        ctx = await _context(around, plan, fresh, store, journal, hub, backend, policy, recipe, image, memory)
        ctx.left_off = left
        if resume:
            await mend_store(ctx)
        async with _cleared(ctx):
            yield ctx


@asynccontextmanager
async def open_to_repeat(
    around: Surroundings, state: RunState, plan: Plan, policy: Policy
) -> AsyncIterator[RunContext]:
    """A place like that of a run, to do again what it did: its name and its journal are gone at the end.

    No model can be asked in it, so it has no memory either. Raises as `open_old_run`.
    """
    backend = await choose(state.backend)
    name = new_run_id(plan.name)
    like = replace(deepcopy(state), run=name)
    KNOWN.also(plan.sandbox.secrets)
    with (
        tempfile.TemporaryDirectory(prefix=f"{PROGRAM}-") as journals,
        _journal(around, name, Path(journals)) as open_,
    ):
        store, journal = open_
        hub = await to_thread.run_sync(partial(_stores, around, state.base_before))
        recipe = await _recipe(around, plan, hub, state.base_before, backend)
        image = await ensure_image(
            recipe, backend, caches_of(around.state_directory, around.say), journalled=state.image
        )
        memory = RunMemory(run=name, journal=store.path)
        ctx = await _context(around, plan, like, store, journal, hub, backend, policy, recipe, image, memory)
        ctx.model_of = _no_model
        async with _cleared(ctx):
            yield ctx


def _no_model(role: Role, *, task: str, agent: str, recorder: Recorder) -> Model:
    raise AssertionError(f"{task} {agent} asks for a model of a {role}, and there is none")


@asynccontextmanager
async def _cleared(ctx: RunContext) -> AsyncIterator[None]:
    """The run's worktrees are gone before it begins, whatever a crash left, and with its sandboxes when it ends."""
    await to_thread.run_sync(remove_worktree, ctx.directory)
    try:
        with Saver(ctx.hub) as ctx.saver:
            async with worksites(ctx):
                yield
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(remove_worktree, ctx.directory)


@contextmanager
def _journal(around: Surroundings, run: str, kept_in: Path | None = None) -> Iterator[tuple[JournalStore, RunJournal]]:
    """The journal of a run that this process drives; raises UsageProblem where another does."""
    kept_in = kept_in or around.state_directory
    with ExitStack() as opened:
        try:
            opened.enter_context(lease(run_lock(around.state_directory, run)))
        except Held as held:
            raise UsageProblem(
                f"{run} is being worked on by process {held.pid}", hint=f"watch it: {PROGRAM} status {run}"
            ) from held
        store = opened.enter_context(JournalStore(kept_in / "journal.db"))
        opened.enter_context(run_log(kept_in, run, say=around.say, show=around.show_log))
        journal = RunJournal(store, run, KNOWN.kept)
        for watcher in (*around.watchers, log_recorded):
            journal.watch(watcher)
        yield store, journal


def _stores(around: Surroundings, commit: str) -> Hub:
    if not (around.state_directory / "base.git").exists():
        around.say("copying the base's history to a store of our own (once for each repository)")
    store = BaseStore.open(around.state_directory, around.repository)
    store.fetch(around.repository, commit)
    return Hub.open(around.state_directory, store)


async def _recipe(around: Surroundings, plan: Plan, hub: Hub, commit: str, backend: Backend) -> Recipe:
    recipe = await to_thread.run_sync(partial(recipe_of, plan, hub.git, commit, backend=backend.name))
    for note in recipe.notes:
        around.say(f"note: {note}")
    if backend.name == "docker" and recipe.image_from != DEFAULT:
        around.say(f"sandboxes have {recipe.shown()}")
    if recipe.setup and recipe.setup_from != PLAN:
        around.say(f"the setup is that of {recipe.setup_from}: {'; '.join(recipe.setup)}")
    return recipe


async def _memory(around: Surroundings, plan: Plan, state: RunState, store: JournalStore, hub: Hub) -> RunMemory:
    secrets = Redactor.of_environment(os.environ, plan.sandbox.secrets)
    load = partial(load_memory, state, around.state_directory, store, hub.git, redactor=secrets, say=around.say)
    return await to_thread.run_sync(load)


async def _context(
    around: Surroundings,
    plan: Plan,
    state: RunState,
    store: JournalStore,
    journal: RunJournal,
    hub: Hub,
    backend: Backend,
    policy: Policy,
    recipe: Recipe,
    image: str | None,
    memory: RunMemory,
) -> RunContext:
    journal.watch(lambda recorded: apply(state, recorded))
    journal.watch(keeping(store, state))
    circuits = Circuits()
    models = _models(plan, circuits, around.stopping)
    secrets = Redactor.of_environment(os.environ, plan.sandbox.secrets)
    return RunContext(
        run=state.run,
        plan=plan,
        repository=around.repository,
        base_branch=state.base_branch,
        base_commit=state.base_before,
        base_store=hub.base,
        hub=hub,
        directory=around.state_directory / "runs" / state.run,
        landing_lock=around.state_directory / "locks" / "landing",
        journal=journal,
        state=state,
        backend=backend,
        image=image,
        recipe=recipe,
        caches=caches_of(around.state_directory, around.say),
        policy=policy,
        secrets=secrets,
        asker=RememberingAsker(store, state.run, _asker(around, store, state)),
        model_of=models,
        circuits=circuits,
        budget=run_budget(plan.limits, state, price_of=await to_thread.run_sync(models.prices)),
        stopping=around.stopping,
        author=await to_thread.run_sync(identity, around.repository.git),
        say=around.say,
        saved_plan=around.state_directory / "plans" / f"{state.run}.yaml",
        users_commands=users_commands(Plan.rebuilt(state.plan)),
        memory=memory,
    )


def _asker(around: Surroundings, store: JournalStore, state: RunState) -> Asker:
    mode: AskMode = around.options.ask
    match mode:
        case "prompt":
            roles = {task.id: task.role for task in state.tasks.values()}
            never = refused_for_good(store, state.run, roles)
            return PromptAsker(partial(around.prompt, state), stopping=around.stopping, never=never)
        case "wait":
            return WaitAsker(store, state.run, stopping=around.stopping)
        case "deny":
            return DenyAsker()


class _models:
    """Makes the models of a plan's roles."""

    def __init__(self, plan: Plan, circuits: Circuits, stopping: Callable[[], bool]) -> None:
        self._plan = plan
        self._settings = ModelSettings(
            redactor=Redactor.of_environment(os.environ),
            prices=own_prices(plan),
            circuits=circuits,
            stopping=stopping,
        )

    def prices(self) -> PriceOf:
        """What each role's models cost at most; reads litellm's table, where the plan has not all of it."""
        known = {role: price_of(self._plan.models_of(role), self._settings.prices) for role in ROLES}
        return known.__getitem__

    def __call__(self, role: Role, *, task: str, agent: str, recorder: Recorder) -> Model:
        return make_model(
            self._plan.models_of(role), task=task, agent=agent, settings=self._settings, recorder=recorder
        )

"""Doing again what was done in one sandbox, a command at a time, until one of them comes out differently."""

from __future__ import annotations

from functools import partial

from anyio import to_thread

from agents.calls import Called, read_call
from agents.events import CommandJudged, CommandProposed, CommandRun, Role
from agents.execution import Hands, JudgedSandbox, Place, run_user_command
from agents.roles import ROLES
from agents.tools.edit import EditArguments
from agents.tools.shell import ShellArguments
from orchestrator.airlock.diff import patch
from orchestrator.airlock.importer import ImportLimits, import_records
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of
from orchestrator.journal.proposals import command_text
from orchestrator.plan.models import MAIN
from orchestrator.rewind.comparing import FILES, Difference, Unlike, told, unlike
from orchestrator.rewind.recording import Done, Stay, Step
from orchestrator.run.context import RunContext
from sandbox.errors import CommandRefused, SnapshotTooLarge
from sandbox.sandbox import Sandbox


class Heard:
    """What is recorded while commands are repeated, by their ids: redacted as it would be in any journal."""

    def __init__(self) -> None:
        self._done: dict[str, Done] = {}

    def __call__(self, row: Recorded) -> None:
        """Hear of an event."""
        event = event_of(row)
        match event:
            case CommandProposed():
                self._done[event.id] = Done(proposed=event)
            case CommandJudged() if event.id in self._done:
                self._done[event.id].judged = event
            case CommandRun() if event.id in self._done:
                self._done[event.id].ran = event
            case _:
                pass

    def of(self, id: str) -> Done | None:
        """What was heard of a command, to whoever asks for it first."""
        return self._done.pop(id, None)


class Repeat:
    """The steps of one stay in a sandbox that began with the files of `tree`, as they did then."""

    def __init__(self, ctx: RunContext, stay: Stay, sandbox: Sandbox, tree: str, heard: Heard) -> None:
        self._ctx = ctx
        self._stay = stay
        self._sandbox = sandbox
        self._tree = tree
        self._heard = heard
        self._recorder = ctx.journal.recorder(stay.task)
        self._task = ctx.plan.task(stay.task) if stay.task is not None else None
        own = self._task is not None and self._task.role == stay.role
        self._writes = own and self._task is not None and self._task.writes

    async def step(self, step: Step) -> Difference | None:
        """Do a step again; how its first command that differs does, or else its files. Raises SandboxError."""
        for done in step.done:
            if done.came_to_an_end:
                await (self._act(step, done, self._stay.role) if self._stay.role is not None else self._test(done))
                found = unlike(done, self._heard.of(done.proposed.id))
                if found is not None:
                    return self._difference(step, done, found)
        return await self._files(step) if self._writes else None

    async def _act(self, step: Step, done: Done, role: Role) -> None:
        """Carry out one call of the recorded answer; one that can't be read any more does nothing."""
        if step.answer is None or step.number is None:
            return
        number, _, again = done.proposed.id.removeprefix(f"{self._stay.agent}.{step.number}.").partition(".r")
        place = Place(step=step.number, number=int(number), tries=int(again or 1))
        action = read_call(step.answer.tool_calls[place.number - 1], ROLES[role], cut_off=step.cut_off)
        judged = JudgedSandbox(self._sandbox, self._hands(role))
        match action:
            case Called(arguments=ShellArguments() as given):
                await judged.shell(given.command, place=place, timeout_seconds=given.timeout_seconds)
            case Called(arguments=EditArguments() as given):
                await judged.edit(given.path, given.old, given.new, place=place)
            case _:
                return

    def _hands(self, role: Role) -> Hands:
        ctx, task = self._ctx, self._stay.task or MAIN
        paths = self._task.paths or () if self._task is not None and self._writes else ()
        return Hands(
            task=task,
            role=role,
            agent=self._stay.agent,
            policy=ctx.policy_of(task, role).for_task(paths),
            asker=ctx.asker,
            recorder=self._recorder,
            timeout_seconds=ctx.plan.sandbox.timeout_seconds,
        )

    async def _test(self, done: Done) -> None:
        """Run one of the plan's tests again, judged where it was judged."""
        script, decision = command_text(done.proposed), None
        if done.judged is not None and self._task is not None:
            policy = self._ctx.policy_of(self._task.id, self._task.role)
            decision = policy.judge_command(script, role=self._task.role)
        run = partial(run_user_command, self._sandbox, script, id=done.proposed.id, source="verify")
        try:
            await run(recorder=self._recorder, decision=decision)
        except CommandRefused:
            return

    async def _files(self, step: Step) -> Difference | None:
        """Hold the files against the checkpoint, or where none was taken against what they were before the step."""
        expected = await self._ctx.tree_of(step.saved.commit) if step.saved is not None else self._tree
        known = self._ctx.included.paths
        try:
            records = [record async for record in self._sandbox.snapshot() if record.path not in known]
        except SnapshotTooLarge:
            return None  # nothing could be saved, as then: a checkpoint of a later step tells the rest
        limits = ImportLimits(total_bytes=self._ctx.plan.sandbox.disk_bytes)
        take = partial(import_records, self._ctx.hub, records, parent=self._tree, limits=limits)
        self._tree = (await to_thread.run_sync(take)).tree
        if self._tree == expected or (step.saved is None and not step.whole):
            return None
        diff = await to_thread.run_sync(patch, self._ctx.hub.git, expected, self._tree)
        text = self._ctx.secrets.text(diff.decode(errors="replace"))
        found = Unlike(what=(FILES,), expected={"tree": expected}, got={"tree": self._tree}, diff=text)
        return self._difference(step, step.done[-1], found)

    def _difference(self, step: Step, done: Done, found: Unlike) -> Difference:
        return Difference(
            task=self._stay.task,
            agent=self._stay.agent,
            step=step.number,
            seq=step.seq,
            id=done.proposed.id,
            command=told(done.proposed),
            what=found.what,
            expected=found.expected,
            got=found.got,
            diff=found.diff,
        )

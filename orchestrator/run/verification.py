"""Running the plan's own tests, in a fresh sandbox on exactly the tree in question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from agents.events import Role
from agents.execution import run_user_command
from agents.recorder import Recorder
from orchestrator.run.context import RunContext
from orchestrator.run.faults import outlasting_faults
from sandbox.errors import CommandRefused
from sandbox.sandbox import CommandResult

TAIL_CHARS = 6_000
"""How much of a red command's output goes back to an agent; its end says most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """How the commands ended: `report` holds what a reader needs, the red command's output first of all."""

    green: bool
    report: str


async def verify(
    ctx: RunContext,
    recorder: Recorder,
    *,
    task: str,
    commit: str,
    commands: Sequence[str],
    tree: str | None = None,
    role: Role = "editor",
) -> Verified:
    """Run the commands one after another until one fails; raises SandboxUnavailable and SandboxLost as they come.

    Those that the user did not write are judged as `role`'s.
    """
    if not commands:
        return Verified(green=True, report="no verify commands")

    async def once() -> Verified:
        async with ctx.worksites.at(task, commit, tree=tree) as starting:
            sandbox = await starting.ready()
            said = []
            policy = ctx.policy_of(task, role)
            for command in commands:
                judged = None if command in ctx.users_commands else policy.judge_command(command, role=role)
                try:
                    result = await run_user_command(
                        sandbox,
                        command,
                        id=f"verify.{uuid4().hex[:12]}",
                        source="verify",
                        recorder=recorder,
                        decision=judged,
                    )
                except CommandRefused as refused:
                    return Verified(green=False, report=f"$ {command[:200]}\n(not started: {refused.why})")
                said.append(report_of(command, result))
                if not result.ok:
                    return Verified(green=False, report=said[-1])
            return Verified(green=True, report="\n".join(said))

    return await outlasting_faults(recorder, "verify", once)


def report_of(command: str, result: CommandResult) -> str:
    """A command, the end of its output, and how it ended."""
    output = "\n".join(part for part in (result.stdout.text(), result.stderr.text()) if part.strip())
    tail = (
        output
        if len(output) <= TAIL_CHARS
        else f"[... {len(output) - TAIL_CHARS} characters cut ...]\n" + (output[-TAIL_CHARS:])
    )
    return f"$ {command}\n{tail.rstrip()}\n({ending(result)})"


def ending(result: CommandResult) -> str:
    """How a command ended, in a few words."""
    if result.limit is not None and not result.ok:
        return f"stopped by the {result.limit.value} limit after {result.wall_seconds:.1f} s"
    if result.exit_code is None:
        return f"killed by signal {result.signal}"
    return f"exit code {result.exit_code}"

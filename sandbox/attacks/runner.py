"""Tries escapes inside real sandboxes, and judges each by what is to be seen on this side."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType

from sandbox.attacks.escape import Escape, Group, Outcome, Verdict, outcome
from sandbox.attacks.scene import Scene
from sandbox.attacks.scripts import said, script_of, silence
from sandbox.attacks.together import together
from sandbox.errors import CommandRefused, SandboxError, SandboxLost, SandboxUnavailable
from sandbox.sandbox import Backend, Command, CommandResult, Limits, Sandbox, SandboxSpec

MEGABYTE = 1024**2
_NOTHING: Mapping[str, str] = MappingProxyType({})
ORDINARY = Limits(
    memory_bytes=512 * MEGABYTE,
    pids=128,
    tmp_bytes=64 * MEGABYTE,
    disk_bytes=64 * MEGABYTE,
    output_bytes=256 * 1024,
    timeout_seconds=60,
)
"""What a sandbox has in which several escapes are tried one after the other."""


async def try_group(backend: Backend, scene: Scene, group: Group, escapes: Sequence[Escape]) -> list[Outcome]:
    """Try escapes of a group: those without limits of their own in one sandbox, the others in one each."""
    shared = [escape for escape in escapes if escape.limits is None]
    batches = [*([shared] if shared else []), *([escape] for escape in escapes if escape.limits is not None)]
    task = group.strip("/")
    found = await together(
        [partial(try_batch, backend, scene, scene.spec(task, batch[0].limits or ORDINARY), batch) for batch in batches]
    )
    return [outcome for outcomes in found for outcome in outcomes]


async def try_batch(
    backend: Backend, scene: Scene, spec: SandboxSpec, batch: Sequence[Escape], *, env: Mapping[str, str] = _NOTHING
) -> list[Outcome]:
    """Try escapes one after the other in one sandbox; `env` is what scripts are told besides what the scene tells."""
    outcomes: list[Outcome] = []
    try:
        async with backend.open(spec) as sandbox:
            has_python = (await sandbox.execute(Command(script="python3 -I -c pass"))).ok
            for escape in batch:
                if escape.python and not has_python:
                    outcomes.append(outcome(escape, Verdict.NOT_TRIED, "the image has no python3"))
                else:
                    outcomes.append(await _try(sandbox, scene, escape, env))
    except SandboxUnavailable as error:
        why = f"the sandbox did not open: {error.what}"
    except SandboxError as error:
        why = f"the sandbox failed: {error}"
    else:
        return outcomes
    return [*outcomes, *(outcome(escape, Verdict.NOT_TRIED, why) for escape in batch[len(outcomes) :])]


async def _try(sandbox: Sandbox, scene: Scene, escape: Escape, env: Mapping[str, str]) -> Outcome:
    nonce = secrets.token_hex(8)
    told = {**scene.environment(nonce), **env}
    command = Command(script=script_of(escape), env=told, timeout_seconds=escape.timeout_seconds)
    try:
        result = await sandbox.execute(command)
        seen = await _seen(sandbox, scene, escape, result, nonce)
    except CommandRefused as error:
        return outcome(escape, Verdict.NOT_TRIED, str(error))
    except SandboxLost as error:
        return outcome(escape, Verdict.BROKEN, f"the sandbox died of it: {error.why}")
    if seen is not None:
        return outcome(escape, Verdict.BROKEN, seen)
    return outcome(escape, *_verdict(escape, result, nonce))


async def _seen(sandbox: Sandbox, scene: Scene, escape: Escape, result: CommandResult, nonce: str) -> str | None:
    """What got through, as far as this side can see it; the sandbox must still answer, too. Raises SandboxLost."""
    streams = (result.stdout, result.stderr)
    if any(scene.word.encode() in part for stream in streams for part in (stream.head, stream.tail)):
        return "a secret of the host's was read"
    if escape.afterwards is not None and (found := await escape.afterwards(scene, sandbox, result)) is not None:
        return found
    if not (await sandbox.execute(Command(script="true"))).ok:
        return "the sandbox runs no commands any more"
    return scene.damage(nonce)


def _verdict(escape: Escape, result: CommandResult, nonce: str) -> tuple[Verdict, str]:
    told, wanted = said(result, nonce), escape.contained_by
    if wanted is None:
        return told or (Verdict.NOT_TRIED, silence(result))
    if told is not None and told[0] is not Verdict.HELD:
        return told
    if result.limit is wanted:  # what it ended may have had no time for a word
        return Verdict.HELD, f"it was contained, and the limit named: {wanted.value}"
    return Verdict.BROKEN, f"no limit on {wanted.value} was named (it was: {result.limit or 'none'})"

"""All escapes against the backends of this machine, group by group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.attack.git import try_git
from orchestrator.attack.terminal import try_terminal
from sandbox.attacks.escape import Group, Outcome, Verdict
from sandbox.attacks.runner import try_group
from sandbox.attacks.scene import Scene, scene
from sandbox.attacks.table import ESCAPES
from sandbox.backends import BACKENDS, choose, none_of, required
from sandbox.docker import DockerBackend
from sandbox.errors import SandboxUnavailable
from sandbox.sandbox import Backend


@dataclass(frozen=True, slots=True, kw_only=True)
class Assault:
    """What came of all escapes in one backend; where it can't be had there are none, and `why_not` says why."""

    backend: str
    outcomes: Sequence[Outcome] = ()
    why_not: str | None = None

    @property
    def broken(self) -> tuple[Outcome, ...]:
        """The escapes that got through."""
        return tuple(outcome for outcome in self.outcomes if outcome.verdict is Verdict.BROKEN)

    @property
    def was_tried(self) -> bool:
        """Whether any escape was; where no sandbox opened none has held either."""
        return any(outcome.verdict is not Verdict.NOT_TRIED for outcome in self.outcomes)


async def attack(wanted: str | None, *, place: Path | None, say: Callable[[str], None]) -> list[Assault]:
    """Attack the wanted backend, or each that a run could have here; sandboxes work in `place`.

    Raises SandboxUnavailable where none can be had.
    """
    assaults = []
    lacks: dict[str, SandboxUnavailable] = {}
    for name in BACKENDS if wanted is None else (wanted,):
        try:
            backend = await (choose(name) if wanted else required(name))
            if isinstance(backend, DockerBackend):
                await backend.ensure_image(progress=say)
        except SandboxUnavailable as error:
            if wanted is not None:
                raise
            lacks[name] = error
            assaults.append(Assault(backend=name, why_not=str(error)))
            continue
        assaults.append(Assault(backend=backend.name, outcomes=await attack_backend(backend, place=place, say=say)))
    if len(lacks) == len(assaults):
        raise none_of(lacks)
    return assaults


async def attack_backend(backend: Backend, *, place: Path | None, say: Callable[[str], None]) -> list[Outcome]:
    """Every group against one backend."""
    outcomes: list[Outcome] = []
    with scene(place) as aim:
        for group in Group:
            say(f"{backend.name}: {group.value}")
            outcomes += await _try(backend, aim, group)
    return outcomes


async def _try(backend: Backend, aim: Scene, group: Group) -> list[Outcome]:
    match group:
        case Group.GIT:
            return await try_git(backend, aim)
        case Group.TERMINAL:
            return await try_terminal(backend, aim)
        case _:
            return await try_group(backend, aim, group, [escape for escape in ESCAPES if escape.group is group])

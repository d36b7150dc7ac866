"""What a run's sandboxes are made of: by the plan, else by the repository's devcontainer.json, else the default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from orchestrator.airlock.git import Git
from orchestrator.errors import UsageProblem
from orchestrator.plan.devcontainer import PLACES, Devcontainer, DevcontainerProblem, read_devcontainer
from orchestrator.plan.models import Plan
from orchestrator.run.base_files import base_blob, read_base_file
from orchestrator.run.build_context import context_of
from sandbox.build_context import ImageBuild, copies_files

PLAN = "the plan"
DEFAULT = "the default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The image or what it is built from, the setup and the variables, and who said so.

    `image` is a name, `build` reads the Dockerfile of `dockerfile` with its context; where all are None it is the
    default image. `notes` are for the user: what was not taken, and why.
    """

    image: str | None = None
    dockerfile: str | None = None
    build: Callable[[], ImageBuild] | None = None
    image_from: str = DEFAULT
    setup: tuple[str, ...] = ()
    setup_from: str = PLAN
    env: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def shown(self) -> str:
        """The image in words, with who named it."""
        if self.dockerfile is not None:
            return f"an image built from {self.dockerfile}{self._named_by()}"
        if self.image is not None:
            return f"{self.image}{self._named_by()}"
        return "the default image, built at its first use"

    def _named_by(self) -> str:
        return "" if self.image_from == PLAN else f", from {self.image_from}"


def recipe_of(plan: Plan, git: Git, commit: str, *, backend: str | None) -> Recipe:
    """The recipe of a plan on a base commit, for a backend by name; raises UsageProblem, GitFailed."""
    settings = plan.sandbox
    env = dict(settings.env)
    if settings.image is not None or settings.dockerfile is not None:
        named = (
            partial(_build, git, commit, settings.dockerfile, "", {}, None) if settings.dockerfile is not None else None
        )
        return Recipe(
            image=settings.image if named is None else None,
            dockerfile=settings.dockerfile,
            build=named,
            image_from=PLAN,
            setup=settings.setup,
            env=env,
        )
    found = _devcontainer(git, commit)
    if found is None:
        return Recipe(setup=settings.setup, env=env)
    if backend == "bubblewrap":
        # Its commands are written for its image: without that they would break what works here.
        note = f"{found.where} is for Docker, so nothing of it is used: bubblewrap has this machine's programs"
        return Recipe(setup=settings.setup, env=env, notes=(note,))
    return _of_devcontainer(found, git, commit, settings.setup, env)


def _of_devcontainer(found: Devcontainer, git: Git, commit: str, setup: tuple[str, ...], env: dict[str, str]) -> Recipe:
    notes = [f"{found.where}: not taken are {', '.join(found.ignored)}"] if found.ignored else []
    if setup and found.setup:
        notes.append(f"{found.where}: postCreateCommand is not run, because the plan has a setup of its own")
    build = None
    if found.dockerfile is not None:
        build = partial(_build, git, commit, found.dockerfile, found.context, found.arguments, found.target)
    return Recipe(
        image=found.image,
        dockerfile=found.dockerfile,
        build=build,
        image_from=found.where if found.image or build else DEFAULT,
        setup=setup or found.setup,
        setup_from=PLAN if setup or not found.setup else found.where,
        env={**found.env, **env},
        notes=tuple(notes),
    )


def _devcontainer(git: Git, commit: str) -> Devcontainer | None:
    for where in PLACES:
        data = base_blob(git, commit, where)
        if data is None:
            continue
        try:
            return read_devcontainer(data.decode(errors="replace"), where)
        except DevcontainerProblem as problem:
            hint = "mend it, or name an `image` or a `dockerfile` in the plan: then it is left alone"
            raise UsageProblem(f"{where}: {problem}", hint=hint) from problem
    return None


def _build(
    git: Git, commit: str, dockerfile: str, context: str, arguments: Mapping[str, str], target: str | None
) -> ImageBuild:
    """Read a Dockerfile, and its context where it copies something; raises UsageProblem."""
    text = read_base_file(git, commit, dockerfile)
    files = context_of(git, commit, context, dockerfile=dockerfile) if copies_files(text) else None
    return ImageBuild(dockerfile=text, arguments=arguments, target=target, context=files)

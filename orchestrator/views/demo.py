"""What there is to look at after the demo: what landed, what was refused, and the commands that show more."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.text import Text

from orchestrator.journal.chain import Recorded
from orchestrator.journal.state import RunState
from orchestrator.views.evidence import CommandEvidence, evidence_by_task
from orchestrator.views.styles import FAINT, HEADING, style_of
from orchestrator.views.words import one_line, short


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where the demo was played: the repository, what the program is called, and where its state is if that is odd."""

    place: str
    program: str
    state_home: str | None = None


def demo_view(state: RunState, events: Iterable[Recorded], scene: Scene) -> Iterator[Text]:
    """A page for the terminal; its commands stand on lines of their own, to be pasted whole."""
    evidence = evidence_by_task(events)
    yield Text("\nWhat landed on main", style=HEADING)
    for task in state.tasks.values():
        if task.landed:
            subject = one_line(f"{task.id}: {task.goal.strip().splitlines()[0]}")
            yield Text.assemble("  ", (short(task.landed), style_of("landed")), "  ", subject)
    commands = [command for each in evidence.values() for command in each.commands.values()]
    yield from _look(scene, [command for command in commands if command.judged and not command.judged.allowed])
    yield from _go_on(scene)


def _look(scene: Scene, refused: list[CommandEvidence]) -> Iterator[Text]:
    state = [f"export XDG_STATE_HOME={shlex.quote(scene.state_home)}"] if scene.state_home is not None else []
    yield Text("\nLook at it", style=HEADING)
    yield from _typed(f"cd {shlex.quote(scene.place)}", *state, "git log --stat")
    yield Text("the evidence for each change, and why a reviewer sent one of them back:", style=FAINT)
    yield from _typed(f"{scene.program} review")
    yield Text("everything that happened, step by step:", style=FAINT)
    yield from _typed(f"{scene.program} log last")
    yield Text("the command that was refused, and the rule that refused it:", style=FAINT)
    yield from _typed(*(f"{scene.program} policy check {shlex.quote(command.text)}" for command in refused))


def _go_on(scene: Scene) -> Iterator[Text]:
    yield Text("\nThen in a repository of your own, with a model of your own", style=HEADING)
    yield from _typed(
        f"{scene.program} doctor --model openai/gpt-5.2",
        f'{scene.program} draft "YOUR GOAL" --model openai/gpt-5.2 -o plan.yaml',
        f"{scene.program} check plan.yaml",
        f"{scene.program} plan.yaml",
    )


def _typed(*lines: str) -> Iterator[Text]:
    for line in lines:
        # A line that was broken to fit could not be pasted.
        yield Text.assemble("    ", one_line(line), no_wrap=True, overflow="ignore")

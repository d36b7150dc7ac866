"""The tasks of a plan in their order, and which of them may get into each other's way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from orchestrator.plan.graph import overlaps, waves
from orchestrator.plan.models import EDITOR_GATES, Plan, Task
from orchestrator.views.grid import Grid, Row
from orchestrator.views.indent import Indented
from orchestrator.views.styles import FAINT, HEADING, style_of
from orchestrator.views.words import one_line, plural

_MANY = 3
"""What so many tasks have in common is said once."""


def order_of(plan: Plan) -> Iterator[RenderableType]:
    """A row for each task, with the number of its wave; what many have in common is said before them."""
    if not plan.tasks:
        yield Text("none yet: the coordinator makes them when the run begins")
        return
    usual = _usual_verify(plan)
    if usual:
        yield one_line(f"unless said otherwise, a change must pass {', '.join(usual)}", FAINT)
    if any(task.effective_gates == EDITOR_GATES for task in plan.tasks):
        yield one_line(
            f"unless said otherwise, an editor's change then goes to a {' and a '.join(EDITOR_GATES)}", FAINT
        )
    rows = [
        Row(
            (Text(f"{number}."), Text(task_id, style=HEADING), Text(plan.task(task_id).role)),
            _facts(plan.task(task_id), usual),
        )
        for number, wave in enumerate(waves(plan.tasks), start=1)
        for task_id in wave
    ]
    yield Grid(names=("", "", ""), rows=rows, right={0}, spare=(2,), spill={2})


def overlaps_of(plan: Plan) -> Iterator[RenderableType]:
    """The pairs that overlap by their paths, a line for each task; those that may change anything once for all."""
    anything = [task.id for task in plan.tasks if task.writes and not task.paths]
    pairs = defaultdict(list)
    unbounded = False
    for overlap in overlaps(plan.tasks):
        if {overlap.first, overlap.second}.isdisjoint(anything):
            pairs[overlap.first].append(f"{overlap.second} (for example {overlap.example})")
        else:
            unbounded = True
    for first, others in pairs.items():
        yield Indented(one_line(f"{first} and {', '.join(others)}", style_of("ask"), limit=10_000), 0)
    if unbounded:
        said = f"without paths, which may meet any other: {plural(len(anything), 'task')}: {', '.join(anything)}"
        yield Indented(one_line(said, style_of("ask"), limit=len(said)), 0)


def _usual_verify(plan: Plan) -> tuple[str, ...]:
    counted = Counter(task.verify for task in plan.tasks if task.verify)
    verify, times = counted.most_common(1)[0] if counted else ((), 0)
    return verify if times >= _MANY else ()


def _facts(task: Task, usual: tuple[str, ...]) -> Text | None:
    facts = []
    if task.needs:
        facts.append(f"needs {', '.join(task.needs)}")
    if task.writes:
        facts.append(f"changes {', '.join(task.paths)}" if task.paths else "may change anything")
        if task.verify != usual:
            facts.append(f"must pass {', '.join(task.verify)}" if task.verify else "has no checks of its own")
    if task.role == "editor" and task.effective_gates != EDITOR_GATES:
        facts.append(f"then {', '.join(task.effective_gates)}" if task.effective_gates else "no gates")
    return one_line("; ".join(facts), limit=10_000) if facts else None

"""What may stand at the cursor: a table from the kinds of words to what offers them.

A new kind of argument or option is one function and one row, by the name that the help gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from orchestrator.cli.completion.files import YAML, files, models_of, tasks_of
from orchestrator.cli.completion.line import COMMAND, FIRST, OPTION, Typed, options_of
from orchestrator.cli.completion.shells import Candidate
from orchestrator.cli.options import PRESETS, ROLES

if TYPE_CHECKING:
    from orchestrator.cli.completion.past import Past

_Found = TypeVar("_Found")

ROLE_LIMITS = {
    "steps": "answers of a model",
    "tokens": "tokens, sent and received",
    "cost": "US dollars",
    "wall": "time, as in 90s, 30m or 2h",
    "cpu": "CPU time of commands, as in 90s, 30m or 2h",
}
TASK_LIMITS = {
    **ROLE_LIMITS,
    "attempts": "fresh starts of a task",
    "rounds": "returns to the editor in one attempt",
    "context": "tokens of one prompt",
}
RUN_LIMITS = {**TASK_LIMITS, "parallel": "tasks at once"}
"""The keys of `--limit`; a test holds them to those of a plan."""

RECORDED = "recorded/"
"""What a model's id begins with where a file of answers is played back."""


def candidates(typed: Typed) -> Iterator[Candidate]:
    """All that may stand there, whether or not it goes on with what was typed."""
    offered = OFFERS.get(typed.kind, _choices)(typed)
    # A word that is there already is no news where several may stand.
    given = typed.given.get(typed.kind, ())
    for candidate in offered:
        if candidate.value not in given:
            yield Candidate(value=f"{typed.joined}{candidate.value}", help=candidate.help)


def _commands(typed: Typed) -> Iterator[Candidate]:
    for name, command in getattr(typed.command, "commands", {}).items():
        yield Candidate(value=name, help=str(command.short_help))


def _first(typed: Typed) -> Iterator[Candidate]:
    """A plan stands in place of a command."""
    return chain(_commands(typed), _yaml(typed))


def _options(typed: Typed) -> Iterator[Candidate]:
    options = options_of(typed.command)
    used = {id(options[name]) for name in typed.used if name in options and not options[name].multiple}
    for name, param in options.items():
        if id(param) not in used:
            yield Candidate(value=name, help=str(param.help))
    yield Candidate(value="--help", help="Show this message and exit.")


def _choices(typed: Typed) -> Iterator[Candidate]:
    return (Candidate(value=choice) for choice in typed.choices)


def _yaml(typed: Typed) -> Iterator[Candidate]:
    return files(typed.word, YAML)


def _policies(typed: Typed) -> Iterator[Candidate]:
    return chain((Candidate(value=name, help="a preset") for name in PRESETS), _yaml(typed))


def _files(typed: Typed) -> Iterator[Candidate]:
    return files(typed.word)


def _directories(typed: Typed) -> Iterator[Candidate]:
    return files(typed.word, ())


def _roles(_: Typed) -> Iterator[Candidate]:
    return (Candidate(value=role) for role in ROLES)


def _runs(_: Typed) -> list[Candidate]:
    return _of_past(lambda known: known.runs())


def _tasks(typed: Typed) -> list[Candidate]:
    return _of_past(lambda known: known.tasks(typed.given["RUN"][0]))


def _checkpoints(typed: Typed) -> list[Candidate]:
    (task,) = (typed.given.get("TASK") or typed.given.get("--task") or [""])[:1]
    return _of_past(lambda known: known.checkpoints(typed.given["RUN"][0], task))


def _questions(typed: Typed) -> list[Candidate]:
    return _of_past(lambda known: known.questions(typed.given["RUN"][0]))


def _notes(_: Typed) -> list[Candidate]:
    from orchestrator.cli.completion.past import notes

    return notes()


def _of_past(read: Callable[[Past], list[_Found]]) -> list[_Found]:
    from orchestrator.cli.completion.past import past

    with past() as known:
        return read(known) if known is not None else []


def _limits(typed: Typed) -> Iterator[Candidate]:
    owner, dot, _ = typed.word.rpartition(".")
    tasks = list(_known_tasks(typed))
    ours = owner.removeprefix("roles.") in ROLES and owner not in tasks
    for key, help in (RUN_LIMITS if not dot else ROLE_LIMITS if ours else TASK_LIMITS).items():
        yield Candidate(value=f"{owner}{dot}{key}=", help=help)
    if not dot:
        for name in tasks:
            yield Candidate(value=f"{_told_apart('tasks', name, ROLES)}.", help="limits of this task")
        for name in ROLES:
            yield Candidate(value=f"{_told_apart('roles', name, tasks)}.", help="limits of all its agents")


def _told_apart(kind: str, name: str, others: Iterable[str]) -> str:
    """A task and a role of one name are written with what they are."""
    return f"{kind}.{name}" if name in others else name


def _known_tasks(typed: Typed) -> Iterable[str]:
    if plans := typed.given.get("PLAN.yaml"):
        return tasks_of(Path(plans[0]).expanduser())
    return [task.value for task in _tasks(typed)] if typed.given.get("RUN") else []


def _models(typed: Typed) -> Iterator[Candidate]:
    yield Candidate(value=RECORDED, help="answers of a file, played back")
    if typed.word.startswith(RECORDED):
        for file in files(typed.word.removeprefix(RECORDED)):
            yield Candidate(value=f"{RECORDED}{file.value}")
    plans = (Path(name).expanduser() for name in typed.given.get("PLAN.yaml", ()))
    for name in dict.fromkeys(chain(models_of(plans), _of_past(lambda known: known.models()))):
        yield Candidate(value=name)


OFFERS: Mapping[str, Callable[[Typed], Iterable[Candidate]]] = {
    FIRST: _first,
    COMMAND: _commands,
    OPTION: _options,
    "PLAN.yaml": _yaml,
    "POLICY": _policies,
    "RUN": _runs,
    "TASK": _tasks,
    "N": _checkpoints,
    "ID": _questions,
    "NOTE": _notes,
    "--policy": _policies,
    "--role": _roles,
    "--task": _tasks,
    "--at": _checkpoints,
    "--limit": _limits,
    "--model": _models,
    "--cases": _files,
    "--events": _files,
    "--output": _files,
    "DIRECTORY": _directories,
}

FREE = frozenset(
    {
        "CMD",
        "GOAL",
        "PROGRAM",
        "RANGE",
        "TEXT",
        "WORD",
        "--context",
        "--last",
        "--name",
        "--parallel",
        "--step",
        "--why",
    }
)
"""What nobody can guess; a test sees that whatever else the commands take has its row above."""

"""`mimo-orchestrate draft`: the coordinator makes a plan file of a goal; nothing of it is run."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.options import (
    AskOption,
    BackendOption,
    EventsOption,
    JsonOption,
    LimitOption,
    ModelOption,
    VerboseOption,
)
from orchestrator.errors import UsageProblem
from orchestrator.telling.known import KNOWN

if TYPE_CHECKING:
    from orchestrator.cli.session import Stop
    from orchestrator.run.context import RunContext
    from orchestrator.run.options import RunOptions

GoalArgument = Annotated[str, typer.Argument(metavar="GOAL", help="What is to be true at the end.", show_default=False)]
OutputOption = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the plan here, instead of to stdout.")
]
NameOption = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The plan's name; default: from the goal's first words.")
]

COMMENT = "Drafted by the coordinator: read it, change it, and see what it would do: mimo-orchestrate check FILE"
_NAME_CHARS = 40


def draft(
    goal: GoalArgument,
    *,
    output: OutputOption = None,
    name: NameOption = None,
    backend: BackendOption = None,
    model: ModelOption = None,
    ask: AskOption = None,
    limit: LimitOption = None,
    json: JsonOption = False,
    events: EventsOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Let the coordinator make a plan file of a goal; run nothing of it.

    It looks at the base branch in a read-only sandbox, under the repository's policy, and answers with tasks.
    """
    from orchestrator.cli.run import ask_mode
    from orchestrator.cli.session import Stop
    from orchestrator.cli.terminal import print_json, say, write_results
    from orchestrator.plan.loader import read_plan
    from orchestrator.run.options import RunOptions

    _require_free(output)
    if not goal.strip():
        raise UsageProblem("the goal is empty", hint="say what is to be true at the end")
    options = RunOptions(backend=backend, model=model, ask=ask_mode(ask), limits=tuple(limit or ()), draft=True)
    stop = Stop()
    code, text = _drafted(_beginning(goal, name, model), options, stop, events=events, verbose=verbose)
    if text is None:
        raise typer.Exit(code)
    if output is not None:
        _write(output, text)
        say(f"written to {output}; see what it would do: mimo-orchestrate check {output}")
    if json:
        print_json(read_plan(text, file="plan").dumped())
    elif output is None:
        write_results(text)
    raise typer.Exit(code)


def _beginning(goal: str, name: str | None, model: str | None) -> str:
    from orchestrator.plan.writing import plan_beginning

    return plan_beginning(name=name or name_of(goal), goal=goal, model=model, comment=COMMENT)


def name_of(goal: str) -> str:
    """The first words of a goal, as a plan may be named."""
    words = re.findall(r"[a-z0-9]+", goal.lower())
    kept = ""
    for word in words:
        longer = f"{kept}-{word}".strip("-")
        if len(longer) > _NAME_CHARS:
            break
        kept = longer
    return kept or "draft"


def _drafted(
    source: str, options: RunOptions, stop: Stop, *, events: str | None, verbose: bool
) -> tuple[int, str | None]:
    """The exit code, and the text of the plan where there is one."""
    from orchestrator.cli.live import live
    from orchestrator.cli.preparing import prepared
    from orchestrator.cli.session import work_session
    from orchestrator.cli.surroundings import surroundings
    from orchestrator.plan.loader import read_plan
    from orchestrator.run.opening import open_new_run

    ready = prepared(read_plan(source, file="draft"), source, options)
    made: list[str] = []

    async def work(ctx: RunContext) -> int:
        async with live(ctx, events=events):
            return await _draft(ctx, made)

    with ExitStack() as closing:
        around = surroundings(
            ready.repository,
            options,
            closing,
            stopping=stop,
            events=events,
            verbose=verbose,
            unpriced=ready.unpriced,
        )
        opened = open_new_run(around, ready.plan, plan_source=source, base=ready.base, policy=ready.policy)
        return work_session(opened, work, stop), made[0] if made else None


async def _draft(ctx: RunContext, made: list[str]) -> int:
    from orchestrator.cli.boundary import told
    from orchestrator.cli.terminal import say
    from orchestrator.run.drive import end
    from orchestrator.run.planning import Unplanned, make_tasks
    from orchestrator.run.result import EXIT_CODES

    tasks = await make_tasks(ctx)
    if isinstance(tasks, Unplanned):
        await end(ctx, tasks.status, tasks.why)
        if ctx.trouble is not None:
            return told(ctx.trouble)
        say(f"no plan was made: {tasks.why}")
        return EXIT_CODES[tasks.status]
    made.append(tasks.into(ctx.state.plan_source))
    await end(ctx, "done", f"drafted {len(tasks.tasks)} tasks")
    say(f"{len(tasks.tasks)} tasks: {' '.join(tasks.why.split())}")
    return EXIT_CODES["done"]


def _require_free(output: Path | None) -> None:
    if output is not None and (output.exists() or output.is_symlink()):
        raise UsageProblem(f"{output} is there already", hint="name another file, or remove this one")


def _write(output: Path, text: str) -> None:
    from orchestrator.cli.terminal import write_results

    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(KNOWN.text(text))
    except OSError as error:
        write_results(text)
        raise UsageProblem(f"{output}: {error.strerror}", hint="the plan is on stdout") from None

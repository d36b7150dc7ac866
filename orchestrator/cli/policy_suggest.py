"""`mimo-orchestrate policy suggest`: a policy as tight as what landed tasks needed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.options import PRESETS, JsonOption
from orchestrator.cli.past_runs import RunArguments, past_runs
from orchestrator.cli.policy_source import DEFAULT_FILE, DEFAULT_PRESET, PolicyOption, load
from orchestrator.cli.state import current_directory, here
from orchestrator.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestrator.tightening.judged import JudgedRun
    from orchestrator.tightening.suggest import Suggestion
    from policies.policy import Policy

OutputOption = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the policy here, instead of to stdout.")
]
DiffOption = Annotated[bool, typer.Option("--diff", help="Show what would change in the present policy.")]


def suggest(
    runs: RunArguments = None,
    *,
    policy: PolicyOption = None,
    diff: DiffOption = False,
    output: OutputOption = None,
    json: JsonOption = False,
) -> None:
    """Suggest a policy as tight as what landed tasks needed."""
    from orchestrator.tightening.suggest import suggestion

    if output is not None and (output.exists() or output.is_symlink()):
        raise UsageProblem(f"{output} is there already", hint="name another file, or remove this one")
    landed = _landed(runs or ())
    suggested = suggestion(_present(policy, landed), landed)
    _show(suggested, diff=diff, output=output, json=json)
    _say_what_is_left(suggested)


def _landed(wanted: Iterable[str]) -> list[JudgedRun]:
    """The runs that are meant, newest first; raises UsageProblem where no task of them landed."""
    landed = [run for run in past_runs(wanted) if any(map(run.landed, run.tasks))]
    if not landed:
        raise UsageProblem("no task of these runs landed", hint="what is needed is learnt from tasks that did")
    return landed


def _present(named: str | None, runs: Sequence[JudgedRun]) -> Policy:
    """The policy that is named, or that all the runs' plans named, or the one that holds here."""
    names = {next(iter(run.policy), DEFAULT_PRESET) for run in runs}
    if named is None and len(names) == 1 and (theirs := names.pop()) not in (str(DEFAULT_FILE), DEFAULT_PRESET):
        named = theirs if theirs in PRESETS or theirs.startswith(("/", "~")) else str(here().top / theirs)
    return load(named)


def _show(suggested: Suggestion, *, diff: bool, output: Path | None, json: bool) -> None:
    from orchestrator.cli.terminal import print_json, say, show_paged, write_results
    from orchestrator.views.suggestion import suggestion_diff, suggestion_json
    from policies.printable import printable

    if output is not None:
        _write(output, suggested.text)
        say(f"written to {output}; hold it against what was run: mimo-orchestrate policy backtest {output}")
    if json:
        print_json(suggestion_json(suggested))
    elif diff:
        show_paged([suggestion_diff(suggested, directory=current_directory())])
    elif output is None:
        lines = suggested.text.split("\n")
        write_results("\n".join(map(printable, lines)) if sys.stdout.isatty() else suggested.text)


def _write(output: Path, text: str) -> None:
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageProblem(f"{output}: {error.strerror}", hint="name a file that can be written") from None


def _say_what_is_left(suggested: Suggestion) -> None:
    from orchestrator.cli.terminal import say
    from orchestrator.views.words import one_line, plural

    if suggested.left:
        say(f"note: {plural(len(suggested.left), 'command')} of landed tasks would not be allowed by it:")
    for left in suggested.left:
        say(f"  {left.act.task or 'planning'}: {one_line(left.act.subject, limit=100).plain}: {left.why}")

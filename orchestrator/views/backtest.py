"""Past runs under another policy: a summary of each, then what would have been otherwise, task by task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from agents.redact import MARK
from orchestrator.tightening.backtest import Backtest, BacktestedRun, Cause, Changed, Effect
from orchestrator.tightening.judged import JudgedAct
from orchestrator.tightening.landed import LandedChange
from orchestrator.views.indent import Indented
from orchestrator.views.styles import BAD, FAINT, GOOD, HEADING, style_of
from orchestrator.views.words import listed, one_line, plural
from policies.policy import Policy
from policies.printable import printable
from policies.verdict import Verdict

_LONGEST = 2000
_MOST = 8
"""So many steps or tasks are named in a row."""

_WARNING = "bold yellow"

_EFFECTS = {
    Effect.REFUSED: ("would have been refused", BAD),
    Effect.WAITS: ("would have waited for a human", "yellow"),
    Effect.RUNS: ("was refused and would have run", _WARNING),
    Effect.UNASKED: ("would have run without a question", _WARNING),
    Effect.ASKED: ("was refused and would have been asked about", _WARNING),
    Effect.NONE: ("refused either way", FAINT),
}
_CAUSES = {
    Cause.PROGRAM: "the program changed: it says the same under the policy of that run",
    Cause.BOTH: "the program changed as well: under the policy of that run it says something else again",
    Cause.UNKNOWN: "perhaps the program changed: it can't read the policy of that run any more",
}


def backtest_view(policy: str, result: Backtest) -> Iterator[RenderableType]:
    """Each run with what would have been otherwise, and at the end what it comes to for all of them."""
    for run in result.runs:
        yield from _run(run)
    landed = sum(len(run.landed) for run in result.runs)
    looser = sum(len(run.looser) for run in result.runs)
    outcome = Text("no task had landed")
    if landed:
        many = f"{len(result.stopped) or 'none'} of {plural(landed, 'landed task')} would have failed"
        outcome = Text(many, BAD if result.stopped else GOOD)
    warning = Text(f"; {plural(looser, 'verdict is', 'verdicts are')} looser", _WARNING) if looser else Text()
    runs = one_line(f"{plural(len(result.runs), 'run')} under {policy}: ")
    yield Indented(Text.assemble(runs, outcome, warning), 0)


def _run(run: BacktestedRun) -> Iterator[RenderableType]:
    yield Indented(Text.assemble((run.run, HEADING), ": ", _outcome(run)), 0)
    judged = [plural(run.acts, "act"), *([plural(run.diffs, "diff")] if run.diffs else [])]
    counts = [f"{count} {was}->{now}" for (was, now), count in sorted(run.verdicts.items())]
    changes = f"{len(run.changed)} change: {', '.join(counts)}" if counts else "none changes"
    yield Indented(Text(f"{' and '.join(judged)} judged, {changes}"))
    if run.gone:
        yield Indented(one_line(f"not judged, for the commits are gone: the diff of {listed(run.gone, _MOST)}"))
    for effect in Effect:
        if number := sum(changed.effect is effect for changed in run.looser):
            yield Indented(Text(f"looser: {number} {_EFFECTS[effect][0]}", _WARNING))
    for task in dict.fromkeys(changed.act.task for changed in run.changed):
        yield Text()
        yield Indented(Text.assemble((one_line(task or "planning").plain, HEADING), _fate(run, task)))
        for same in _alike(changed for changed in run.changed if changed.act.task == task):
            yield from _changed(same)
    yield Text()


def _outcome(run: BacktestedRun) -> Text:
    if run.stopped:
        return one_line(f"would have been stopped: {listed(run.stopped, _MOST)} would have failed", BAD)
    if run.waiting:
        return one_line(f"would have waited for a human in {listed(run.waiting, _MOST)}", "yellow")
    return Text("would have landed as it did", GOOD) if run.landed else Text("nothing had landed")


def _fate(run: BacktestedRun, task: str | None) -> Text:
    if task in run.stopped:
        return Text("  landed, would have failed", BAD)
    if task in run.waiting:
        return Text("  landed, would have waited", "yellow")
    return Text("" if task is None else "  landed" if task in run.landed else "  did not land", FAINT)


def _alike(changes: Iterable[Changed]) -> Iterable[list[Changed]]:
    """What an agent did several times stands once, with all its steps."""
    found: dict[tuple[object, ...], list[Changed]] = {}
    for changed in changes:
        act = changed.act
        key = (_text(changed), _agent(changed), act.verdict, changed.by, changed.effect, changed.cause, changed.counts)
        found.setdefault(key, []).append(changed)
    return found.values()


def _changed(same: Sequence[Changed]) -> Iterator[RenderableType]:
    first = same[0]
    effect, style = _EFFECTS[first.effect]
    verdicts = Text(" -> ").join(Text(each, style_of(each)) for each in (first.act.verdict, first.now))
    yield Indented(Text.assemble(_who(same), "  ", verdicts, "  ", (effect, style)), 4)
    yield Indented(one_line(_text(first), limit=_LONGEST), 6)
    place = f"{first.by.file}:{first.by.line}" if first.by.line else first.by.file
    yield Indented(one_line(f"{first.by.rule} ({place}): {first.by.why}", FAINT), 6)
    if first.by.instead and first.effect is Effect.REFUSED:
        yield Indented(one_line(f"instead: {first.by.instead}"), 6)
    for note in _notes(first):
        yield Indented(Text(note, FAINT), 6)


def _who(same: Sequence[Changed]) -> Text:
    agent = _agent(same[0])
    steps = [str(step) for step in dict.fromkeys(_step(changed) for changed in same) if step is not None]
    return one_line(f"{agent} step{'s' if len(steps) > 1 else ''} {listed(steps, _MOST)}" if steps else agent)


def _notes(changed: Changed) -> Iterator[str]:
    if changed.effect is Effect.REFUSED and changed.now is Verdict.ASK:
        checks = isinstance(changed.act, JudgedAct) and changed.act.agent is None
        yield "nobody is asked about checks" if checks else "the run had nobody to ask (--ask deny)"
    if changed.cause in _CAUSES:
        yield _CAUSES[changed.cause]
    if isinstance(changed.act, LandedChange):
        return
    if changed.act.discarded:
        yield "nothing of this attempt was kept, so that no task landed by it"
    if MARK.search(changed.act.subject):
        yield "judged with a plain word where a secret was taken out"


def _agent(changed: Changed) -> str:
    act = changed.act
    return "diff" if isinstance(act, LandedChange) else act.agent or "check of the task"


def _step(changed: Changed) -> int | None:
    return None if isinstance(changed.act, LandedChange) else changed.act.step


def _text(changed: Changed) -> str:
    """The command; `edit PATH`; of a diff the file that decides."""
    act = changed.act
    if isinstance(act, LandedChange):
        return changed.by.text
    return f"edit {act.subject}" if act.tool == "edit" else act.subject


def backtest_json(policy: Policy, result: Backtest) -> dict[str, Any]:
    """The same for programs."""
    return {
        "policy": list(map(printable, policy.layers)),
        "policy_hash": policy.hash,
        "stopped": [{"run": run, "task": task} for run, task in result.stopped],
        "runs": [_run_json(run) for run in result.runs],
    }


def _run_json(run: BacktestedRun) -> dict[str, Any]:
    return {
        "run": run.run,
        "acts": run.acts,
        "diffs": run.diffs,
        "gone": list(run.gone),
        "landed": list(run.landed),
        "stopped": list(run.stopped),
        "waiting": list(run.waiting),
        "changed": [_changed_json(changed) for changed in run.changed],
    }


def _changed_json(changed: Changed) -> dict[str, Any]:
    act = changed.act
    judged = None if isinstance(act, LandedChange) else act
    by = changed.by
    return {
        "task": act.task,
        "role": act.role,
        "agent": judged.agent if judged else None,
        "step": judged.step if judged else None,
        "tool": judged.tool if judged else "change",
        "text": printable(judged.subject if judged else by.text),
        "before": act.verdict.value,
        "after": changed.now.value,
        "effect": changed.effect.value,
        "cause": changed.cause.value,
        "counts": changed.counts,
        "discarded": judged.discarded if judged else False,
        "redacted": bool(judged and MARK.search(judged.subject)),
        "by": {
            "text": printable(by.text),
            "verdict": by.verdict.value,
            "rule": printable(by.rule),
            "file": printable(by.file),
            "line": by.line,
            "why": printable(by.why),
            "instead": printable(by.instead) if by.instead is not None else None,
        },
    }

"""What happened in a run and why, an event at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from agents import events as e
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of
from orchestrator.views.evidence import command_text
from orchestrator.views.indent import Indented
from orchestrator.views.styles import BAD, FAINT, GOOD, HEADING, style_of
from orchestrator.views.words import block, clock, count, dollars, duration, one_line, plural, short, size

_TEXT_COLUMN = 10
_DETAIL_COLUMN = 12
"""The time of day stands before the text, details stand under it."""

_OUTPUT_LINES = 12
_LONGEST = 2000

Part = Text | str | tuple[str, str]


def log_view(recorded: Recorded) -> Iterator[RenderableType]:
    """The lines of one event; none for an event that another line tells already."""
    event = event_of(recorded)
    described = _DESCRIBED[type(event)](event)
    for number, part in enumerate(described):
        if number:
            yield Indented(part, _DETAIL_COLUMN)
        else:
            task = one_line(f"{recorded.task}: " if recorded.task else "", HEADING)
            yield Indented(task + part, _TEXT_COLUMN, Text(clock(recorded.time), style=FAINT))


def _line(*parts: Part) -> Text:
    return Text.assemble(*parts)


def _said(text: str | None, style: str = "") -> Text:
    return one_line(text or "", style, limit=_LONGEST)


def _why(text: str | None, style: str = FAINT) -> list[Text]:
    return [block(text, style, lines=_OUTPUT_LINES)] if text else []


def _run_started(event: e.RunStarted) -> list[Text]:
    place = f"base {event.base_branch} at {short(event.base_commit)}, commands in {event.backend} {event.image or ''}"
    layers = f"policy {', '.join(event.policy)} ({event.policy_hash[:10]})"
    return [_line(("run started: ", HEADING), _said(str(event.plan.get("goal", "")))), _said(place), _said(layers)]


def _run_resumed(event: e.RunResumed) -> list[Text]:
    granted = ", ".join(f"{key}={value}" for key, value in event.options.items())
    return [_line(("run resumed", HEADING), _said(f" {granted}" if granted else ""))]


def _run_ended(event: e.RunEnded) -> list[Text]:
    base = f"base moved to {short(event.base_after)}" if event.moved else "base not moved"
    head = _line(("run ended: ", HEADING), (event.status, style_of(event.status)), f", {base}")
    return [head, *_why(event.why), *_why(event.why_not)]


def _plan_made(event: e.PlanMade) -> list[Text]:
    tasks = ", ".join(str(task.get("id")) for task in event.tasks)
    return [_said(f"plan from the {event.source}: {plural(len(event.tasks), 'task')}: {tasks}"), *_why(event.why, "")]


def _decision_made(event: e.DecisionMade) -> list[Text]:
    parts = f"parts: {', '.join(str(part.get('id')) for part in event.parts)}" if event.parts else None
    head = _line(_said(event.agent), " decides after attempt ", str(event.attempt), ": ", (event.choice, HEADING))
    return [head, *_why(event.why, ""), *_why(event.advice), *_why(parts)]


def _base_verified(event: e.VerifiedBase) -> list[Text]:
    outcome = ("green", GOOD) if event.green else ("red", BAD)
    return [_line(f"verify on the base {short(event.commit)}: ", outcome), *_why(event.why)]


def _task_started(event: e.TaskStarted) -> list[Text]:
    return [_said(f"task started from {short(event.commit)}")]


def _task_ended(event: e.TaskEnded) -> list[Text]:
    commit = f" {short(event.commit)}" if event.commit else ""
    return [_line("task ended: ", (event.state, style_of(event.state)), commit), *_why(event.why)]


def _attempt_started(event: e.AttemptStarted) -> list[Text]:
    text = f"{event.agent} starts: attempt {event.attempt}, round {event.round}, {event.model} in {event.sandbox}"
    return [_said(text)]


def _attempt_ended(event: e.AttemptEnded) -> list[Text]:
    style = GOOD if event.outcome == "finished" else style_of("failed")
    head = _line(_said(event.agent), " ", (event.outcome, style), f" {short(event.commit)}" if event.commit else "")
    result = [f"{key}: {value}" for key, value in (event.result or {}).items() if isinstance(value, str) and value]
    return [head, *_why(event.why), *(line for text in result for line in _why(text, ""))]


def _model_asked(_: e.ModelAsked) -> list[Text]:
    return []


def _model_answered(event: e.ModelAnswered) -> list[Text]:
    usage = event.usage
    cost = "price unknown" if event.cost is None else dollars(event.cost)
    tokens = f"{count(usage.prompt)}+{count(usage.completion)} tokens ({count(usage.cached)} cached)"
    head = f"{event.agent} step {event.step}: {event.model}, {tokens}, {cost}, {duration(event.latency_seconds)}"
    return [_said(head, FAINT), *_why(event.message.content, "")]


def _command_proposed(event: e.CommandProposed) -> list[Text]:
    who = event.agent if event.source == "agent" else event.source
    return [_line(_said(f"{who} wants {event.tool}: ", HEADING), _said(command_text(event)))]


def _command_judged(event: e.CommandJudged) -> list[Text]:
    deciding = [part for part in event.parts if part.verdict == event.verdict] or event.parts
    by = f", {'allowed' if event.allowed else 'refused'} by {event.answered_by}" if event.answered_by else ""
    head = _line((event.verdict, style_of(event.verdict)), _said(by), _said(_rule(deciding[0]) if deciding else ""))
    instead = [part.instead for part in deciding if part.instead and not event.allowed]
    return [head, *_why(f"instead: {instead[0]}" if instead else None)]


def _rule(part: e.JudgedPart) -> str:
    return f" by {part.file}:{part.line} ({part.rule}): {part.why}"


def _command_run(event: e.CommandRun) -> list[Text]:
    memory = f", {size(event.peak_memory_bytes)}" if event.peak_memory_bytes else ""
    figures = f", {duration(event.wall_seconds)}{memory}"
    head = _line(ended(event.model_dump()), (figures, FAINT))
    return [head, *_why(event.stdout), *_why(event.stderr)]


def ended(run: Mapping[str, Any]) -> Text:
    """How a command ended, in words; `run` is the event's data."""
    if run["cancelled"]:
        return Text("cancelled", style=BAD)
    if run["limit"] and run["limit"] != "output":
        return Text(f"stopped by its {run['limit']} limit", style=BAD)
    if run["signal"] is not None:
        return Text(f"ended by signal {run['signal']}", style=BAD)
    return Text(f"exit {run['exit_code']}", style=GOOD if run["exit_code"] == 0 else BAD)


def _checkpoint(event: e.CheckpointTaken) -> list[Text]:
    files = f"{plural(len(event.files), 'file')} changed: {', '.join(event.files)}"
    refused = f"refused: {', '.join(event.refused)}" if event.refused else None
    ignored = f"ignored, not kept: {', '.join(event.ignored)}" if event.ignored else None
    head = _said(f"checkpoint {short(event.commit)} of step {event.step}, {files}", FAINT)
    return [head, *_why(refused, BAD), *_why(ignored)]


def _context_rebuilt(event: e.ContextRebuilt) -> list[Text]:
    return [_said(f"{event.agent}: context rebuilt at step {event.step}: {event.why}")]


def _gate_started(event: e.GateStarted) -> list[Text]:
    return [_said(f"gate {event.gate} looks at {short(event.commit)}")]


def _gate_passed(event: e.GatePassed) -> list[Text]:
    return [_line(_said(f"gate {event.gate} "), ("passed", GOOD))]


def _gate_failed(event: e.GateFailed) -> list[Text]:
    return [_line(_said(f"gate {event.gate} "), ("failed", BAD)), *_why(event.why, "")]


def _question_asked(event: e.QuestionAsked) -> list[Text]:
    return [_line(("asks you: ", style_of("ask")), _said(event.subject)), _said(f"id {event.id}", FAINT)]


def _question_answered(event: e.QuestionAnswered) -> list[Text]:
    answer = ("allowed", GOOD) if event.allowed else ("refused", BAD)
    return [_line("answer: ", answer, _said(f" by {event.by}")), *_why(event.why)]


def _change_queued(event: e.ChangeQueued) -> list[Text]:
    return [_said(f"{short(event.commit)} waits to be merged")]


def _change_merged(event: e.ChangeMerged) -> list[Text]:
    lost = "\n".join(["lost in resolving the conflict:", *event.lost_lines]) if event.lost_lines else None
    return [_line(("merged", GOOD), f" as {short(event.landed)} onto {short(event.onto)}"), *_why(lost, BAD)]


def _change_refused(event: e.ChangeRefused) -> list[Text]:
    conflicts = f"conflicts: {', '.join(event.conflicts)}" if event.conflicts else None
    return [_line(("not merged", BAD), f" onto {short(event.onto)}"), *_why(conflicts), *_why(event.why, "")]


def _change_reverted(event: e.ChangeReverted) -> list[Text]:
    return [_said(f"reverted {short(event.landed)} by {short(event.commit)}")]


def _publish_started(_: e.PublishStarted) -> list[Text]:
    return []


def _publish_ended(event: e.PublishEnded) -> list[Text]:
    refs = ", ".join(f"{ref.removeprefix('refs/heads/')} {short(commit)}" for ref, commit in event.refs.items())
    return [_said(f"published {refs}{', base moved' if event.moved else ''}"), *_why(event.why_not)]


def _limit_reached(event: e.LimitReached) -> list[Text]:
    return [_said(f"limit reached: {event.limit}, {event.used:g} of {event.value:g}", style_of("stopped"))]


def _fault_met(event: e.FaultMet) -> list[Text]:
    return [_said(f"fault: {event.where}: {event.why}", BAD)]


def _fault_retried(event: e.FaultRetried) -> list[Text]:
    return [_said(f"{event.where}: try {event.attempt} after {duration(event.wait_seconds)}", FAINT)]


_DESCRIBED: dict[type[Any], Callable[..., list[Text]]] = {
    e.RunStarted: _run_started,
    e.RunResumed: _run_resumed,
    e.RunEnded: _run_ended,
    e.PlanMade: _plan_made,
    e.VerifiedBase: _base_verified,
    e.TaskStarted: _task_started,
    e.TaskEnded: _task_ended,
    e.AttemptStarted: _attempt_started,
    e.AttemptEnded: _attempt_ended,
    e.DecisionMade: _decision_made,
    e.ModelAsked: _model_asked,
    e.ModelAnswered: _model_answered,
    e.CommandProposed: _command_proposed,
    e.CommandJudged: _command_judged,
    e.CommandRun: _command_run,
    e.CheckpointTaken: _checkpoint,
    e.ContextRebuilt: _context_rebuilt,
    e.GateStarted: _gate_started,
    e.GatePassed: _gate_passed,
    e.GateFailed: _gate_failed,
    e.QuestionAsked: _question_asked,
    e.QuestionAnswered: _question_answered,
    e.ChangeQueued: _change_queued,
    e.ChangeMerged: _change_merged,
    e.ChangeRefused: _change_refused,
    e.ChangeReverted: _change_reverted,
    e.PublishStarted: _publish_started,
    e.PublishEnded: _publish_ended,
    e.LimitReached: _limit_reached,
    e.FaultMet: _fault_met,
    e.FaultRetried: _fault_retried,
}

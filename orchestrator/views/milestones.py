"""What happens in a run besides its steps: beginnings and ends, gates, decisions, questions, merges, faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.text import Text

from agents import events as e
from orchestrator.views.heard import in_round, told_lines
from orchestrator.views.outcome import retried
from orchestrator.views.states import forked
from orchestrator.views.styles import BAD, FAINT, GOOD, HEADING, style_of
from orchestrator.views.words import block, one_line, plural, short, size

_REASON_LINES = 12
_LONGEST = 2000

Part = Text | str | tuple[str, str]


def milestone(event: e.Event, *, whole: bool) -> list[Text]:
    """A line for an event and details to stand under it; nothing for one that another tells already.

    `whole` cuts nothing.
    """
    told = _DESCRIBED[type(event)](event)
    return [told[0], *(detail if whole else _cut(detail) for detail in told[1:])] if told else []


def _cut(detail: Text) -> Text:
    lines = detail.split("\n", allow_blank=True)
    more = len(lines) - _REASON_LINES
    if more <= 0:
        return detail
    return Text("\n").join([Text(f"[... {plural(more, 'line')} before ...]", style=FAINT), *lines[more:]])


def _line(*parts: Part) -> Text:
    return Text.assemble(*parts)


def _said(text: str | None, style: str = "") -> Text:
    return one_line(text or "", style, limit=_LONGEST)


def _why(text: str | None, style: str = FAINT) -> list[Text]:
    return [block(text, style)] if text else []


def _run_started(event: e.RunStarted) -> list[Text]:
    place = f"base {event.base_branch} at {short(event.base_commit)}, commands in {event.backend} {event.image or ''}"
    layers = f"policy {', '.join(event.policy)} ({event.policy_hash[:10]})"
    told = [_line(("run started: ", HEADING), _said(str(event.plan.get("goal", "")))), _said(place), _said(layers)]
    return [*told, *([_said(forked(event.forked_from.model_dump()))] if event.forked_from is not None else [])]


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


def _sandbox_prepared(event: e.SandboxPrepared) -> list[Text]:
    image = f"{event.image}, from {event.image_from}" if event.image else "the programs of this machine"
    setup = f"setup of {event.setup_from}: {'; '.join(event.setup)}" if event.setup else None
    kept = f"{'found' if event.reused else 'kept'} as {event.kept_as}" if event.kept_as else None
    included = f"files taken along: {', '.join(event.included)}" if event.included else None
    left_out = "\n".join(["files left out:", *event.left_out]) if event.left_out else None
    return [_said(f"sandboxes have {image}"), *_why(setup, ""), *_why(kept, ""), *_why(included, ""), *_why(left_out)]


def _base_verified(event: e.VerifiedBase) -> list[Text]:
    outcome = ("green", GOOD) if event.green else ("red", BAD)
    return [_line(f"verify on the base {short(event.commit)}: ", outcome), *_why(event.why)]


def _task_started(event: e.TaskStarted) -> list[Text]:
    return [_said(f"task started from {short(event.commit)}")]


def _task_ended(event: e.TaskEnded) -> list[Text]:
    commit = f" {short(event.commit)}" if event.commit else ""
    return [_line("task ended: ", (event.state, style_of(event.state)), commit), *_why(event.why)]


def _attempt_started(event: e.AttemptStarted) -> list[Text]:
    return [_said(f"{in_round(event)} begins with {event.model}"), *told_lines(event)]


def _attempt_ended(event: e.AttemptEnded) -> list[Text]:
    style = GOOD if event.outcome == "finished" else style_of("failed")
    head = _line(_said(event.agent), " ", (event.outcome, style), f" {short(event.commit)}" if event.commit else "")
    result = [f"{key}: {value}" for key, value in (event.result or {}).items() if isinstance(value, str) and value]
    return [head, *_why(event.why), *(line for text in result for line in _why(text, ""))]


def _checkpoint(event: e.CheckpointTaken) -> list[Text]:
    """That of a run that this one was forked from, mostly: others are told with their steps."""
    return [_said(f"{event.agent}: checkpoint {event.ref.rpartition('/')[2]}, {short(event.commit)}", FAINT)]


def _stray(event: e.CommandJudged | e.CommandRun | e.ModelAnswered) -> list[Text]:
    """What belongs to a step whose beginning is not there."""
    return [_said(f"{event.kind}, apart from its step", FAINT)]


def _network_asked(event: e.NetworkAsked) -> list[Text]:
    """Those that were served are in the sum."""
    if event.allowed:
        return []
    host = f"{event.method} {event.host}:{event.port}" if event.host else event.method
    return [_line(_said(f"network: {host} "), ("refused", BAD)), *_why(event.why)]


def _network_used(event: e.NetworkUsed) -> list[Text]:
    refused = f", {event.refused} of them refused" if event.refused else ""
    bytes_ = f"{size(event.sent_bytes)} sent, {size(event.received_bytes)} received"
    head = _said(f"network: {plural(event.requests, 'request')}{refused}; {bytes_}")
    return [head, *_why(", ".join(f"{host} {times}" for host, times in event.hosts.items()))]


def _context_rebuilt(event: e.ContextRebuilt) -> list[Text]:
    size = f", from about {event.before:,} tokens to {event.after:,} of {event.limit:,}" if event.limit else ""
    head = _said(f"{event.agent}: context rebuilt after step {event.step}{size}")
    by = f"handover by the {event.handover}" if event.handover else ""
    return [head, *_why(event.why), *_why(f"{by}: {event.refused}" if event.refused else by)]


def _note_learnt(event: e.NoteLearnt) -> list[Text]:
    return [_said(f"{event.agent} proposes to remember: {event.text}")]


def _task_taken_over(event: e.TaskTakenOver) -> list[Text]:
    where = f" as {short(event.landed)}" if event.landed is not None else ""
    return [_line((event.state, style_of(event.state)), f"{where} already in the run that this one was forked from")]


def _conversation_taken_over(event: e.ConversationTakenOver) -> list[Text]:
    return [_said(f"{event.agent}: goes on from step {event.step}, knowing what was said until then")]


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
    where = f" on the run's main branch as {short(event.landed)}, onto {short(event.onto)}"
    return [_line(("landed", GOOD), where), *_why(lost, BAD)]


def _change_refused(event: e.ChangeRefused) -> list[Text]:
    unsaid = [conflict for conflict in event.conflicts if conflict not in event.why]
    conflicts = f"conflicts: {', '.join(unsaid)}" if unsaid else None
    return [
        _line(("sent back", BAD), f" by the merge onto {short(event.onto)}"),
        *_why(conflicts),
        *_why(event.why, ""),
    ]


def _change_reverted(event: e.ChangeReverted) -> list[Text]:
    return [_said(f"reverted {short(event.landed)} by {short(event.commit)}")]


def _publish_started(_: e.PublishStarted) -> list[Text]:
    return []


def _publish_ended(event: e.PublishEnded) -> list[Text]:
    refs = [f"{ref.removeprefix('refs/heads/')} {short(commit)}" for ref, commit in event.refs.items()]
    head = f"published {plural(len(refs), 'branch', 'branches')}{', base moved' if event.moved else ''}"
    return [_said(head), *_why("\n".join(refs)), *_why(event.why_not)]


def _limit_reached(event: e.LimitReached) -> list[Text]:
    return [_said(f"limit reached: {event.limit}, {event.used:g} of {event.value:g}", style_of("stopped"))]


def _store_remade(event: e.StoreRemade) -> list[Text]:
    anew = f"; begun anew: {', '.join(event.lost)}" if event.lost else ""
    return [one_line(f"{event.why}; goes on from {short(event.tip)}{anew}", BAD)]


def _interrupted(event: e.CommandInterrupted) -> list[Text]:
    """A command whose step was told of already."""
    who = f"{event.agent} step {event.step}" if event.agent else event.source
    what = one_line(f"{who}: $ {event.command}  ")
    return [what + one_line(f"interrupted: {event.why}", style_of("interrupted"))]


def _fault_met(event: e.FaultMet) -> list[Text]:
    return [_said(f"fault: {event.where}: {event.why}", BAD)]


def _fault_retried(event: e.FaultRetried) -> list[Text]:
    return [_said(retried(event), FAINT)]


_DESCRIBED: dict[type[Any], Callable[..., list[Text]]] = {
    e.RunStarted: _run_started,
    e.RunResumed: _run_resumed,
    e.RunEnded: _run_ended,
    e.StoreRemade: _store_remade,
    e.PlanMade: _plan_made,
    e.SandboxPrepared: _sandbox_prepared,
    e.VerifiedBase: _base_verified,
    e.TaskStarted: _task_started,
    e.TaskEnded: _task_ended,
    e.AttemptStarted: _attempt_started,
    e.AttemptEnded: _attempt_ended,
    e.DecisionMade: _decision_made,
    e.ModelAnswered: _stray,
    e.CommandJudged: _stray,
    e.CommandRun: _stray,
    e.CommandInterrupted: _interrupted,
    e.CheckpointTaken: _checkpoint,
    e.NetworkAsked: _network_asked,
    e.NetworkUsed: _network_used,
    e.ContextRebuilt: _context_rebuilt,
    e.TaskTakenOver: _task_taken_over,
    e.ConversationTakenOver: _conversation_taken_over,
    e.NoteLearnt: _note_learnt,
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

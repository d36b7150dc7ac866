"""The change of a task with its evidence: why, what stands out, verdicts, tests, refusals, and at last the diff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from agents import events as e
from orchestrator.journal.state import RunState, TaskProgress
from orchestrator.views.concerns import Reviewed
from orchestrator.views.diff import Diff
from orchestrator.views.evidence import CommandEvidence, Evidence, Judgement, ResultEvidence
from orchestrator.views.extent import Extent, FileChange
from orchestrator.views.grid import Grid, Row
from orchestrator.views.heard import told_once, told_to_line
from orchestrator.views.indent import Indented
from orchestrator.views.outcome import command_line, deciding_part, ended, ruled
from orchestrator.views.states import state_word
from orchestrator.views.steps import STDERR, STDOUT, marked
from orchestrator.views.styles import BAD, FAINT, GOOD, HEADING, style_of
from orchestrator.views.typed import Labelled, typed
from orchestrator.views.words import block, count, dollars, duration, one_line, plural, short

_RED_LINES = 40
_REFUSED_SHOWN = 10
_COMMAND_CHARS = 300
_PATH_CHARS = 1000


def review_view(state: RunState, reviewed: Reviewed) -> Iterator[RenderableType]:
    """A page on one task. The diff is its end, for all else is short."""
    task, evidence = reviewed.task, reviewed.evidence
    yield from _head(state, reviewed)
    yield from _section("Look at", (one_line(reason, style_of("ask")) for reason in reviewed.concerns))
    yield from _section("Told by others", _told(evidence))
    yield from _section("Handed over", [*_results(task, evidence), *told_to_line(reviewed.told_to)])
    yield from _section("Decisions of the coordinator", _decisions(task))
    yield from _section("Tests", _tests(evidence))
    yield from _section("Sent back", _sent_back(evidence))
    yield from _section("Judged by the policy", _judged(state, evidence.judgement))
    yield from _section("Answered by a human", _answers(evidence))
    yield from _section("Commands", _commands(state, task, evidence))
    lost = [block("\n".join(task.lost_lines), BAD)] if task.lost_lines else []
    yield from _section("Gone in resolving a conflict", lost)
    yield from _section(f"Change: {_extent(reviewed.extent, evidence.judgement.tests)}", _change(reviewed))
    yield Text()


def review_json(state: RunState, reviewed: Reviewed) -> dict[str, Any]:
    """The same for programs; the patch's undecodable bytes are replaced."""
    task, extent = reviewed.task, reviewed.extent
    return {
        "id": task.id,
        "role": task.role,
        "goal": task.goal,
        "run_goal": state.goal,
        "state": task.state.value,
        "why": task.why,
        "commit": task.landed or task.commit,
        "branch": state.branch(task.id),
        "reverted": task.reverted,
        "part_of": task.part_of,
        "parts": task.parts,
        "concerns": reviewed.concerns,
        "remarks": reviewed.remarks,
        "files": [
            {"path": file.path, "added": file.added, "removed": file.removed, "binary": file.binary}
            for file in extent.files
        ],
        "tests": {
            "added": extent.tests_added,
            "removed": extent.tests_removed,
            **{when: reviewed.evidence.judgement.tests.get(when) for when in ("before", "after")},
        },
        "judged": reviewed.evidence.judgement.as_json(),
        "patch": reviewed.patch.decode(errors="replace"),
        **_evidence_json(task, reviewed.evidence),
        "told_to": reviewed.told_to,
        "lost_lines": task.lost_lines,
        "attempts": task.attempts,
        "round": task.rounds,
        "steps": task.used.steps,
        "tokens": task.used.tokens(),
        "cost": round(task.used.cost, 6),
        "unpriced_tokens": task.used.unpriced_tokens,
        "seconds": round(task.seconds, 3),
    }


def _evidence_json(task: TaskProgress, evidence: Evidence) -> dict[str, Any]:
    refusals = [event for event in evidence.sent_back if isinstance(event, e.ChangeRefused)]
    return {
        "told": [{"agent": begun.agent, "round": begun.round, **told.model_dump()} for begun, told in evidence.told],
        "results": [
            {"agent": each.agent, "outcome": each.outcome, "result": each.result, "why": each.why}
            for each in evidence.results
        ],
        "gates": [asdict(gate) for gate in task.gates],
        "commands": [command.as_json() for command in evidence.commands.values()],
        "refusals": [refusal.model_dump(exclude={"v", "kind"}) for refusal in refusals],
        "answers": [
            {
                "about": asked.about,
                "subject": asked.subject,
                "allowed": answer.allowed,
                "by": answer.by,
                "why": answer.why,
            }
            for asked, answer in evidence.answers
        ],
        "decisions": [asdict(made) for made in task.decisions],
    }


def _section(title: str, body: Iterable[RenderableType]) -> Iterator[RenderableType]:
    for number, part in enumerate(body):
        if number == 0:
            yield Text(f"\n{title}", style=HEADING)
        yield Indented(part)


def _head(state: RunState, reviewed: Reviewed) -> Iterator[RenderableType]:
    task, used = reviewed.task, reviewed.task.used
    of = f" (part of {task.part_of})" if task.part_of else ""
    yield Text.assemble(
        (f"=== {task.id}{of}", HEADING), f"  {task.role}  ", (state_word(task), style_of(state_word(task)))
    )
    yield Indented(block(task.goal))
    yield Indented(one_line(f"for: {state.goal}", FAINT))
    figures = (
        short(task.landed or task.commit),
        plural(max(1, task.attempts), "attempt"),
        plural(max(1, task.rounds), "round"),
        plural(used.steps, "step"),
        f"{count(used.prompt + used.completion)} tokens",
        dollars(used.cost, unpriced_tokens=used.unpriced_tokens),
        duration(task.seconds),
    )
    yield Indented(Text(", ".join(figures), style=FAINT))
    if task.why:
        yield Indented(block(task.why, style_of(task.state.value), last=_RED_LINES))


def _results(task: TaskProgress, evidence: Evidence) -> Iterator[RenderableType]:
    """The last word of each role: that of the task first, those of its gates after it."""
    last = {handed.agent.partition(".")[0]: handed for handed in evidence.results}
    for role in sorted(last, key=lambda role: role != task.role):
        yield from _result(last[role])


def _told(evidence: Evidence) -> Iterator[RenderableType]:
    for text, agents in told_once(evidence.told):
        yield text
        yield Indented(agents)


def _result(handed: ResultEvidence) -> Iterator[RenderableType]:
    result = handed.result or {}
    verdict = result.get("verdict")
    style = {"approve": GOOD, "pass": GOOD, "changes": BAD, "fail": BAD}.get(str(verdict), "")
    word = (str(verdict), style) if verdict else (handed.outcome, GOOD if handed.outcome == "finished" else BAD)
    yield Text.assemble(one_line(handed.agent), ": ", (one_line(word[0]).plain, word[1]))
    for key in ("summary", "notes", "findings"):
        if result.get(key):
            yield Indented(block(str(result[key])))
    for tried in _mappings(result.get("evidence")):
        yield Indented(one_line(f"$ {tried.get('command')}"))
        yield Indented(block(str(tried.get("what_happened")), FAINT), 4)
    for comment in _mappings(result.get("comments")):
        place = one_line(f"{comment.get('file')}:{comment.get('line')}: ", HEADING)
        yield Indented(place + block(str(comment.get("text"))))
    if handed.why:
        yield Indented(block(handed.why, FAINT, last=_RED_LINES))


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list | tuple) else []


def _decisions(task: TaskProgress) -> Iterator[RenderableType]:
    for made in task.decisions:
        yield one_line(f"after attempt {made.attempt}: {made.choice}")
        yield from (Indented(block(text)) for text in (made.why, made.advice) if text)
    if task.parts:
        yield one_line(f"parts: {', '.join(task.parts)}", limit=len(", ".join(task.parts)) + 10)


def _tests(evidence: Evidence) -> Iterator[RenderableType]:
    """The last run of each of the plan's commands."""
    runs = [command for command in evidence.commands.values() if command.proposed.source == "verify" and command.ran]
    last = {command.text: command for command in runs}
    for text, command in last.items():
        if command.ran is not None:
            took = f", {duration(command.ran.wall_seconds)}"
            yield command_line("shell", text, limit=_COMMAND_CHARS).append("  ") + ended(command.ran).append(
                took, FAINT
            )
            yield from (Indented(part) for part in _printed(command.ran, whole=command.failed))


def _printed(run: e.CommandRun, *, whole: bool) -> Iterator[RenderableType]:
    """What a test printed: the end of it where it failed, of a good one its last word."""
    for stream, mark in ((run.stdout, STDOUT), (run.stderr, STDERR)):
        text = stream.strip("\n")
        if text.strip():
            yield marked(block(text if whole else text.rpartition("\n")[2], FAINT, last=_RED_LINES), mark)


def _sent_back(evidence: Evidence) -> Iterator[RenderableType]:
    for event in evidence.sent_back:
        if isinstance(event, e.GateFailed):
            yield one_line(f"by the {event.gate} gate, on {short(event.commit)}")
        else:
            yield one_line(f"by the merge of {short(event.commit)} onto {short(event.onto)}")
        yield Indented(block(event.why, last=_RED_LINES))


def _judged(state: RunState, judgement: Judgement) -> Iterator[RenderableType]:
    """What of the change was not simply allowed, each with rule, place and reason, and what came of it."""
    for part in judgement.parts:
        yield Indented(one_line(part.text, limit=_PATH_CHARS), 7, Text(part.verdict, style=style_of(part.verdict)))
        yield Indented(ruled(part), 7)
    if judgement.answer is not None:
        yield _answered(judgement.answer)
    elif judgement.asked is not None:
        yield Labelled(Text("waits for you:", style=style_of("ask")), typed("approve", state.run, judgement.asked.id))


def _answers(evidence: Evidence) -> Iterator[RenderableType]:
    for asked, answer in evidence.answers:
        if answer is not evidence.judgement.answer:
            yield _answered(answer)
            yield Indented(block(asked.subject))


def _answered(answer: e.QuestionAnswered) -> Text:
    word, style = ("allowed", GOOD) if answer.allowed else ("refused", BAD)
    why = f": {answer.why}" if answer.why else ""
    return Text.assemble((word, style), one_line(f" by {answer.by}{why}"))


def _commands(state: RunState, task: TaskProgress, evidence: Evidence) -> Iterator[RenderableType]:
    """What was refused, the same only once; of the others, that may be hundreds, how many there are."""
    mine = [command for command in evidence.commands.values() if command.proposed.source == "agent"]
    if not mine:
        return
    ran = sum(command.ran is not None for command in mine)
    failed = sum(command.failed for command in mine)
    refused = [command for command in mine if command.refused]
    yield Text(f"{ran} ran, {failed} of them failed; {len(refused)} refused; each with its verdict:")
    yield Indented(typed("log", state.run, task.id))
    times = Counter(_refusal(command) for command in refused)
    for (line, rule), number in times.most_common(_REFUSED_SHOWN):
        yield Text(line if number == 1 else f"{number} times {line}")
        yield Indented(Text(rule, style=FAINT))
    if len(times) > _REFUSED_SHOWN:
        yield Text("these and the others that were refused:")
        yield Indented(typed("log", state.run, task.id, "--only", "refused"))


def _refusal(command: CommandEvidence) -> tuple[str, str]:
    """The command with who refused it, and the rule, both harmless."""
    judged, part = command.judged, deciding_part(command.judged)
    by = one_line(f" by {judged.answered_by}").plain if judged is not None and judged.answered_by else ""
    line = command_line(command.proposed.tool, command.text, limit=_COMMAND_CHARS).plain
    return f"{line}  {judged.verdict if judged is not None else ''}, refused{by}", ruled(part).plain if part else ""


def _change(reviewed: Reviewed) -> Iterator[RenderableType]:
    if not reviewed.patch:
        return
    rows = [Row((Text(_lines(file)),), one_line(file.path)) for file in reviewed.extent.files]
    yield Grid(names=("",), rows=rows, right={0})
    yield Text()
    yield Diff(reviewed.patch)


def _lines(file: FileChange) -> str:
    return "binary" if file.binary else f"+{file.added} -{file.removed}"


def _extent(extent: Extent, counted: Mapping[str, int]) -> str:
    tests = (
        f", tests +{extent.tests_added} -{extent.tests_removed}" if extent.tests_added or extent.tests_removed else ""
    )
    if counted:
        tests += f" ({counted.get('before')} before, {counted.get('after')} after)"
    return f"{plural(len(extent.files), 'file')} +{extent.added} -{extent.removed}{tests}"

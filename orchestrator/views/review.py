"""The change of a task with its evidence: why, the diff, the commands and their verdicts, tests, comments, cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.journal.state import RunState, TaskProgress
from orchestrator.views.diff import diff_view
from orchestrator.views.evidence import CommandEvidence, Evidence, ResultEvidence, deciding_part
from orchestrator.views.indent import Indented
from orchestrator.views.log import ended
from orchestrator.views.styles import BAD, FAINT, GOOD, HEADING, style_of
from orchestrator.views.words import block, count, dollars, duration, one_line, plural, short

_OUTPUT_LINES = 40


def review_view(state: RunState, task: TaskProgress, evidence: Evidence, patch: bytes) -> Iterator[RenderableType]:
    """A page on one task; `patch` is its change as a unified diff."""
    yield Text.assemble((task.id, HEADING), f"  {task.role}  ", (task.state.value, style_of(task.state.value)))
    yield from _why(state, task)
    yield from _section("Handed over", _results(evidence))
    yield from _section("Change", [diff_view(patch)] if patch else [])
    yield from _section("Gates", _gates(task))
    yield from _section("Tests", _tests(evidence))
    yield from _section("Commands", _commands(evidence))
    yield from _section("Refused merges", _refusals(evidence))
    yield from _section(
        "Lost in resolving a conflict", [block("\n".join(task.lost_lines), BAD)] * bool(task.lost_lines)
    )
    yield Text()


def review_json(state: RunState, task: TaskProgress, evidence: Evidence, patch: bytes) -> dict[str, Any]:
    """The same for programs; the patch's undecodable bytes are replaced."""
    return {
        "id": task.id,
        "role": task.role,
        "goal": task.goal,
        "run_goal": state.goal,
        "state": task.state.value,
        "why": task.why,
        "commit": task.landed or task.commit,
        "branch": state.branch(task.id),
        "patch": patch.decode(errors="replace"),
        "results": [
            {"agent": each.agent, "outcome": each.outcome, "result": each.result, "why": each.why}
            for each in evidence.results
        ],
        "gates": [
            {
                "gate": gate.gate,
                "commit": gate.commit,
                "passed": gate.passed,
                "why": gate.why,
                "evidence": gate.evidence,
            }
            for gate in task.gates
        ],
        "commands": [command.as_json() for command in evidence.commands.values()],
        "refusals": [refusal.model_dump(exclude={"v", "kind"}) for refusal in evidence.refusals],
        "lost_lines": task.lost_lines,
        "attempts": task.attempts,
        "steps": task.used.steps,
        "tokens": task.used.tokens(),
        "cost": round(task.used.cost, 6),
        "unpriced_tokens": task.used.unpriced_tokens,
        "seconds": round(task.seconds, 3),
    }


def _section(title: str, body: Iterator[RenderableType] | list[RenderableType]) -> Iterator[RenderableType]:
    parts = list(body)
    if parts:
        yield Text(f"\n{title}", style=HEADING)
        yield from (Indented(part) for part in parts)


def _why(state: RunState, task: TaskProgress) -> Iterator[Text]:
    used = task.used
    yield block(task.goal)
    yield Text.assemble(("for: ", FAINT), one_line(state.goal, FAINT))
    figures = (
        short(task.landed or task.commit),
        plural(max(1, task.attempts), "attempt"),
        plural(used.steps, "step"),
        f"{count(used.prompt + used.completion)} tokens",
        dollars(used.cost, unpriced_tokens=used.unpriced_tokens),
        duration(task.seconds),
    )
    yield Text(", ".join(figures), style=FAINT)
    if task.why:
        yield block(task.why, style_of(task.state.value))


def _results(evidence: Evidence) -> Iterator[RenderableType]:
    for handed in evidence.results:
        yield from _result(handed)


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
        yield Indented(block(str(tried.get("what_happened")), FAINT))
    for comment in _mappings(result.get("comments")):
        place = one_line(f"{comment.get('file')}:{comment.get('line')}: ", HEADING)
        yield Indented(place + block(str(comment.get("text"))))
    if handed.why:
        yield Indented(block(handed.why, FAINT, lines=_OUTPUT_LINES))


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list | tuple) else []


def _gates(task: TaskProgress) -> Iterator[RenderableType]:
    for gate in task.gates:
        word, style = {True: ("passed", GOOD), False: ("failed", BAD), None: ("not over", FAINT)}[gate.passed]
        yield Text.assemble(one_line(gate.gate), f" on {short(gate.commit)}: ", (word, style))
        if gate.why:
            yield Indented(block(gate.why, lines=_OUTPUT_LINES))


def _tests(evidence: Evidence) -> Iterator[RenderableType]:
    for command in evidence.commands.values():
        if command.source == "verify" and command.ran is not None:
            yield Text.assemble("$ ", one_line(command.text), "  ", ended(command.ran.model_dump()))
            for stream in (command.ran.stdout, command.ran.stderr):
                if stream.strip():
                    yield Indented(block(stream, FAINT, lines=_OUTPUT_LINES))


def _commands(evidence: Evidence) -> Iterator[RenderableType]:
    for command in evidence.commands.values():
        if command.source == "agent":
            yield from _command(command)


def _command(command: CommandEvidence) -> Iterator[RenderableType]:
    verb = "$ " if command.tool == "shell" else f"{command.tool} "
    outcome = ended(command.ran.model_dump()) if command.ran else Text("did not run", style=BAD)
    verdict = command.judged.verdict if command.judged else "not judged"
    yield Text.assemble(one_line(verb), one_line(command.text), "  ", outcome, "  ", (verdict, style_of(verdict)))
    part = deciding_part(command.judged)
    if part is not None and verdict != "allow":
        by = f", {command.judged.answered_by} answered" if command.judged and command.judged.answered_by else ""
        yield Indented(one_line(f"{part.file}:{part.line} ({part.rule}): {part.why}{by}", FAINT))


def _refusals(evidence: Evidence) -> Iterator[RenderableType]:
    for refusal in evidence.refusals:
        yield one_line(f"{short(refusal.commit)} onto {short(refusal.onto)}: {', '.join(refusal.conflicts)}", BAD)
        yield Indented(block(refusal.why, lines=_OUTPUT_LINES))

"""A step of an agent, or a command of the user's: a line for each call, and under it what a reader needs to know."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from agents import events as e
from agents.model import ToolCall
from orchestrator.views.entries import Entry
from orchestrator.views.evidence import CommandEvidence
from orchestrator.views.indent import Marked
from orchestrator.views.outcome import command_line, deciding_part, ended, ruled
from orchestrator.views.styles import BAD, FAINT, GOOD, style_of
from orchestrator.views.words import block, count, dollars, duration, listed, one_line, plural, short, size

_COMMAND_CHARS = 300
_WORDS_CHARS = 300
_OUTPUT_LINES, _OUTPUT_COLUMNS = 8, 200
_FILES = 8
_UNCUT = sys.maxsize

SAID, STDOUT, STDERR = "< ", "| ", "! "
"""The marks of a model's words and of what a command printed; the progress of `-v` has the same."""

Line = tuple[Text, list[RenderableType]]
"""A line that says who and what, and details that stand under it."""


def step_lines(entry: Entry, *, whole: bool) -> Iterator[Line]:
    """The lines of an entry that is a step or a command; `whole` cuts nothing."""
    acts = _acts(entry)
    heads = [_call(act, whole=whole) if isinstance(act, CommandEvidence) else _other(act) for act in acts]
    details = [_details(act, entry.step, whole=whole) for act in acts]
    if not acts:
        heads, details = [_nothing(entry)], [[]]
    heads[0].append(f"  {_figures(entry)}", FAINT)
    details[0] = [*_words(entry, whole=whole), *details[0]]
    details[-1] = [*details[-1], *_saved(entry.saved, whole=whole)]
    yield from ((_who(entry) + head, below) for head, below in zip(heads, details, strict=True))


def _acts(entry: Entry) -> list[CommandEvidence | ToolCall]:
    """What the answer called, in its order: commands with what came of them, and calls that are no commands."""
    calls = entry.answered.message.tool_calls if entry.answered is not None else ()
    commands = dict(entry.calls)
    acts: list[CommandEvidence | ToolCall] = []
    for number, call in enumerate(calls, start=1):
        # A command that was tried again on another sandbox has the same id with a mark behind it.
        own = f"{entry.agent}.{entry.step}.{number}"
        tries = [name for name in commands if name == own or name.startswith(f"{own}.")]
        acts += [commands.pop(name) for name in tries] or [call]
    return [*acts, *commands.values()]


def _who(entry: Entry) -> Text:
    if entry.step is None:
        source = next((call.proposed.source for call in entry.calls.values()), "")
        return Text(f"{source}: ")
    return one_line(f"{entry.agent} step {entry.step}: ")


def _figures(entry: Entry) -> str:
    if entry.answered is None:
        return duration(entry.seconds)
    cost = "price unknown" if entry.answered.cost is None else dollars(entry.answered.cost)
    return f"{duration(entry.seconds)} {cost}"


def _nothing(entry: Entry) -> Text:
    """An answer without a call, or a request without an answer."""
    if entry.answered is not None:
        return Text("says")
    asked = entry.events[0]
    return one_line(f"asks {asked.model}: no answer" if isinstance(asked, e.ModelAsked) else "")


def _other(call: ToolCall) -> Text:
    """A call that is no command: what it hands over, or asks for."""
    arguments = _mapping(call.arguments)
    texts = [arguments[key] for key in _TOLD if isinstance(arguments.get(key), str)]
    return one_line(f"{call.name}: {texts[0] if texts else call.arguments}", limit=_COMMAND_CHARS)


_TOLD = ("summary", "findings", "verdict", "query", "command", "path")


def _mapping(arguments: str) -> dict[str, Any]:
    """Arguments as a model wrote them; empty where they are no JSON object."""
    try:
        read = json.loads(arguments)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _call(call: CommandEvidence, *, whole: bool) -> Text:
    told = command_line(call.proposed.tool, call.text, limit=_UNCUT if whole else _COMMAND_CHARS).append("  ")
    if call.judged is not None:
        told.append(call.judged.verdict, style_of(call.judged.verdict)).append(", ")
        by = one_line(f" by {call.judged.answered_by}") if call.judged.answered_by else Text()
        if call.refused:
            return told.append("refused", BAD).append_text(by)
        if by:
            told.append("allowed", GOOD).append_text(by).append(", ")
    if call.interrupted is not None:
        return told + one_line(f"interrupted: {call.interrupted.why}", style_of("interrupted"))
    return told + ended(call.ran)


def _words(entry: Entry, *, whole: bool) -> list[RenderableType]:
    answered = entry.answered
    if answered is None:
        return []
    usage = answered.usage
    tokens = f"{count(usage.prompt)} + {count(usage.completion)} tokens ({count(usage.cached)} cached)"
    asked = Text(f"{answered.model} answered in {duration(answered.latency_seconds)}: {tokens}", style=FAINT)
    said = answered.message.content.strip()
    if not whole:
        return [marked(one_line(said, limit=_WORDS_CHARS), SAID)] if said else []
    return [asked, *([marked(block(said), SAID)] if said else [])]


def _details(act: CommandEvidence | ToolCall, step: int | None, *, whole: bool) -> list[RenderableType]:
    if isinstance(act, ToolCall):
        read = _mapping(act.arguments)
        return [block(json.dumps(read, indent=2, ensure_ascii=False) if read else act.arguments)] if whole else []
    if whole:
        return [*_arguments(act.proposed), *_parts(act.judged), *_ran(act.ran)]
    details: list[RenderableType] = []
    part = deciding_part(act.judged)
    if part is not None and act.judged is not None and act.judged.verdict != "allow":
        details.append(Text("by ", style=FAINT) + ruled(part))
        if part.instead and act.refused:
            details.append(one_line(f"instead: {part.instead}"))
    if act.failed and act.ran is not None:
        hint = f"whole with --step {step}" if step is not None else ""
        details += _output(act.ran, short=True, hint=hint)
    return details


def _arguments(proposed: e.CommandProposed) -> Iterator[RenderableType]:
    """What a line can't show of the arguments: a script's lines, an edit's two sides, whatever else a model made up."""
    for key, value in _mapping(proposed.arguments).items():
        if key in {"old", "new"} and isinstance(value, str):
            mark, style = ("- ", BAD) if key == "old" else ("+ ", GOOD)
            yield marked(block(value, style), mark)
        elif isinstance(value, str) and "\n" in value:
            yield marked(block(value), "$ ")
        elif key not in {"command", "path"}:
            yield one_line(f"{key}: {value}", limit=_UNCUT)


def _parts(judged: e.CommandJudged | None) -> Iterator[RenderableType]:
    for part in judged.parts if judged is not None else []:
        verdict = Text(part.verdict, style=style_of(part.verdict))
        yield verdict + one_line(f" {part.text}: ", limit=_UNCUT) + ruled(part)
        if part.instead:
            yield one_line(f"instead: {part.instead}")


def _ran(run: e.CommandRun | None) -> Iterator[RenderableType]:
    if run is None:
        return
    figures = [duration(run.wall_seconds), f"{duration(run.cpu_seconds)} of a CPU", size(run.peak_memory_bytes)]
    if run.dropped_bytes:
        figures.append(f"{size(run.dropped_bytes)} of output not kept")
    yield ended(run) + one_line(f" after {', '.join(figures)}, in {run.sandbox}", FAINT)
    yield from _output(run)


def _output(run: e.CommandRun, *, short: bool = False, hint: str = "") -> Iterator[RenderableType]:
    cut = {"last": _OUTPUT_LINES, "columns": _OUTPUT_COLUMNS} if short else {}
    for text, mark in ((run.stdout, STDOUT), (run.stderr, STDERR)):
        if text.strip():
            yield marked(block(text, FAINT, **cut, hint=hint), mark)


def marked(text: Text, mark: str) -> Marked:
    """Lines behind a mark that says whose they are."""
    return Marked(text, Text(mark, style=FAINT))


def _saved(saved: e.CheckpointTaken | None, *, whole: bool) -> list[RenderableType]:
    if saved is None:
        return []
    most = None if whole else _FILES
    told: list[RenderableType] = []
    if saved.files:
        files = f"{plural(len(saved.files), 'file')}: {listed(saved.files, most)}"
        where = f" ({saved.ref})" if whole else ""
        number = saved.ref.rpartition("/")[2]
        told.append(one_line(f"checkpoint {number}, {short(saved.commit)}{where}, {files}", FAINT, limit=_UNCUT))
    if saved.refused:
        told.append(one_line(f"not saved: {listed(saved.refused, most)}", BAD, limit=_UNCUT))
    if saved.ignored:
        what = listed(saved.ignored) if whole else plural(len(saved.ignored), "file")
        told.append(one_line(f"ignored, not saved: {what}", FAINT, limit=_UNCUT))
    return told

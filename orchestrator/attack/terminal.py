"""Escapes that aim at the reader's terminal: what a command prints, names, writes and says, as the program shows it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from rich.console import Console, RenderableType

from agents import events as e
from agents.model import Message, Usage
from orchestrator.airlock.errors import readable
from orchestrator.airlock.messages import compose
from orchestrator.airlock.paths import refuse_path
from orchestrator.journal.chain import GENESIS, Recorded
from orchestrator.views.details import detail_lines
from orchestrator.views.diff import Diff
from orchestrator.views.entries import entries
from orchestrator.views.log import Form, log_view
from orchestrator.views.question import marked
from orchestrator.views.words import block, one_line
from policies.printable import is_unsafe, printable
from sandbox.attacks.escape import Escape, Group, Outcome, Verdict
from sandbox.attacks.runner import ORDINARY, try_batch
from sandbox.attacks.scene import Scene
from sandbox.sandbox import Backend, CommandResult, Record, Sandbox

_AGENT, _CALL = "editor.1", "editor.1.1.1"

PAYLOADS = {
    "clipboard": ("write to the reader's clipboard (OSC 52)", "\x1b]52;c;cm0gLXJm\x07"),
    "hyperlink": ("hide an address behind a word (OSC 8)", "\x1b]8;;https://example.org/\x1b\\here\x1b]8;;\x1b\\"),
    "title": ("set the window's title and have it typed back", "\x1b]0;owned\x07\x1b[21t"),
    "device-control": ("send the terminal strings of control (DCS, APC, PM)", "\x1bP$q\x1b\\\x1b_x\x1b\\\x1b^x\x1b\\"),
    "erase": ("clear the screen and hide what follows (CSI)", "\x1b[2J\x1b[3J\x1b[8m\x1b[?1049h"),
    "cursor-movement": ("write over lines that were shown before", "fine\x1b[1A\x1b[2K\rheld\x08\x08\x0b\x0c"),
    "bidirectional": ("turn the order of letters around", "\u202egnp\u202c \u2066x\u2069 \u200f"),
    "invisible": ("hide letters in a name", "a\u200bb\u200dc\ufeffd\u00ade\U000e0041"),
    "c1-controls": ("use control characters of eight bits", "\u009b2J\u009d0;x\u009c\u0085\u0090x\u009c"),
    "line-separators": ("begin a line of the program's own", "x\u2028y\u2029z"),
}
"""What each tries, and the text that would do it. A new one is an entry here."""

SCRIPT = """cd /workspace; printf "$PAYLOAD"; printf "$PAYLOAD" >&2; printf "$PAYLOAD" > content
(: > "$(printf "$PAYLOAD")") 2> /dev/null; held "it is written out, and steers nothing" """


@dataclass(frozen=True, slots=True)
class Arrived:
    """What the program got of a payload, over the channel and by a snapshot."""

    output: str
    errors: str
    records: Sequence[Record]


Show = Callable[[Arrived], Iterator[str]]
"""Everything that is written to a terminal of it."""


async def try_terminal(backend: Backend, scene: Scene, *, show: Show | None = None) -> list[Outcome]:
    """Try all payloads in one sandbox: each is printed, to both streams, and is a file's name and content."""
    missed: set[str] = set()
    escapes = [
        Escape(
            name=name,
            group=Group.TERMINAL,
            tries=tries,
            script=f"PAYLOAD='{_octal(payload)}'\n{SCRIPT}",
            afterwards=partial(_look, name, show or shown, missed),
        )
        for name, (tries, payload) in PAYLOADS.items()
    ]
    outcomes = await try_batch(backend, scene, scene.spec("terminal", ORDINARY), escapes)
    return [_unless_missed(outcome, missed) for outcome in outcomes]


def _unless_missed(outcome: Outcome, missed: set[str]) -> Outcome:
    if outcome.name not in missed or outcome.verdict is not Verdict.HELD:
        return outcome
    return replace(outcome, verdict=Verdict.NOT_TRIED, reason="it did not come out of the sandbox as it was meant")


async def _look(
    name: str, show: Show, missed: set[str], scene: Scene, sandbox: Sandbox, result: CommandResult
) -> str | None:
    payload = PAYLOADS[name][1]
    records = [record async for record in sandbox.snapshot()]
    arrived = Arrived(output=result.stdout.text(), errors=result.stderr.text(), records=records)
    if payload not in arrived.output or not any(payload.encode() in record.data for record in records):
        missed.add(name)
    for text in show(arrived):
        if found := sorted({char for char in text if is_unsafe(char) and char != "\n"}):
            return f"the terminal is sent {printable(found[0])}"
    return None


def _octal(payload: str) -> str:
    """The text as `printf` of any shell takes it."""
    return "".join(f"\\{byte:03o}" for byte in payload.encode())


def shown(arrived: Arrived) -> Iterator[str]:
    """All that the program's own pages and lines make of it."""
    for row in _rows(arrived):
        yield "\n".join(detail_lines(row))
    for form in Form:
        yield _drawn(log_view(entries(_rows(arrived)), form=form))
    for text in (arrived.output, arrived.errors):
        yield _drawn([one_line(text), block(text)])
        yield "\n".join(row for _, row in marked(text, width=80))
        yield compose(text, text, {})
    for record in arrived.records:
        yield _drawn([Diff(b"diff --git a b\n@@ -1 +1 @@\n+" + record.data + b"\n")])
        yield readable(record.path)


def _drawn(parts: Iterator[RenderableType] | Sequence[RenderableType]) -> str:
    # Without colour, so that any character that steers is the payload's and not the page's own.
    page = Console(file=io.StringIO(), width=80, color_system=None, markup=False, highlight=False, emoji=False)
    with page.capture() as capture:
        for part in parts:
            page.print(part, crop=False)
    return capture.get()


def _rows(arrived: Arrived) -> list[Recorded]:
    """A step of an agent that says, runs, saves and asks what arrived."""
    text = arrived.output
    paths = [record.path for record in arrived.records]
    part = e.JudgedPart(text=text, verdict="ask", rule=text, file="policy", line=1, why=text, instead=text)
    events: list[e.Event] = [
        e.ModelAnswered(
            agent=_AGENT,
            role="editor",
            step=1,
            model="model",
            message=Message(role="assistant", content=text),
            finish_reason="stop",
            usage=Usage(prompt=1, completion=1, cached=0),
            cost=None,
            latency_seconds=0.0,
            client_ms=0.0,
        ),
        e.CommandProposed(
            id=_CALL, agent=_AGENT, step=1, tool="shell", arguments=json.dumps({"command": text}, ensure_ascii=False)
        ),
        e.CommandJudged(id=_CALL, verdict="ask", allowed=True, parts=[part]),
        e.CommandRun(
            id=_CALL,
            agent=_AGENT,
            step=1,
            sandbox="attack",
            command=text,
            exit_code=1,
            stdout=text,
            stderr=arrived.errors,
            wall_seconds=0.0,
        ),
        e.CheckpointTaken(
            agent=_AGENT,
            step=1,
            ref="refs/mimo/runs/attack/attack/1",
            commit="0" * 40,
            files=[readable(path) for path in paths],
            refused=[f"{readable(path)}: {reason}" for path in paths if (reason := refuse_path(path)) is not None],
        ),
        e.QuestionAsked(id="attack", about="command", subject=text, parts=[part]),
        e.TaskEnded(state="failed", why=text),
    ]
    return [_recorded(number, event) for number, event in enumerate(events, start=1)]


def _recorded(number: int, event: e.Event) -> Recorded:
    payload = json.dumps(event.model_dump(mode="json", exclude={"kind"}), ensure_ascii=False)
    return Recorded(run="attack", seq=number, task="attack", time=0.0, kind=event.kind, payload=payload, hash=GENESIS)

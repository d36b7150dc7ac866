"""A vocabulary for stories of events: steps with their commands, gates, landings, and a clock that they move on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from agents import events as e
from agents.model import Message, ToolCall, Usage
from orchestrator.journal.chain import GENESIS, Recorded, link
from orchestrator.journal.store import JournalStore

MODEL = "openai/gpt-5.2"
Story = list[tuple[str | None, e.Event]]


def oid(name: str) -> str:
    """A commit's id, the same for the same name."""
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Call:
    """A tool call and what came of it; `exit_code` None means that it did not run."""

    tool: str = "shell"
    arguments: dict[str, Any] = field(default_factory=dict)
    part: e.JudgedPart
    exit_code: int | None = 0
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.4
    limit: str | None = None

    @property
    def command(self) -> str:
        """What the sandbox is given."""
        return str(self.arguments.get("command") or f"edit {self.arguments.get('path')}")


def rule(verdict: str, text: str, name: str, line: int, why: str, instead: str | None = None) -> e.JudgedPart:
    """A part of a verdict by a rule of the preset."""
    return e.JudgedPart.model_validate(
        {
            "text": text,
            "verdict": verdict,
            "rule": name,
            "file": "standard",
            "line": line,
            "why": why,
            "instead": instead,
        }
    )


def ran(command: str, stdout: str = "", *, exit_code: int = 0, seconds: float = 0.4, **more: Any) -> Call:
    """A shell command that the policy lets run."""
    why = "reading and testing is what the work is"
    judged = rule("allow", command, f"allow: {command.split()[0]}", 7, why)
    return Call(
        arguments={"command": command}, part=judged, exit_code=exit_code, stdout=stdout, seconds=seconds, **more
    )


def edited(path: str, old: str, new: str) -> Call:
    """An edit that the policy lets happen."""
    judged = rule("allow", path, "paths.write allow: /workspace/**", 63, "only these paths may be written")
    arguments = {"path": f"/workspace/{path}", "old": old, "new": new}
    return Call(tool="edit", arguments=arguments, part=judged, seconds=0.01)


def denied(command: str, why: str, instead: str | None = None, *, verdict: str = "deny", line: int = 36) -> Call:
    """A shell command that the policy refuses."""
    name = f"{verdict}: {command.split()[0]}"
    return Call(arguments={"command": command}, part=rule(verdict, command, name, line, why, instead), exit_code=None)


def step(
    task: str,
    agent: str,
    number: int,
    says: str,
    *calls: Call,
    saved: Sequence[str] = (),
    prompt: int = 9_000,
    seconds: float = 6.0,
    cost: float | None = 0.0125,
    ignored: Sequence[str] = (),
    refused: Sequence[str] = (),
) -> Story:
    """One step of an agent, from the question to the model to the checkpoint."""
    role: Any = agent.split(".")[0]
    made = tuple(
        ToolCall(id=f"{agent}.{number}.{place}", name=call.tool, arguments=json.dumps(call.arguments))
        for place, call in enumerate(calls, start=1)
    )
    asked = e.ModelAsked(agent=agent, role=role, step=number, model=MODEL, prompt_estimate=prompt, max_tokens=4096)
    answered = e.ModelAnswered(
        agent=agent,
        role=role,
        step=number,
        model=MODEL,
        message=Message(role="assistant", content=says, tool_calls=made),
        finish_reason="tool_calls" if calls else "stop",
        usage=Usage(prompt=prompt, completion=180, cached=prompt - 700),
        cost=cost,
        latency_seconds=seconds,
        client_ms=18.0,
    )
    events: list[e.Event] = [asked, answered]
    for made_call, call in zip(made, calls, strict=True):
        events += acted(made_call.id, agent, number, call)
    if saved or refused:
        ref = f"refs/mimo/runs/x/{task}/{number}"
        events.append(
            e.CheckpointTaken(
                agent=agent,
                step=number,
                ref=ref,
                commit=oid(f"{task}.{number}"),
                files=list(saved),
                ignored=list(ignored),
                refused=list(refused),
            )
        )
    return [(task, event) for event in events]


def acted(name: str, agent: str, number: int, call: Call) -> list[e.Event]:
    """A command as it was proposed, judged and, where it was let, run."""
    verdict, allowed = call.part.verdict, call.exit_code is not None
    proposed = e.CommandProposed(
        id=name, agent=agent, step=number, tool=call.tool, arguments=json.dumps(call.arguments)
    )
    judged = e.CommandJudged(id=name, verdict=verdict, allowed=allowed, parts=[call.part])
    if not allowed:
        return [proposed, judged]
    done = e.CommandRun(
        id=name,
        agent=agent,
        step=number,
        sandbox="mimo-7f3a",
        command=call.command,
        exit_code=None if call.limit == "time" else call.exit_code,
        signal=9 if call.limit == "time" else None,
        stdout=call.stdout,
        stderr=call.stderr,
        wall_seconds=call.seconds,
        cpu_seconds=call.seconds * 0.9,
        peak_memory_bytes=48 * 1024**2,
        limit=call.limit,
    )
    return [proposed, judged, done]


def begun(
    task: str, agent: str, commit: str, *, attempt: int = 1, round: int = 1, told: Sequence[e.Told] = ()
) -> Story:
    """An agent begins, or goes on."""
    role: Any = agent.split(".")[0]
    return [
        (
            task,
            e.AttemptStarted(
                agent=agent,
                role=role,
                attempt=attempt,
                round=round,
                model=MODEL,
                commit=commit,
                sandbox="mimo-7f3a",
                told=list(told),
            ),
        )
    ]


def verified(task: str | None, command: str, stdout: str, *, exit_code: int = 0, seconds: float = 11.5) -> Story:
    """A command of the plan's, run on a commit or on a merged tree."""
    name = f"verify.{oid(f'{task}{command}{seconds}')[:12]}"
    arguments = json.dumps({"command": command})
    return [
        (task, e.CommandProposed(id=name, source="verify", tool="shell", arguments=arguments)),
        (
            task,
            e.CommandRun(
                id=name,
                source="verify",
                sandbox="mimo-9c1d",
                command=command,
                exit_code=exit_code,
                stdout=stdout,
                wall_seconds=seconds,
                cpu_seconds=seconds,
                peak_memory_bytes=210 * 1024**2,
            ),
        ),
    ]


def together(*stories: Story) -> Story:
    """Stories that happen at once: an event of each in turn."""
    rounds = zip_longest(*stories)
    return [told for told in chain.from_iterable(rounds) if told is not None]


def timed(story: Iterable[tuple[str | None, e.Event]], *, run: str, start: float) -> list[Recorded]:
    """The story as a journal would hold it, had it begun at `start` and every event taken its time."""
    rows: list[Recorded] = []
    before, now = GENESIS, start
    for seq, (task, event) in enumerate(story, start=1):
        now = round(now + _takes(event), 3)
        payload = event.model_dump_json(exclude={"kind"})
        before = link(before, run=run, seq=seq, task=task, time=now, kind=event.kind, payload=payload)
        rows.append(Recorded(run=run, seq=seq, task=task, time=now, kind=event.kind, payload=payload, hash=before))
    return rows


def _takes(event: e.Event) -> float:
    match event:
        case e.ModelAnswered(latency_seconds=seconds) | e.CommandRun(wall_seconds=seconds):
            return seconds
        case e.RunResumed():
            return 3600.0
        case _:
            return 0.1


def keep(path: Path, rows: Iterable[Recorded]) -> None:
    """Write what `timed` gave into a journal, times and hashes included."""
    with JournalStore(path) as store:
        store._connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", _columns(rows))


def _columns(rows: Iterable[Recorded]) -> Iterator[tuple[Any, ...]]:
    return ((row.run, row.seq, row.task, row.time, row.kind, row.payload, row.hash) for row in rows)

"""One run as a journal holds it: findings, a change that lands after a refusal, and one that waits for a human."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents import events as e
from agents.model import Message, Usage
from orchestrator.journal.chain import Recorded
from orchestrator.journal.store import JournalStore

RUN = "demo-20260101-120000-ab12"
HOSTILE = "\x1b[2J[red]markup[/red]\u202eevil"
"""Text that would clear the screen, colour itself and turn around, if a view let it."""

BASE, CHANGED, LANDED = "a" * 40, "b" * 40, "c" * 40

REBUILT = e.ContextRebuilt(
    agent="editor.1",
    step=9,
    why="a prompt of 45,120 tokens leaves too little of 46,000 for an answer",
    messages=[],
    before=45_120,
    after=22_400,
    limit=46_000,
    handover="journal",
    refused="it was empty",
)

SAVED = f"refs/mimo/runs/{RUN}/port/1"

Story = list[tuple[str | None, e.Event]]


def part(verdict: str, rule: str = "readers") -> e.JudgedPart:
    """A part of a verdict of the preset."""
    return e.JudgedPart.model_validate(
        {"text": "x", "verdict": verdict, "rule": rule, "file": "standard.yaml", "line": 12, "why": "because of it"}
    )


def command(task: str, number: int, script: str, *, verdict: str = "allow", exit_code: int | None = 0) -> Story:
    """A command of the task's editor; `exit_code` None means that it did not run."""
    name = f"editor.1.{number}.1"
    judged = e.CommandJudged.model_validate(
        {"id": name, "verdict": verdict, "allowed": exit_code is not None, "parts": [part(verdict)]}
    )
    told: Story = [
        (
            task,
            e.CommandProposed(
                id=name, agent="editor.1", step=number, tool="shell", arguments=f'{{"command": "{script}"}}'
            ),
        ),
        (task, judged),
    ]
    if exit_code is not None:
        ran = e.CommandRun(
            id=name, agent="editor.1", step=number, sandbox="s1", command=script, exit_code=exit_code, wall_seconds=1.5
        )
        told.append((task, ran))
    return told


def answered(task: str, agent: str, role: e.Role, text: str, *, cost: float | None = 0.02) -> Story:
    """One answer of a model."""
    message = Message(role="assistant", content=text)
    usage = Usage(prompt=1000, completion=50, cached=900)
    return [
        (task, e.ModelAsked(agent=agent, role=role, step=1, model="m/x", prompt_estimate=1000, max_tokens=4096)),
        (
            task,
            e.ModelAnswered(
                agent=agent,
                role=role,
                step=1,
                model="m/x",
                message=message,
                finish_reason="stop",
                usage=usage,
                cost=cost,
                latency_seconds=2.0,
                client_ms=4.0,
            ),
        ),
    ]


def started(base: str = BASE) -> Story:
    """The run begins, with three tasks."""
    tasks: list[dict[str, Any]] = [
        {"id": "survey", "role": "investigator", "goal": "List the uses."},
        {"id": "port", "role": "editor", "goal": f"Port the client.\n{HOSTILE}", "needs": ["survey"]},
        {"id": "docs", "role": "editor", "goal": "Say so in the docs.", "needs": ["survey"]},
    ]
    return [
        (
            None,
            e.RunStarted(
                program="1",
                plan={"name": "demo", "goal": "Make it better.", "tasks": tasks},
                plan_source="plan.yaml",
                base_branch="main",
                base_commit=base,
                policy={"standard": "text"},
                policy_hash="f" * 64,
                backend="docker",
                image="python:3.12-slim",
            ),
        ),
        (None, e.PlanMade(tasks=tasks)),
        (None, e.VerifiedBase(commit=base, green=True)),
    ]


def surveyed(base: str = BASE) -> Story:
    """The investigator finds something."""
    return [
        ("survey", e.TaskStarted(commit=base)),
        ("survey", attempt("investigator.1", "investigator", base)),
        *answered("survey", "investigator.1", "investigator", "I look.", cost=None),
        (
            "survey",
            e.AttemptEnded(agent="investigator.1", outcome="finished", result={"findings": f"two uses {HOSTILE}"}),
        ),
        ("survey", e.TaskEnded(state="landed")),
    ]


FOUND = e.Told(source="survey", kind="findings", text=f"two uses {HOSTILE}", chars=40)
"""What the investigator told."""


def attempt(
    agent: str, role: e.Role, commit: str, *, number: int = 1, round: int = 1, told: Sequence[e.Told] = ()
) -> e.AttemptStarted:
    """An agent begins, or goes on."""
    return e.AttemptStarted(
        agent=agent,
        role=role,
        attempt=number,
        round=round,
        model="m/x",
        commit=commit,
        sandbox="s1",
        told=list(told),
    )


def ported(base: str = BASE, changed: str = CHANGED, landed: str = LANDED) -> Story:
    """The editor's change passes its gates, is refused once, and lands."""
    review = {"verdict": "approve", "comments": [{"file": "src/a.py", "line": 3, "text": f"well done {HOSTILE}"}]}
    tested = {"verdict": "pass", "evidence": [{"command": "pytest -q", "what_happened": "3 passed"}]}
    verify = e.CommandRun(
        id="verify.1",
        source="verify",
        sandbox="s2",
        command="make test",
        exit_code=0,
        stdout="3 passed\n",
        wall_seconds=2.0,
    )
    return [
        ("port", e.TaskStarted(commit=base)),
        ("port", attempt("editor.1", "editor", base)),
        *answered("port", "editor.1", "editor", f"I edit. {HOSTILE}"),
        *command("port", 1, "git status"),
        *command("port", 2, "curl https://example.com", verdict="deny", exit_code=None),
        *command("port", 3, "python -m pytest -q", exit_code=1),
        (
            "port",
            e.CheckpointTaken(
                agent="editor.1", step=3, ref=f"refs/mimo/runs/{RUN}/port/1", commit=changed, files=["src/a.py"]
            ),
        ),
        (
            "port",
            e.AttemptEnded(
                agent="editor.1", outcome="finished", result={"summary": "Ported it.", "notes": ""}, commit=changed
            ),
        ),
        ("port", e.GateStarted(gate="verify", commit=changed)),
        ("port", e.CommandProposed(id="verify.1", source="verify", tool="shell", arguments='{"command": "make test"}')),
        ("port", verify),
        ("port", e.GatePassed(gate="verify", commit=changed)),
        ("port", e.GateStarted(gate="reviewer", commit=changed)),
        ("port", e.AttemptEnded(agent="reviewer.1", outcome="finished", result=review)),
        ("port", e.AttemptEnded(agent="tester.1", outcome="finished", result=tested)),
        ("port", e.GateFailed(gate="reviewer", commit=changed, why=f"say why\n{HOSTILE}")),
        ("port", e.ChangeQueued(commit=changed)),
        ("port", e.ChangeRefused(commit=changed, onto=base, why="they conflict", conflicts=["src/a.py: content"])),
        ("port", e.ChangeMerged(commit=changed, onto=base, landed=landed, tree="d" * 40, lost_lines=["- old line"])),
        ("port", e.TaskEnded(state="landed", commit=landed)),
    ]


def asked(base: str = BASE) -> Story:
    """The second editor wants something that a human has to allow."""
    question = e.QuestionAsked(id="docs.q1", about="command", subject=f"make docs {HOSTILE}", parts=[part("ask")])
    return [
        ("docs", e.TaskStarted(commit=base)),
        ("docs", attempt("editor.1", "editor", base, told=[FOUND])),
        ("docs", question),
    ]


def stopped(base: str = BASE) -> Story:
    """A limit ends the run."""
    return [
        (None, e.LimitReached(limit="cost", value=10.0, used=10.5)),
        (
            "docs",
            e.CommandInterrupted(id="x", agent="editor.1", step=1, command=f"make {HOSTILE}", why=f"it {HOSTILE}"),
        ),
        (None, e.StoreRemade(tip=base, why=f"it was gone {HOSTILE}")),
        (None, e.SandboxPrepared(image_from=HOSTILE, setup=[HOSTILE], setup_from="the plan", included=[HOSTILE])),
        ("port", e.NetworkAsked(sandbox="s", method="GET", host="", port=0, allowed=False, why=f"no host {HOSTILE}")),
        ("port", e.NetworkUsed(sandbox="s", requests=1, refused=1, sent_bytes=0, received_bytes=0)),
        (None, e.FaultMet(where="engine", why=f"went away {HOSTILE}")),
        ("docs", e.TaskEnded(state="waiting", why="the cost limit was reached")),
        (None, e.RunEnded(status="stopped", why="a limit was reached", base_after=base, moved=False, why_not="held")),
    ]


def every_kind() -> Story:
    """The kinds that the story above has no use for."""
    return [
        (None, e.RunResumed(program="1", options={"limits": ["cost=20"]})),
        (
            "docs",
            e.DecisionMade(
                agent="coordinator.1",
                attempt=1,
                choice="split",
                why=f"too much at once {HOSTILE}",
                parts=[{"id": "docs-1", "role": "editor", "goal": "Say so in the README."}],
            ),
        ),
        ("docs", REBUILT),
        ("survey", e.TaskTakenOver(state="landed", result={"findings": HOSTILE}, why=HOSTILE)),
        ("docs", e.ConversationTakenOver(agent="editor.1", step=9, round=1)),
        ("docs", e.NoteLearnt(agent="editor.1", step=9, text="tests need TZ=UTC")),
        ("docs", e.QuestionAnswered(id="docs.q1", allowed=True, by="human", why="fine")),
        ("docs", e.ChangeReverted(landed=LANDED, commit=CHANGED)),
        ("docs", e.GateStarted(gate="tester", commit=CHANGED)),
        (None, e.PublishStarted(refs={"refs/heads/mimo/x/main": LANDED})),
        (None, e.PublishEnded(refs={"refs/heads/mimo/x/main": LANDED}, moved=True)),
        (None, e.FaultRetried(where="engine", attempt=2, wait_seconds=1.0)),
    ]


def stopped_story() -> Story:
    """The run until a limit stopped it."""
    return [*started(), *surveyed(), *ported(), *asked(), *stopped()]


def whole_story() -> Story:
    """Every event of the run."""
    return [*stopped_story(), *every_kind()]


def recorded(store: JournalStore, story: Story, run: str = RUN) -> list[Recorded]:
    """The story in a journal, as it reads back."""
    store.append(run, story)
    return list(store.events(run))

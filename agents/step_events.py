"""What a step of an agent leaves in the journal: question, answer, what was proposed, judged and run, and saved."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.model import Message, Usage

Source = Literal["agent", "verify", "setup"]
NoteKind = Literal[
    "findings", "summary", "verdict", "change", "gate", "merge", "human", "attempt", "advice", "instructions", "memory"
]
"""What an agent is told by others: what needed tasks handed over (the first three), the change that a gate looks at,
why its work came back (a gate, the merge, a human), how an earlier attempt ended, and words of those who plan or own.
"""
Role = Literal["coordinator", "investigator", "editor", "tester", "reviewer"]
HANDOVER = "handover"
"""The name of an agent's own aside in which it writes down where the work stands: `editor.1.handover`."""


class JournalEvent(BaseModel):
    """Base of all kinds of events; `v` is the version of the payload's shape."""

    # Built when the first of its kind is read or made: most programs that import them need a few of the kinds.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    v: int = 1


class Told(BaseModel):
    """Who told an agent something, and how that begins, of `chars` characters. The whole is in `model asked`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    kind: NoteKind
    text: str = ""
    chars: int = 0


class ContextSection(BaseModel):
    """A part of what a model is shown: where it comes from, about how many tokens it has, and what was cut from it.

    `whole` is what it would have had without a `budget`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    source: str
    tokens: int
    whole: int
    budget: int | None = None
    note: str = ""


class ModelAsked(JournalEvent):
    """A request goes out; `added` are the messages that the last request of this agent did not have.

    `sections` say what they are made of, where they open a conversation.
    """

    kind: Literal["model asked"] = "model asked"
    agent: str
    role: Role
    step: int
    model: str
    added: list[Message] = Field(default_factory=list)
    prompt_estimate: int
    max_tokens: int
    sections: list[ContextSection] = Field(default_factory=list)


class ModelAnswered(JournalEvent):
    """The whole answer and what it cost; `cost` is None where no price is known."""

    kind: Literal["model answered"] = "model answered"
    agent: str
    role: Role
    step: int
    model: str
    message: Message
    finish_reason: str
    usage: Usage
    cost: float | None
    latency_seconds: float
    client_ms: float


class CommandProposed(JournalEvent):
    """A tool call as the model made it (`tool`, raw `arguments`), or a command of the user's plan."""

    kind: Literal["command proposed"] = "command proposed"
    id: str
    source: Source = "agent"
    agent: str | None = None
    step: int | None = None
    tool: str
    arguments: str


class JudgedPart(BaseModel):
    """A part of a decision, as in `policies.verdict.Part`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    verdict: Literal["allow", "ask", "deny"]
    rule: str
    file: str
    line: int
    why: str
    instead: str | None = None


class CommandJudged(JournalEvent):
    """The policy's word on a proposed command; `allowed` is the outcome after a human was asked, if one was."""

    kind: Literal["command judged"] = "command judged"
    id: str
    verdict: Literal["allow", "ask", "deny"]
    allowed: bool
    parts: list[JudgedPart]
    answered_by: str | None = None


class CommandRun(JournalEvent):
    """A command was executed in a sandbox; texts are cut to the sandbox's output cap and redacted."""

    kind: Literal["command run"] = "command run"
    id: str
    source: Source = "agent"
    agent: str | None = None
    step: int | None = None
    sandbox: str
    command: str
    exit_code: int | None
    signal: int | None = None
    stdout: str = ""
    stderr: str = ""
    dropped_bytes: int = 0
    wall_seconds: float
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    limit: str | None = None
    cancelled: bool = False


class NetworkAsked(JournalEvent):
    """A command asked for a host, journalled before it is served; `why` it was refused, `addresses` those it has.

    Of a flood only the first are told one by one; `network used` counts them all.
    """

    kind: Literal["network asked"] = "network asked"
    sandbox: str
    method: str
    host: str
    port: int
    allowed: bool
    why: str | None = None
    addresses: list[str] = Field(default_factory=list)


class NetworkUsed(JournalEvent):
    """What a sandbox asked for in its life, when it is over: `hosts` holds how often each allowed one was asked for."""

    kind: Literal["network used"] = "network used"
    sandbox: str
    requests: int
    refused: int
    sent_bytes: int
    received_bytes: int
    hosts: dict[str, int] = Field(default_factory=dict)


class CheckpointTaken(JournalEvent):
    """The files as they were after a step: a commit of ours on `ref`; what was refused or ignored is named.

    `left_out` says of that what the agent is told.
    """

    kind: Literal["checkpoint taken"] = "checkpoint taken"
    agent: str
    step: int
    ref: str
    commit: str
    files: list[str] = Field(default_factory=list)
    refused: list[str] = Field(default_factory=list)
    ignored: list[str] = Field(default_factory=list)
    left_out: str | None = None


class NoteLearnt(JournalEvent):
    """An agent proposes to remember something; whose it is, the event's run and task tell, never the agent."""

    kind: Literal["note learnt"] = "note learnt"
    agent: str
    step: int
    text: str


class ContextRebuilt(JournalEvent):
    """The conversation was folded to a shorter one, which is given whole, when all of `step` had been acted on.

    It has about `after` tokens of the `limit`, where it had `before`. `sections` say what it is made of, `handover`
    who wrote down where the work stands, and `refused` why that was not the model. `ceiling` is what a refused request
    told of the most tokens that a prompt may have.
    """

    kind: Literal["context rebuilt"] = "context rebuilt"
    agent: str
    step: int
    why: str
    messages: list[Message]
    sections: list[ContextSection] = Field(default_factory=list)
    before: int = 0
    after: int = 0
    limit: int = 0
    ceiling: int | None = None
    handover: Literal["model", "journal"] | None = None
    refused: str | None = None

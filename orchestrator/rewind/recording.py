"""What a journal has to be repeated: which commands ran where, in which order, and what came of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agents.calls import with_own_ids
from agents.events import (
    AttemptEnded,
    AttemptStarted,
    ChangeMerged,
    ChangeRefused,
    CheckpointTaken,
    CommandJudged,
    CommandProposed,
    CommandRun,
    Event,
    GateFailed,
    GatePassed,
    ModelAnswered,
    ModelAsked,
    QuestionAnswered,
    Role,
    VerifiedBase,
)
from agents.model import Message
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of

VERIFY = "verify"
"""Who acts where the commands are those of the plan's tests."""


@dataclass(slots=True, kw_only=True)
class Done:
    """One command: proposed, judged and run, as far as it came."""

    proposed: CommandProposed
    judged: CommandJudged | None = None
    ran: CommandRun | None = None

    @property
    def came_to_an_end(self) -> bool:
        """Whether there is anything to hold a repetition against: it was refused, or ran to its end."""
        return self.ran is not None or (self.judged is not None and not self.judged.allowed)


@dataclass(slots=True, kw_only=True)
class Step:
    """One answer of a model and what was done of it in one sandbox; `seq` is where the first of that stands.

    `saved` is the checkpoint after its last command. It is `whole` where nothing kept it from being acted on to its
    end: then its files are known, as changed or as unchanged.
    """

    number: int | None
    seq: int
    answer: Message | None = None
    cut_off: bool = False
    done: list[Done] = field(default_factory=list)
    saved: CheckpointTaken | None = None
    whole: bool = False


@dataclass(slots=True, kw_only=True)
class Stay:
    """What one agent, or the plan's tests, did in one sandbox that began with the files of `commit`, or of `tree`.

    With `merged` they are those of the merge of that commit into `commit`. `head` is what git there called HEAD: where
    the round began, whichever sandbox of the round it was.
    """

    task: str | None
    agent: str
    role: Role | None
    commit: str
    head: str
    tree: str | None = None
    merged: str | None = None
    steps: list[Step] = field(default_factory=list)

    @property
    def seq(self) -> int:
        """Where the first of it stands in the journal."""
        return self.steps[0].seq


@dataclass(slots=True, kw_only=True)
class Recording:
    """All stays in their order, what humans answered by the id of the question, and how much can't be placed."""

    stays: list[Stay]
    answers: dict[str, QuestionAnswered]
    left_out: int


def recording(rows: Iterable[Recorded]) -> Recording:
    """Read the events of a run, or of one of its tasks."""
    reading = _Reading()
    for row in rows:
        reading.take(row, event_of(row))
    return reading.recording()


class _Reading:
    """The events so far; what is under way is kept by task and agent."""

    def __init__(self) -> None:
        self._stays: list[Stay] = []
        self._here: dict[tuple[str | None, str], Stay] = {}
        self._heads: dict[tuple[str | None, str, int], str] = {}
        self._answers: dict[tuple[str | None, str, int], tuple[Message, bool]] = {}
        self._commands: dict[tuple[str | None, str], Done] = {}
        self._tests: dict[str | None, Step] = {}
        self._human: dict[str, QuestionAnswered] = {}
        self._left_out = 0

    def take(self, row: Recorded, event: Event) -> None:
        """Go on by one event."""
        match event:
            case AttemptStarted():
                self._begin(row.task, event)
            case ModelAnswered():
                cut_off = event.finish_reason == "length"
                self._answers[row.task, event.agent, event.step] = (with_own_ids(event.message), cut_off)
            case ModelAsked() | AttemptEnded():
                self._settle(row.task, event.agent)
            case CommandProposed():
                self._propose(row, event)
            case CommandJudged() if (row.task, event.id) in self._commands:
                self._commands[row.task, event.id].judged = event
            case CommandRun() if (row.task, event.id) in self._commands:
                self._run(row.task, event)
            case CheckpointTaken():
                self._save(row.task, event)
            case QuestionAnswered():
                self._human[event.id] = event
            case GatePassed() | GateFailed() | VerifiedBase() | ChangeMerged() | ChangeRefused():
                self._place_tests(row.task, event)
            case _:
                pass

    def recording(self) -> Recording:
        """What there is to repeat."""
        for step in self._tests.values():
            self._left_out += len(step.done)
        stays = [stay for stay in self._stays if stay.steps]
        return Recording(stays=sorted(stays, key=lambda stay: stay.seq), answers=self._human, left_out=self._left_out)

    def _begin(self, task: str | None, event: AttemptStarted) -> None:
        head = self._heads.setdefault((task, event.agent, event.round), event.commit)
        stay = Stay(task=task, agent=event.agent, role=event.role, commit=event.commit, head=head, tree=event.tree)
        self._stays.append(stay)
        self._here[task, event.agent] = stay

    def _settle(self, task: str | None, agent: str) -> None:
        stay = self._here.get((task, agent))
        if stay is not None and stay.steps:
            stay.steps[-1].whole = True

    def _propose(self, row: Recorded, event: CommandProposed) -> None:
        done = self._commands[row.task, event.id] = Done(proposed=event)
        if event.source == "verify":
            self._tests.setdefault(row.task, Step(number=None, seq=row.seq)).done.append(done)
        elif event.agent is not None and event.step is not None and (row.task, event.agent) in self._here:
            self._step(row, event.agent, event.step).done.append(done)

    def _step(self, row: Recorded, agent: str, number: int) -> Step:
        """The step that is acted on; a sandbox that was lost leaves its steps behind, and the next begins anew."""
        stay = self._here[row.task, agent]
        if not stay.steps or stay.steps[-1].number != number:
            answer, cut_off = self._answers.get((row.task, agent, number), (None, False))
            stay.steps.append(Step(number=number, seq=row.seq, answer=answer, cut_off=cut_off))
        return stay.steps[-1]

    def _run(self, task: str | None, event: CommandRun) -> None:
        self._commands[task, event.id].ran = event
        stay = self._here.get((task, event.agent or ""))
        if stay is not None and stay.steps:
            stay.steps[-1].saved = None

    def _save(self, task: str | None, event: CheckpointTaken) -> None:
        stay = self._here.get((task, event.agent))
        if stay is not None and stay.steps and stay.steps[-1].number == event.step:
            stay.steps[-1].saved = event

    def _place_tests(
        self, task: str | None, event: GatePassed | GateFailed | VerifiedBase | ChangeMerged | ChangeRefused
    ) -> None:
        """Only what follows them tells which files the tests were run on."""
        if isinstance(event, GatePassed | GateFailed) and event.gate != VERIFY:
            return
        step = self._tests.pop(task, None)
        if step is None:
            return
        tree, merged = None, None
        match event:
            case ChangeMerged():
                commit, tree = event.onto, event.tree
            case ChangeRefused():
                commit, merged = event.onto, event.commit
            case _:
                commit = event.commit
        stay = Stay(task=task, agent=VERIFY, role=None, commit=commit, head=commit, tree=tree, merged=merged)
        stay.steps.append(step)
        self._stays.append(stay)


def commands_of(stays: Iterable[Stay]) -> Iterator[Done]:
    """Every command of some stays that came to an end."""
    return (done for stay in stays for step in stay.steps for done in step.done if done.came_to_an_end)

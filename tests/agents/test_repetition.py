"""Circles: each kind is told once and then ends the work, and what only looks like one does neither."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agents.conversation import Conversation
from agents.model import Message
from agents.repetition import Repetition, Stuck
from agents.steps import INTERRUPTED
from tests.agents.bench import Bench
from tests.fakes.model import EndlessModel, call, calling, finish, shell
from tests.fakes.sandbox import FakeSandbox, result

Turn = tuple[Message, str]
"""An answer of the model, and what came of it."""


def ran(script: str, outcome: str = "exit 0, no output") -> Turn:
    """A command and its outcome."""
    return shell(script), outcome


def edited(old: str, new: str, path: str = "a.py") -> Turn:
    """An edit that was made."""
    return calling(call("edit", {"path": path, "old": old, "new": new})), f"edited /workspace/{path}"


class Told:
    """A conversation that goes on turn by turn; `notes` are the steps at which the model was told something."""

    def __init__(self) -> None:
        self.talk = Conversation(agent="editor.1", messages=[Message(role="user", content="Port it.")])
        self.watch = Repetition()
        self.notes: dict[int, str] = {}
        self.steps = 0

    def go_on(self, *turns: Turn) -> None:
        """Take these turns; raises Stuck."""
        for answer, outcome in turns:
            self.steps += 1
            self.talk.messages.append(answer)
            note = self.watch.notice(self.talk)
            if note is not None:
                self.notes[self.steps] = note
            # The note stands where a tool's answer has it, and must not make an outcome new.
            first, _, rest = outcome.partition("\n")
            text = "\n".join(part for part in (first, note, rest) if part)
            for made in answer.tool_calls:
                self.talk.messages.append(Message(role="tool", content=text, tool_call_id=made.id))
            if not answer.tool_calls:
                self.talk.say("Your answer had no tool call, so nothing happened.")

    def ends(self, turns: Iterator[Turn]) -> tuple[int, str]:
        """Go on until it ends: at which step, and why."""
        with pytest.raises(Stuck) as caught:
            self.go_on(*turns)
        return self.steps, str(caught.value)


def again(*turns: Turn) -> Iterator[Turn]:
    """These turns, a hundred times."""
    return (turn for _ in range(100) for turn in turns)


def test_the_same_call_again_and_again() -> None:
    """Told at the third, ended at the sixth; how long it took each time makes no difference."""
    told = Told()
    turns = (ran("pytest", f"exit 1\n2 failed in {number}.0{number}s (0:00:0{number})") for number in range(10))
    assert told.ends(turns) == (6, "the same call of 'shell', 6 times in a row")
    assert told.notes == {
        3: "note: the same call of 'shell', 3 times in a row. It will not come out differently: try something else."
    }


def test_what_was_interrupted_and_is_done_again_is_no_circle() -> None:
    """The program was lost with it each time, so nobody knows how it comes out."""
    told = Told()
    told.go_on(*(ran("pytest", f"{INTERRUPTED}the program ended") for _ in range(8)))
    assert told.notes == {}


def test_answers_without_a_call() -> None:
    """Whatever they say; each is answered with what is missing, so nothing more is told."""
    told = Told()
    turns = ((Message(role="assistant", content=f"I am done, {number}"), "") for number in range(10))
    assert told.ends(turns) == (6, "an answer without a tool call, 6 times in a row")
    assert told.notes == {}


@pytest.mark.parametrize("length", [2, 3, 4])
def test_calls_in_turn(length: int) -> None:
    """A, B, A, B: told in the third turn, ended in the sixth."""
    told = Told()
    steps, why = told.ends(again(*(ran(f"cat {name}", f"exit 0\n{name}") for name in "abcd"[:length])))
    assert (steps, why) == (6 * length, f"the same {length} steps in turn, 6 times in a row")
    assert list(told.notes) == [3 * length]


def test_an_edit_and_its_undoing() -> None:
    """However many other calls are in between, and whatever they put out."""
    told = Told()

    def turns() -> Iterator[Turn]:
        for number in range(100):
            yield edited("x = 1", "x = 2") if number % 2 == 0 else edited("x = 2", "x = 1")
            yield ran("pytest", f"exit 1\nfailure {number}")

    steps, why = told.ends(turns())
    assert why == "an edit of 'a.py' and its undoing, back at a text that it had 6 times"
    assert steps == 2 * 6 + 1
    assert list(told.notes) == [2 * 3 + 1]


def test_an_edit_that_is_undone_in_pieces() -> None:
    """Three texts in turn are a way back as well, beside another edit that stays."""
    told = Told()
    told.go_on(edited("import a", "import b"))
    _, why = told.ends(again(edited("one", "two"), edited("two", "three"), edited("three", "one")))
    assert why == "an edit of 'a.py' and its undoing, back at a text that it had 6 times"


def test_steps_that_bring_nothing_new() -> None:
    """Reading the same files over and over, in no order: told after twenty, ended after thirty."""
    told = Told()
    files = [ran(f"cat {name}", f"exit 0\ntext of {name}") for name in "abcdefg"]
    told.go_on(*files)
    steps, why = told.ends(files[(3 * number + number // 7) % 7] for number in range(100))
    assert why == "30 steps in a row brought no new file, output or finding"
    assert steps == 7 + 30 + 1
    assert list(told.notes) == [7 + 20 + 1]


def test_refusals_bring_nothing() -> None:
    """Looking for a way around the policy is no progress, in whatever words."""
    told = Told()
    turns = (ran(f"curl {n}", f"refused, nothing was run\ncurl {n}: rule deny curl (p:1): no") for n in range(100))
    assert told.ends(turns)[1] == "30 steps in a row brought no new file, output or finding"


def test_a_test_after_each_edit_is_no_circle() -> None:
    """Twenty edits, each followed by the same command, even if it comes out the same each time."""
    told = Told()
    for number in range(20):
        told.go_on(edited(f"x = {number}", f"x = {number + 1}"), ran("pytest", "exit 1\n1 failed in 0.10s"))
    assert told.notes == {}


def test_waiting_for_what_changes_is_no_circle() -> None:
    """A command whose output differs each time may be run as often as the limits allow."""
    told = Told()
    told.go_on(*(ran("./poll", f"exit 0\n{number} of 200 done") for number in range(200)))
    assert told.notes == {}


def test_an_edit_that_is_tried_and_taken_back_once_is_no_circle() -> None:
    """Looking into something with a line that is put in and taken out again, here and there."""
    told = Told()
    for number in range(30):
        print_it = (f"line {number}", f"line {number}\nprint()")
        told.go_on(edited(*print_it), ran("pytest", f"exit 1\n{number}"), edited(*reversed(print_it)))
    assert told.notes == {}


def test_files_that_are_written_in_silence_are_something_new() -> None:
    """Forty commands that say nothing, each another one: they may have made forty files."""
    told = Told()
    told.go_on(*(ran(f"cat > {number}.py <<< ''") for number in range(40)))
    assert told.notes == {}


def test_a_refused_claim_is_news_as_long_as_its_reasons_change() -> None:
    """Only the same claim with the same answer is a circle."""
    told = Told()
    told.go_on(*((finish(summary="ported"), f"Not accepted. {number} failed") for number in range(30)))
    assert told.notes == {}


def test_it_is_a_fold_over_the_conversation() -> None:
    """Who takes a conversation up, after a lost sandbox or a resume, knows what was told and what is next."""
    first = Told()
    first.go_on(*(ran("make", "exit 2\nno rule") for _ in range(4)))
    second = Told()
    second.talk, second.steps = first.talk, first.steps
    assert second.ends(again(ran("make", "exit 2\nno rule"))) == (6, "the same call of 'shell', 6 times in a row")
    assert second.notes == {}


def test_a_rebuilt_context_forgets_no_step() -> None:
    """The conversation is replaced by a short one with its newest steps: what came before still counts."""
    told = Told()
    told.go_on(*(ran("make", "exit 2\nno rule") for _ in range(4)))
    told.talk.messages = [Message(role="user", content="What was done so far: make."), *told.talk.messages[-2:]]
    assert told.ends(again(ran("make", "exit 2\nno rule"))) == (6, "the same call of 'shell', 6 times in a row")


async def test_an_agent_is_told_and_stopped() -> None:
    """Through the whole loop: the note stands in the tool's answer, and the attempt has failed for that reason."""
    both: list[dict[str, Any]] = [{"command": "a"}, {"command": "b"}]
    model = EndlessModel(lambda number: calling(call("shell", both[number % 2])))
    bench = Bench(model=model, sandbox=FakeSandbox({"a": result(stdout="A"), "b": result(stdout="B")}))
    outcome = await bench.run()
    assert (outcome.ended, outcome.why) == ("failed", "the same 2 steps in turn, 6 times in a row")
    said = [message.content for message in outcome.conversation.messages if "note: " in message.content]
    assert len(said) == 1
    assert "the same 2 steps in turn, 3 times in a row. It will not" in said[0]


async def test_a_claim_that_is_made_again_and_again_is_told_of() -> None:
    """The note stands with what the claim was answered with, as it does with the outcome of a command."""
    bench = Bench(model=EndlessModel(lambda _: finish(summary="ported")), refusals=["2 failed"] * 9)
    outcome = await bench.run()
    answers = [message.content for message in outcome.conversation.messages if message.role == "tool"]
    assert [number for number, text in enumerate(answers, start=1) if text.startswith("note: the same call of")] == [3]
    assert (outcome.ended, outcome.why) == ("failed", "the same call of 'finish', 6 times in a row")

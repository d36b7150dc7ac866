"""What another policy would have changed in past runs, and whether what landed would have failed."""

from __future__ import annotations

import pytest

from agents import events as e
from orchestrator.tightening.backtest import BacktestedRun, Cause, Effect, backtest
from policies.changed import Change
from policies.policy import Policy
from policies.verdict import Verdict
from tests.tightening.past import RUN, STANDARD, YES, began, did, diff_of, ended, merged, past, policy, started
from tests.views.story import BASE, LANDED, Story, attempt

NO_PYTEST = policy("extends: standard\ncommands: [{deny: python -m pytest}]\n")
ASKS_PYTEST = policy("extends: standard\ncommands: [{ask: python -m pytest}]\n")
ALLOWS_MAKE = policy("extends: standard\ncommands: [{allow: make}]\n")
TESTS = "python -m pytest -q"


def replayed(other: Policy, *stories: Story) -> BacktestedRun:
    """One run under another policy."""
    return backtest(other, [past(*stories)]).runs[0]


def effects(run: BacktestedRun) -> list[tuple[Verdict, Verdict, Effect]]:
    """What became of what, in order."""
    return [(changed.act.verdict, changed.now, changed.effect) for changed in run.changed]


def test_under_its_own_policy_nothing_changes() -> None:
    """A run meets the verdicts that it met."""
    edit = did("a", "/workspace/a.py", step=3, edit=True)
    run = replayed(STANDARD, started("a"), did("a", TESTS), did("a", "make", step=2), edit, merged("a"))
    assert (run.acts, run.landed, run.changed, run.stopped) == (3, ("a",), (), ())


def test_a_task_that_needed_what_is_refused_now_would_have_failed() -> None:
    """It is named with its run; the change has the rule that decides, and where that stands."""
    run = past(started("a", "b"), did("a", "ls"), did("a", TESTS, step=2), merged("a"), ended("b"))
    result = backtest(NO_PYTEST, [run])
    assert result.stopped == ((RUN, "a"),)
    (changed,) = result.runs[0].changed
    assert effects(result.runs[0]) == [(Verdict.ALLOW, Verdict.DENY, Effect.REFUSED)]
    assert (changed.by.rule, changed.by.file, changed.by.line) == ("deny: python -m pytest", "tight.yaml", 3)
    assert changed.cause is Cause.POLICY
    assert result.runs[0].verdicts == {(Verdict.ALLOW, Verdict.DENY): 1}


@pytest.mark.parametrize("state", ["failed", "refused", "waiting", "skipped"])
def test_what_did_not_land_can_not_be_stopped(state: e.TaskState) -> None:
    """The change of verdict is shown, and held against no policy."""
    run = replayed(NO_PYTEST, started("a"), did("a", TESTS), ended("a", state))
    assert (run.stopped, len(run.changed)) == ((), 1)


def test_what_is_ready_to_land_counts_as_landed() -> None:
    """A held run is judged as one that moved the base."""
    assert replayed(NO_PYTEST, started("a"), did("a", TESTS), ended("a", "ready")).stopped == ("a",)


def test_of_a_discarded_attempt_nothing_was_needed() -> None:
    """A fresh start keeps nothing of the attempt before, so refusing what that one ran stops nothing."""
    stories = [started("a"), began("a"), did("a", TESTS), began("a", 2), did("a", "ls", agent="editor.2"), merged("a")]
    run = replayed(NO_PYTEST, *stories)
    assert (run.stopped, [changed.act.task for changed in run.changed]) == ((), ["a"])
    later = replayed(NO_PYTEST, *stories[:-1], did("a", TESTS, agent="editor.2", step=2), merged("a"))
    assert later.stopped == ("a",)


def test_a_lost_sandbox_discards_nothing() -> None:
    """The same attempt goes on in another sandbox, and is recorded as begun again."""
    stories = [started("a"), began("a"), did("a", TESTS), began("a"), did("a", "ls", step=2), merged("a")]
    assert replayed(NO_PYTEST, *stories).stopped == ("a",)


def test_what_never_started_was_not_needed() -> None:
    """It was allowed, and then the sandbox would not take it or the process was gone."""
    run = replayed(NO_PYTEST, started("a"), did("a", TESTS)[:-1], merged("a"))
    assert ([changed.effect for changed in run.changed], run.stopped) == ([Effect.REFUSED], ())


def test_of_a_split_task_its_parts_count() -> None:
    """The attempts of the whole failed; what landed are the parts."""
    parts = [{"id": "a-1", "role": "editor", "goal": "Half."}]
    split: Story = [
        ("a", e.DecisionMade(agent="coordinator.1", attempt=1, choice="split", why="too much", parts=parts))
    ]
    whole = [started("a"), began("a"), did("a", TESTS), split]
    assert replayed(NO_PYTEST, *whole, did("a-1", "ls"), merged("a-1"), ended("a")).stopped == ()
    assert replayed(NO_PYTEST, *whole, did("a-1", TESTS), merged("a-1")).stopped == ("a-1",)


def test_a_part_acts_for_the_task_that_was_split() -> None:
    """What is refused to the role of the whole is refused to its parts; not to their gates."""
    other = policy("extends: standard\ncommands: [{deny: python -m pytest, roles: [editor]}]\n")
    parts = [{"id": "a-1", "role": "tester", "goal": "Test it."}]
    split: Story = [
        ("a", e.DecisionMade(agent="coordinator.1", attempt=1, choice="split", why="too much", parts=parts))
    ]
    begun = [started("a"), split]
    assert replayed(other, *begun, did("a-1", TESTS, agent="tester.1"), merged("a-1")).stopped == ("a-1",)
    assert replayed(other, *begun, did("a-1", TESTS, agent="reviewer.1"), merged("a-1")).stopped == ()


def test_the_agents_of_gates_count() -> None:
    """A tester without tests gives no verdict, and without one nothing lands."""
    assert replayed(NO_PYTEST, started("a"), did("a", TESTS, agent="tester.1"), merged("a")).stopped == ("a",)


def test_a_gate_that_looks_again_discards_nothing() -> None:
    """Its agents have attempts of their own; the editor's goes on."""
    again: Story = [("a", attempt("tester.2", "tester", BASE, number=2))]
    stories = [started("a"), began("a"), did("a", TESTS), did("a", "ls", agent="tester.1"), again]
    assert replayed(NO_PYTEST, *stories, did("a", "ls", agent="tester.2"), merged("a")).stopped == ("a",)


def test_without_a_plan_nothing_would_have_landed() -> None:
    """What the coordinator ran to make the plan was needed by all tasks; nothing is lost where none landed."""
    planning = [started("a", "b"), did(None, TESTS, agent="coordinator.1")]
    assert replayed(NO_PYTEST, *planning, ended("a"), ended("b")).stopped == ("a", "b")
    assert replayed(NO_PYTEST, *planning, ended("a", "failed")).stopped == ()
    again: Story = [(None, attempt("coordinator.2", "coordinator", BASE, number=2))]
    assert replayed(NO_PYTEST, *planning, again, ended("a"), ended("b")).stopped == ()


def test_a_question_that_nobody_answers_is_a_refusal() -> None:
    """Whether a human could have been asked is the run's own `--ask`; `deny` is what a run has without a word."""
    stories = [did("a", TESTS), merged("a")]
    asked = (Verdict.ALLOW, Verdict.ASK)
    for begun in (started("a"), started("a", ask="deny")):
        run = replayed(ASKS_PYTEST, begun, *stories)
        assert (effects(run), run.stopped, run.waiting) == ([(*asked, Effect.REFUSED)], ("a",), ())
    for ask in ("prompt", "wait"):
        run = replayed(ASKS_PYTEST, started("a", ask=ask), *stories)
        assert (effects(run), run.stopped, run.waiting) == ([(*asked, Effect.WAITS)], (), ("a",))


def test_who_could_be_asked_is_that_of_the_time() -> None:
    """A run that was resumed with another `--ask` had somebody from then on."""
    resumed: Story = [(None, e.RunResumed(program="1", options={"ask": "wait"}))]
    run = replayed(ASKS_PYTEST, started("a"), did("a", TESTS), resumed, did("a", TESTS, step=2), merged("a"))
    assert [changed.effect for changed in run.changed] == [Effect.REFUSED, Effect.WAITS]


def test_nobody_is_asked_about_the_checks_of_a_task() -> None:
    """A check that the coordinator wrote runs only where it is allowed, whoever sits at the terminal."""
    run = replayed(ASKS_PYTEST, started("a", ask="prompt"), did("a", TESTS, agent=None), merged("a"))
    assert (effects(run), run.stopped) == ([(Verdict.ALLOW, Verdict.ASK, Effect.REFUSED)], ("a",))


def test_what_a_human_allowed_stays_allowed_while_it_is_asked() -> None:
    """The same question has the same answer; a denial asks nobody, and an allow no longer does."""
    stories: list[Story] = [started("a", ask="prompt"), did("a", "make", answer=YES), merged("a")]
    assert replayed(NO_PYTEST, *stories).changed == ()
    denied = replayed(policy("extends: standard\ncommands: [{deny: make}]\n"), *stories)
    assert (effects(denied), denied.stopped) == ([(Verdict.ASK, Verdict.DENY, Effect.REFUSED)], ("a",))
    unasked = replayed(ALLOWS_MAKE, *stories)
    assert effects(unasked) == [(Verdict.ASK, Verdict.ALLOW, Effect.UNASKED)]
    assert (unasked.looser, unasked.stopped) == (unasked.changed, ())


def test_what_was_refused_and_would_run_is_told_as_looser() -> None:
    """A policy that is looser than thought is the danger, whether or not anything landed by it."""
    run = replayed(ALLOWS_MAKE, started("a"), did("a", "make"), merged("a"))
    assert effects(run) == [(Verdict.ASK, Verdict.ALLOW, Effect.RUNS)]
    assert (run.looser, run.stopped) == (run.changed, ())


def test_what_was_denied_and_would_be_asked_depends_on_who_is_there() -> None:
    """With a human it may run now; without, it stays refused."""
    loose = policy("commands: [{ask: curl}]\n")
    for ask, effect in (("wait", Effect.ASKED), ("deny", Effect.NONE)):
        run = replayed(loose, started("a", ask=ask), did("a", "curl x"), merged("a"))
        assert effects(run) == [(Verdict.DENY, Verdict.ASK, effect)]
        assert (bool(run.looser), run.stopped) == (effect is Effect.ASKED, ())


def test_edits_are_judged_as_commands_are() -> None:
    """A path that may not be written any more stops the task that wrote it."""
    tight = policy("extends: standard\npaths: {write: {deny: ['**/migrations/**']}}\n")
    edited = did("a", "/workspace/migrations/1.sql", edit=True)
    assert replayed(tight, started("a"), edited, merged("a")).stopped == ("a",)


def test_a_task_is_bound_to_its_paths() -> None:
    """Where a policy refuses what is outside of them: of the task's own agent, and of no gate's."""
    bound = policy("extends: standard\npaths: {write: {deny: [<outside task>]}}\n")
    within = [did("a", "/workspace/src/a.py", edit=True), did("a", "touch src/b.py", step=2)]
    gate = did("a", "touch c.py", agent="tester.1")
    begun = started("a", paths=("src/**",))
    assert replayed(bound, begun, *within, gate, merged("a")).changed == ()
    assert replayed(bound, begun, did("a", "touch c.py"), merged("a")).stopped == ("a",)
    assert replayed(bound, begun, did("a", "/workspace/c.py", edit=True), merged("a")).stopped == ("a",)


def test_a_secret_that_was_taken_out_changes_no_verdict() -> None:
    """The mark in its place holds a blank and brackets; the shell saw a word."""
    secret = did("a", "TOKEN=s3cret-value python -m pytest -q --rootdir s3cret-value", secret="s3cret-value")
    assert replayed(STANDARD, started("a"), secret, merged("a")).changed == ()


def test_what_the_program_judges_otherwise_is_not_laid_to_the_policy() -> None:
    """The policy of then, read again, tells both apart, unless it can't be read any more."""
    causes = {
        Cause.PROGRAM: (STANDARD, started("a")),
        Cause.BOTH: (ASKS_PYTEST, started("a")),
        Cause.UNKNOWN: (STANDARD, _unreadable(started("a"))),
    }
    for cause, (other, begun) in causes.items():
        (changed,) = replayed(other, begun, did("a", TESTS, then=Verdict.DENY)).changed
        assert changed.cause is cause


def _unreadable(story: Story) -> Story:
    (task, begun), *rest = story
    return [(task, begun.model_copy(update={"policy": {"old": "version: 0"}})), *rest]


def test_a_landed_diff_that_would_be_refused_would_not_have_landed() -> None:
    """Rules on changes are tried on what landed, between the commits that the journal names."""
    asked: list[tuple[str, str]] = []

    def read(old: str, new: str) -> tuple[Change, ...]:
        asked.append((old, new))
        return diff_of("migrations/1.sql")

    tight = policy("extends: standard\nchanges: [{deny: ['**/migrations/**']}]\n")
    run = past(started("a"), did("a", "ls"), merged("a"), read=read)
    result = backtest(tight, [run])
    assert asked == [(BASE, LANDED)]
    assert (result.runs[0].diffs, result.stopped) == (1, ((RUN, "a"),))
    assert backtest(STANDARD, [run]).stopped == ()


def test_a_diff_that_a_human_let_through_stays_let_through() -> None:
    """What was asked then and is asked now had its answer."""
    question = e.QuestionAsked(id="q", about="change", subject="tree x: pyproject.toml")
    asked: Story = [("a", question), ("a", e.QuestionAnswered(id="q", allowed=True, by="human"))]
    run = past(started("a"), asked, merged("a"), read=lambda *_: diff_of("pyproject.toml"))
    asks = policy("extends: standard\nchanges: [{ask: pyproject.toml}]\n")
    assert backtest(asks, [run]).runs[0].changed == ()
    assert effects(backtest(STANDARD, [run]).runs[0]) == [(Verdict.ASK, Verdict.ALLOW, Effect.UNASKED)]


def test_what_a_human_let_through_before_a_fresh_start_is_another_diff() -> None:
    """What landed was not asked about, so asking is new."""
    question = e.QuestionAsked(id="q", about="change", subject="tree x: pyproject.toml")
    asked: Story = [("a", question), ("a", e.QuestionAnswered(id="q", allowed=True, by="human"))]
    stories = [started("a"), began("a"), asked, began("a", 2), merged("a")]
    run = past(*stories, read=lambda *_: diff_of("pyproject.toml"))
    assert backtest(STANDARD, [run]).runs[0].changed == ()


def test_commits_that_are_gone_are_said_to_be() -> None:
    """A diff that can't be judged is not taken for one that would land."""
    run = backtest(STANDARD, [past(started("a"), merged("a"), read=lambda *_: None)]).runs[0]
    assert (run.gone, run.diffs, run.stopped) == (("a",), 0, ())

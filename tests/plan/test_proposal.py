"""What a coordinator proposes is held to the rules of plan files and to the policy; a split widens nothing."""

from __future__ import annotations

from typing import Any

import pytest

from agents.results import ProposedTask
from orchestrator.plan.models import Task
from orchestrator.plan.proposal import MOST_PARTS, ProposalRefused, parts_of, planned
from tests.policies.judging import policy_of, standard


def proposed(id: str = "work", role: str = "editor", goal: str = "Do it.", **more: Any) -> ProposedTask:
    """A task as a model proposes it."""
    return ProposedTask.model_validate({"id": id, "role": role, "goal": goal, **more})


def task(**more: Any) -> Task:
    """The task that is split."""
    given = {"id": "port", "role": "editor", "goal": "Port it.", "needs": ["survey"], "paths": ["src/**"]}
    return Task.model_validate({**given, "verify": ["make test"], "gates": ["reviewer"], **more})


def split(whole: Task, *parts: ProposedTask, attempts: int = 1) -> tuple[Task, ...]:
    """The parts that take its place."""
    return parts_of(whole, parts, standard(), attempts=attempts, taken={"port", "survey"})


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([proposed("Work")], "must be 1 to 40 characters of a-z"),
        ([proposed("main")], "the id 'main' is reserved"),
        ([proposed(), proposed()], "duplicate id 'work'"),
        ([proposed(needs=["wrok"]), proposed("other")], "needs 'wrok', but no task has this id"),
        ([proposed("a", needs=["b"]), proposed("b", needs=["a"])], "a cycle"),
        ([proposed(paths=["../x"])], "must be a path or glob from the top"),
        ([proposed(goal=" ")], "must not be empty"),
        ([proposed(verify=["git push"])], "'git push' is not allowed by rule"),
        ([proposed(verify=["make test && curl x"])], "it reaches the network"),
        ([proposed(verify=["npm test"])], "is not allowed by rule"),
        ([proposed(verify=["x=$("])], "is not allowed by rule"),
    ],
)
def test_a_mistake_is_told(tasks: list[ProposedTask], said: str) -> None:
    """The loader's words, or the policy's: what only asks a human is not allowed to a model's own checks either."""
    with pytest.raises(ProposalRefused) as caught:
        planned(tasks, standard(), own=())
    assert said in str(caught.value)


def test_a_part_s_checks_are_allowed_to_the_task_as_well() -> None:
    """A rule for testers alone gives an editor's task no check through a tester that it is split into."""
    policy = policy_of("commands: [{allow: check, roles: [investigator]}]")
    look, write = proposed("look", "investigator", verify=["check"]), proposed("write")
    with pytest.raises(ProposalRefused, match="verify of look: 'check' is not allowed"):
        parts_of(task(), (look, write), policy, attempts=1, taken=())
    assert parts_of(task(role="investigator", paths=None, gates=[]), (look,), policy, attempts=1, taken=())


def test_a_command_of_the_user_s_is_theirs() -> None:
    """Naming a check that the plan has already adds nothing that a policy would have to judge."""
    (made,) = planned([proposed(verify=["make test"])], standard(), own={"make test"})
    assert made.verify == ("make test",)
    assert made.effective_gates == ("tester", "reviewer")


def test_parts_stand_in_a_row_within_the_bounds_of_the_task() -> None:
    """Each after the one before, with the gates and, unless narrower, the paths of the task; its checks at the end."""
    first, second, third = split(
        task(limits={"steps": 9, "rounds": 2, "attempts": 3}),
        proposed("look", "investigator", "Look."),
        proposed("half", paths=["src/a/**"], verify=["python -m pytest -q tests/a"]),
        proposed("rest", needs=["half"]),
        attempts=2,
    )
    assert [part.needs for part in (first, second, third)] == [
        ("survey",),
        ("survey", "look"),
        ("survey", "look", "half"),
    ]
    assert (first.paths, second.paths, third.paths) == (None, ("src/a/**",), ("src/**",))
    assert (second.verify, third.verify) == (("python -m pytest -q tests/a",), ("make test",))
    assert [part.effective_gates for part in (first, second, third)] == [(), ("reviewer",), ("reviewer",)]
    assert {(part.limits.attempts, part.limits.rounds, part.limits.steps) for part in (first, third)} == {(2, 2, None)}


@pytest.mark.parametrize(
    ("whole", "parts", "said"),
    [
        (task(), [proposed("survey")], "there is a task 'survey' already"),
        (task(), [proposed("look", "investigator")], "none of the parts changes files"),
        (task(), [proposed("t", "tester"), proposed("e")], "a part that changes files has the role of the task"),
        (task(role="tester", gates=[]), [proposed("e")], "has the role of the task, tester"),
        (
            task(role="investigator", paths=None, verify=[], gates=None),
            [proposed("e")],
            "has the role of the task, investigator",
        ),
        (task(), [proposed(f"p{n}") for n in range(MOST_PARTS + 1)], "at most 10 parts"),
        (task(), [proposed("a", needs=["survey"])], "no task has this id"),
        (task(), [proposed("a", verify=["sudo make test"])], "is not allowed"),
    ],
)
def test_a_split_that_widens_is_refused(whole: Task, parts: list[ProposedTask], said: str) -> None:
    """No role that the task had not, no id of another's, no unjudged check, no end of pieces."""
    with pytest.raises(ProposalRefused) as caught:
        split(whole, *parts)
    assert said in str(caught.value)

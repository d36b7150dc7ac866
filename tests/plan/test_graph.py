"""The graph of a plan: the order, the overlaps and the cycles, held against slow and simple ways to find them."""

from __future__ import annotations

import itertools
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.plan.globs import matches_any, overlap_example
from orchestrator.plan.graph import Overlap, cycles, overlaps, waves
from orchestrator.plan.models import Task


def task(task_id: str, *needs: str, paths: tuple[str, ...] | None = None, role: str = "editor") -> Task:
    """A task of a plan with what these tests look at."""
    document = {"id": task_id, "role": role, "goal": "work", "needs": list(needs)}
    return Task.model_validate(document if paths is None else document | {"paths": list(paths)})


def as_regular_expression(glob: str) -> re.Pattern[str]:
    """What a glob means, said in another way than the code under test says it."""
    pattern = re.escape(glob).replace(r"/\*\*", "/.+") if glob.endswith("/**") else re.escape(glob)
    pattern = ".+" if glob == "**" else pattern
    pattern = pattern.replace(r"\*\*/", "(?:[^/]+/)*").replace(r"\*", "[^/]*")
    return re.compile(pattern)


PATHS = [
    "/".join(segments) for depth in (1, 2, 3, 4, 5) for segments in itertools.product(["a", "b", "ab"], repeat=depth)
]
"""All paths over a small alphabet, enough to find a common path of any two of the globs below."""

segment_globs = st.sampled_from(["a", "b", "*", "a*", "*b", "a*b", "ab"])
globs = st.builds(
    lambda front, segments, below: "/".join([*front, *segments, *below]),
    st.sampled_from([[], ["**"]]),
    st.lists(segment_globs, min_size=1, max_size=2),
    st.sampled_from([[], ["**"]]),
)


@given(globs, globs)
@settings(deadline=None)
def test_overlap_agrees_with_trying_every_path(first: str, second: str) -> None:
    """An overlap is found exactly where some path matches both globs, and the example is such a path."""
    one, other = as_regular_expression(first), as_regular_expression(second)
    tried = any(one.fullmatch(path) and other.fullmatch(path) for path in PATHS)
    example = overlap_example(first, second)
    assert (example is not None) == tried
    if example is not None:
        assert one.fullmatch(example)
        assert other.fullmatch(example)


@given(globs, st.sampled_from(PATHS))
@settings(deadline=None)
def test_matching_agrees_with_the_meaning_of_globs(glob: str, path: str) -> None:
    """A path is a task's to change exactly where its globs say so."""
    assert matches_any([glob], path.encode()) == (as_regular_expression(glob).fullmatch(path) is not None)


def test_matching_takes_any_bytes_and_no_time() -> None:
    """The path is an agent's choice: bytes that are no text match wildcards, and no name makes matching slow."""
    assert matches_any(["docs/*", "src/**"], b"src/\xff\n.py")
    assert not matches_any(["docs/*", "src/*"], b"src/a/b")
    assert not matches_any([], b"src/a")
    assert not matches_any(["*a" * 40 + "b", "**/a/" * 40 + "b"], b"a" * 255 + b"/a" * 1000)


@given(globs, globs)
@settings(deadline=None)
def test_overlap_does_not_depend_on_the_order(first: str, second: str) -> None:
    """Two globs overlap whichever is named first."""
    assert (overlap_example(first, second) is None) == (overlap_example(second, first) is None)


def test_a_long_glob_is_answered_and_not_a_crash() -> None:
    """The deepest globs that a plan may hold are compared without running out of stack."""
    assert overlap_example("a/" * 490 + "**", "**/" * 300 + "b") is not None


def test_waves_are_what_runs_in_parallel() -> None:
    """A task is in the first wave after all that it needs."""
    tasks = [task("report", "port", "docs"), task("survey"), task("port", "survey"), task("docs")]
    assert waves(tasks) == (("survey", "docs"), ("port",), ("report",))


acyclic = st.integers(min_value=0, max_value=8).flatmap(
    lambda count: st.tuples(*[st.sets(st.integers(0, max(0, n - 1)), max_size=3 if n else 0) for n in range(count)])
)


@given(acyclic)
@settings(deadline=None)
def test_every_task_comes_after_its_needs_and_as_early_as_it_can(needs: tuple[set[int], ...]) -> None:
    """For any acyclic graph each task stands once, directly behind the latest of its needs."""
    tasks = [task(f"t{n}", *(f"t{need}" for need in sorted(wanted))) for n, wanted in enumerate(needs)]
    level = {task_id: number for number, wave in enumerate(waves(tasks)) for task_id in wave}
    assert len(level) == len(tasks)
    for each in tasks:
        assert level[each.id] == max((level[need] + 1 for need in each.needs), default=0)


def test_overlaps_are_named_only_between_tasks_that_can_run_at_once() -> None:
    """Tasks in order of need may share paths; tasks that only read never overlap."""
    tasks = [
        task("client", paths=("src/client/**",)),
        task("all-of-src", paths=("docs/**", "src/**")),
        task("later", "client", "all-of-src", paths=("src/**",)),
        task("look", role="investigator"),
        task("docs", paths=("docs/*.md",)),
    ]
    assert overlaps(tasks) == (
        Overlap(first="client", second="all-of-src", example="src/client/any"),
        Overlap(first="all-of-src", second="docs", example="docs/.md"),
    )


def test_a_task_without_paths_overlaps_with_every_other() -> None:
    """Leaving out `paths` is no promise to stay apart."""
    tasks = [task("free"), task("bound", paths=("src/a.py",))]
    assert overlaps(tasks) == (Overlap(first="free", second="bound", example="src/a.py"),)


def test_a_cycle_is_shown_whole_and_each_once() -> None:
    """Every cycle that shares no task with another is found, from a task back to itself."""
    needs = {"a": ["b"], "b": ["c"], "c": ["d", "b"], "d": [], "self": ["self"], "after": ["a"], "odd": ["unknown"]}
    assert sorted(cycles(needs)) == [["b", "c", "b"], ["self", "self"]]


graphs = st.integers(min_value=1, max_value=7).flatmap(
    lambda count: st.tuples(*[st.sets(st.integers(0, count - 1), max_size=3) for _ in range(count)])
)


@given(graphs)
@settings(deadline=None)
def test_a_cycle_is_found_exactly_where_there_is_one(needs: tuple[set[int], ...]) -> None:
    """Cycles are real, and a graph without one has an order."""
    named = {f"t{n}": [f"t{need}" for need in sorted(wanted)] for n, wanted in enumerate(needs)}
    found = cycles(named)
    for cycle in found:
        assert cycle[0] == cycle[-1]
        assert all(after in named[before] for before, after in itertools.pairwise(cycle))
    if not found:
        assert len(list(itertools.chain(*waves([task(name, *wanted) for name, wanted in named.items()])))) == len(named)

"""The review: which changes need a human's eyes and why, and of each all that it takes to judge it."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from agents import events as e
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import fold
from orchestrator.journal.store import JournalStore
from orchestrator.views.concerns import Reviewed
from orchestrator.views.diff import Diff, styled_lines
from orchestrator.views.evidence import evidence_by_task
from orchestrator.views.extent import extent_of
from orchestrator.views.overview import overview
from orchestrator.views.review import review_json, review_view
from tests.views import long, patches, story, wide
from tests.views.screen import NARROW, PIPE, TALL, Screen, shown

pytestmark = pytest.mark.slow

PATCH = b"""diff --git a/src/a.py b/src/a.py
index 1111111..2222222 100644
--- a/src/a.py
+++ b/src/a.py
@@ -1 +1 @@
--- removed comment
+\x1b[2Jadded\xff
"""


def reviewed(rows: Iterable[Recorded], task: str, patch: bytes = PATCH) -> Reviewed:
    """A task of a story with its evidence."""
    rows = list(rows)
    return Reviewed.of(fold(rows).tasks[task], evidence_by_task(rows)[task], patch)


def page(rows: list[Recorded], task: str, patch: bytes = PATCH) -> str:
    """The page on a task."""
    return shown(review_view(fold(rows), reviewed(rows, task, patch)))


def test_review_shows_the_change_with_all_its_evidence(store: JournalStore) -> None:
    """Why, what stands out, tests, comments, refusals, lost lines, cost and the diff stand on one page."""
    text = page(story.recorded(store, story.whole_story()), "port")
    for expected in (
        "=== port  editor  landed",
        "Port the client.",
        "for: Make it better.",
        "1 step, 1050 tokens, $0.0200",
        "1 line of a resolved conflict is gone",
        "Ported it.",
        "reviewer.1: approve",
        "src/a.py:3: well done",
        "$ pytest -q",
        "$ make test  exit 0, 2.0s",
        "| 3 passed",
        "by the reviewer gate, on bbbbbbbbbb",
        "by the merge of bbbbbbbbbb onto aaaaaaaaaa",
        "2 ran, 1 of them failed; 1 refused",
        f"mimo-orchestrate log {story.RUN} port",
        "$ curl https://example.com  deny, refused",
        "readers (standard.yaml:12): because of it",
        "- old line",
        "Change: 1 file +1 -1",
        "+++ b/src/a.py",
    ):
        assert expected in text


def test_what_is_long_stands_last(store: JournalStore) -> None:
    """A reader meets the reasons to look, verdicts and refusals before the diff, which may be any length."""
    text = page(story.recorded(store, story.whole_story()), "port")
    titles = ["Look at", "Handed over", "Tests", "Sent back", "Commands", "Gone in resolving a conflict", "Change: "]
    places = [text.index(f"\n{title}") for title in titles]
    assert places == sorted(places)
    assert "index 1111111" not in text


def test_hundreds_of_commands_do_not_bury_the_diff() -> None:
    """Of 400 commands the page has their number, and those that were refused, each once with how often."""
    rows = long.recorded()
    text = page(rows, long.TASK)
    assert "386 ran, 44 of them failed; 40 refused" in text
    assert "20 times $ git push origin HEAD  deny, refused" in text
    assert text.count("deny, refused") == 2
    assert len(text.splitlines()) < 80


def test_many_kinds_of_refusals_are_cut_with_the_way_to_the_others(store: JournalStore) -> None:
    """Ten different refusals are shown; beyond them stands the command that shows all."""
    refused = [
        event
        for number in range(12)
        for event in story.command("port", number, f"curl {number}", verdict="deny", exit_code=None)
    ]
    text = page(story.recorded(store, [*story.started(), *refused]), "port")
    assert text.count("deny, refused") == 10
    assert f"mimo-orchestrate log {story.RUN} port --only refused" in text


def test_review_for_programs_pairs_each_command_with_its_verdict(store: JournalStore) -> None:
    """A script can hold commands that ran against the verdicts that let them run."""
    rows = story.recorded(store, story.whole_story())
    told = review_json(fold(rows), reviewed(rows, "port"))
    commands = {
        each["command"]: (each["source"], each["verdict"], each["run"] is not None) for each in told["commands"]
    }
    assert commands == {
        "git status": ("agent", "allow", True),
        "curl https://example.com": ("agent", "deny", False),
        "python -m pytest -q": ("agent", "allow", True),
        "make test": ("verify", None, True),
    }
    assert json.dumps(told)


def test_the_overview_names_each_task_and_why_to_look() -> None:
    """Tasks that stand out come first, each with its reasons; every other id is there as well, whole."""
    rows = wide.recorded()
    state = fold(rows)
    text = shown(overview(state, patches.reviews(state, rows)), PIPE)
    loud, _, quiet = text.partition("in which nothing stands out")
    for task, reason in (
        ("port-ledger", "2 lines of a resolved conflict are gone; sent back 2 times (reviewer 1, merge 1)"),
        ("port-discounts", "taken back by"),
        ("port-discounts", "1 test fewer than before"),
        ("port-archive", "2 attempts; the coordinator decided: another approach, give up"),
        ("port-legacy-soap-gateway", "sent back 4 times, the last time because"),
        ("port-legacy-soap-gateway", "1 command refused"),
        ("port-webhooks", "1 question for you"),
        ("type-hints-of-public-clients", "neither a tester nor a reviewer looked at it"),
    ):
        assert any(line.split()[:1] == [task] and reason in line for line in loud.splitlines()), (task, reason)
    assert "port-invoices" in quiet
    for screen in (PIPE, NARROW):
        words = shown(overview(state, patches.reviews(state, rows)), screen).replace(",", " ").split()
        assert set(words) >= set(state.tasks)


def test_what_to_look_at_is_next_to_the_prompt_where_a_terminal_scrolls() -> None:
    """The same overview, the other way round."""
    rows = wide.recorded()
    text = shown(overview(fold(rows), patches.reviews(fold(rows), rows), scrolled=True))
    titles = ("without anything to look at", "in which nothing stands out", "tasks to look at")
    places = [text.index(title) for title in titles]
    assert places == sorted(places)


def test_a_yes_of_a_human_is_a_reason_to_look(store: JournalStore) -> None:
    """Who allowed what the policy asked about, and why, is told with the change."""
    asked = e.QuestionAsked(id="port.q", about="command", subject="make docs", parts=[story.part("ask")])
    yes = e.QuestionAnswered(id="port.q", allowed=True, by="ada", why="it is ours")
    rows = story.recorded(store, [*story.started(), *story.ported(), ("port", asked), ("port", yes)])
    text = page(rows, "port")
    assert "1 question answered with yes" in text
    assert "allowed by ada: it is ours" in text


def test_what_the_policy_said_of_the_change_is_told(store: JournalStore) -> None:
    """Each judged file of the newest claim with rule, place and reason, who answered, and the counts of tests."""
    asking, denied = story.part("ask", "changes tests: ask"), story.part("deny", f"changes modes: deny {story.HOSTILE}")
    asked = e.QuestionAsked(id="port.q", about="change", subject="tree 1: a.py", parts=[asking])
    seen = {"judged": [asking.model_dump()], "tests": {"before": 12, "after": 10}}
    first: story.Story = [
        ("port", e.GateStarted(gate="policy", commit="1" * 40)),
        ("port", e.GateFailed(gate="policy", commit="1" * 40, why="no", evidence={"judged": [denied.model_dump()]})),
    ]
    second: story.Story = [("port", e.GateStarted(gate="policy", commit="2" * 40)), ("port", asked)]
    third: story.Story = [
        ("port", e.QuestionAnswered(id="port.q", allowed=True, by="ada")),
        ("port", e.GatePassed(gate="policy", commit="2" * 40, evidence=seen)),
    ]
    refused = page(story.recorded(store, [*story.started(), *story.ported(), *first]), "port")
    waiting = page(story.recorded(store, second), "port")
    passed = page(story.recorded(store, third), "port")

    assert "deny   x\n         changes modes: deny" in refused
    assert story.HOSTILE not in refused
    assert "ask    x\n         changes tests: ask (standard.yaml:12): because of it" in waiting
    assert f"waits for you: mimo-orchestrate approve {story.RUN} port.q" in waiting
    judged = passed.partition("Judged by the policy")[2].partition("\n\n")[0]
    assert judged.endswith("allowed by ada")
    assert "modes" not in judged
    assert "(12 before, 10 after)" in passed


def test_a_split_task_names_its_parts_and_a_part_its_task() -> None:
    """The coordinator's decisions are part of the evidence, and the parts lead to each other."""
    rows = wide.recorded()
    text = page(rows, "port-payments", b"")
    assert "after attempt 1: split" in text
    assert "parts: port-payments-read, port-payments-write," in text
    assert "=== port-payments-read (part of port-payments)  editor  merged" in page(rows, "port-payments-read")


def test_the_change_is_measured_from_where_it_was_made(store: JournalStore) -> None:
    """A merged change from what it was merged onto; an unmerged one from its latest start to its newest commit."""
    start = [*story.started(), ("port", e.TaskStarted(commit="1" * 40))]
    made = ("port", e.CheckpointTaken(agent="editor.1", step=1, ref="r", commit="2" * 40))
    refused = ("port", e.ChangeRefused(commit="2" * 40, onto="3" * 40, why="red"))
    again = ("port", story.attempt("editor.2", "editor", "4" * 40, number=2))
    ended = ("port", e.TaskEnded(state="failed", commit="8" * 40))
    merged = ("port", e.ChangeMerged(commit="2" * 40, onto="5" * 40, landed="6" * 40, tree="7" * 40))
    own = ("port", story.attempt("editor.1", "editor", "1" * 40))
    changes = []
    for number, story_so_far in enumerate(
        (
            [*start, own],
            [*start, own, made],
            [*start, own, made, refused],
            [*start, own, made, refused, again],
            [*start, own, made, refused, again, ended],
            [*start, own, made, refused, again, merged],
        )
    ):
        rows = story.recorded(store, story_so_far, run=f"run-{number}")
        changes.append(evidence_by_task(rows)["port"].change())
    assert changes == [
        None,
        ("1" * 40, "2" * 40),
        ("3" * 40, "2" * 40),
        None,
        ("4" * 40, "8" * 40),
        ("5" * 40, "6" * 40),
    ]


def test_a_second_look_of_a_gate_moves_nothing(store: JournalStore) -> None:
    """The reviewer's second attempt begins on the commit that it reviews, and the change is still the whole change."""
    rows = story.recorded(
        store,
        [
            *story.started(),
            ("port", e.TaskStarted(commit="1" * 40)),
            ("port", story.attempt("editor.1", "editor", "1" * 40)),
            ("port", e.GateStarted(gate="reviewer", commit="2" * 40)),
            ("port", story.attempt("reviewer.2", "reviewer", "2" * 40, number=2)),
        ],
    )
    assert evidence_by_task(rows)["port"].change() == ("1" * 40, "2" * 40)


def test_arguments_that_are_no_json_are_shown_as_they_are(store: JournalStore) -> None:
    """A model's raw arguments may hold anything; the review shows them instead of failing."""
    for number, arguments in enumerate(("{broken", "[1]", '{"command": 3}', '"text"')):
        proposed = e.CommandProposed(id="x", agent="editor.1", step=1, tool="shell", arguments=arguments)
        rows = story.recorded(store, [*story.started(), ("port", proposed)], run=f"run-{number}")
        assert evidence_by_task(rows)["port"].commands["x"].as_json()["command"] == arguments


def test_a_removed_line_is_no_file_name() -> None:
    """In a diff, `--- x` within a hunk is a removed line and coloured as one; object ids are left out."""
    styles = dict(styled_lines(PATCH))
    assert styles["--- removed comment"] == "red"
    assert styles["--- a/src/a.py"] == "bold"
    assert not any(line.startswith("index ") for line in styles)


def test_a_long_line_of_a_diff_is_broken_where_the_terminal_ends() -> None:
    """No character of a change is lost, and a pipe gets the line whole."""
    patch = b"diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -0,0 +1 @@\n+" + b"0123456789" * 20
    broken = shown([Diff(patch)], Screen(50, 24)).splitlines()
    assert max(map(len, broken)) == 50
    assert "".join(line.removeprefix("↪ ") for line in broken[4:]) == f"+{'0123456789' * 20}"
    assert all(line.startswith("↪ ") for line in broken[5:])
    assert f"+{'0123456789' * 20}\n" in shown([Diff(patch)], PIPE)


@pytest.mark.parametrize(
    ("patch", "path", "figures"),
    [
        (PATCH, "src/a.py", (1, 1, False)),
        (b"diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", "x => y", (0, 0, False)),
        (b"diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+1", "n", (1, 0, False)),
        (b"diff --git a/g b/g\n--- a/g\n+++ /dev/null\n@@ -1 +0,0 @@\n-1", "g", (0, 1, False)),
        (b"diff --git a/p b/p\nBinary files a/p and b/p differ\n", "p", (0, 0, True)),
        (b"diff --git a/p q b/p q\nold mode 100644\nnew mode 100755\n", "p q", (0, 0, False)),
        (b"diff --git a/p b/q\nold mode 100644\nnew mode 100755\n", "a/p b/q", (0, 0, False)),
    ],
)
def test_the_extent_of_a_file(patch: bytes, path: str, figures: tuple[int, int, bool]) -> None:
    """Modified, moved, new, deleted and binary files each have their name and their lines."""
    (file,) = extent_of(patch).files
    assert (file.path, (file.added, file.removed, file.binary)) == (path, figures)


def test_tests_are_counted_on_both_sides() -> None:
    """Definitions of tests in test files that go and come are counted; those of other files are no tests."""
    extent = extent_of(patches.patch_of(["tests/test_discounts.py", "src/a.py"]))
    assert (extent.tests_added, extent.tests_removed, extent.tests_fewer) == (1, 2, 1)
    moved = PATCH.replace(b"--- removed comment", b"-def test_x():")
    assert extent_of(moved).tests_removed == 0
    assert extent_of(b"").files == ()


@pytest.mark.parametrize("screen", [NARROW, TALL, PIPE])
def test_a_task_without_a_change_says_what_there_is(screen: Screen) -> None:
    """An investigator's page has its findings and no empty section."""
    rows = wide.recorded()
    text = shown(review_view(fold(rows), reviewed(rows, "survey", b"")), screen)
    assert "17 uses in 9 files" in text
    assert "Change" not in text
    assert "Sent back" not in text

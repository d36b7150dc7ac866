"""Reading a plan file: what a good one means, and that every mistake of a bad one is named with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.errors import UsageProblem
from orchestrator.plan.loader import load_plan, read_plan
from orchestrator.plan.models import Plan
from policies.problems import DocumentError

HEAD = "version: 1\nname: demo\ngoal: Make it better.\n"
ONE_TASK = "tasks: [{id: work, role: editor, goal: Do it.}]\n"


def problems_of(text: str) -> list[str]:
    """What is wrong with a plan, as `LINE:COL: message`."""
    with pytest.raises(DocumentError) as caught:
        read_plan(text, file="plan.yaml")
    return [str(problem).removeprefix("plan.yaml:") for problem in caught.value.problems]


def test_a_short_plan_gets_the_documented_defaults() -> None:
    """What a plan leaves out is as the documentation says."""
    plan = read_plan(HEAD + ONE_TASK, file="plan.yaml")
    limits, sandbox = plan.limits, plan.sandbox
    assert (limits.parallel, limits.steps, limits.tokens, limits.cost) == (4, 200, 5_000_000, 10.0)
    assert (limits.wall_seconds, limits.attempts, limits.rounds, limits.context) == (7200.0, 2, 4, 200_000)
    assert (sandbox.backend, sandbox.cpus, sandbox.memory_bytes, sandbox.pids) == ("auto", 2.0, 2 * 1024**3, 256)
    assert (sandbox.timeout_seconds, sandbox.disk_bytes) == (600.0, 4 * 1024**3)
    assert (plan.merge.mode, plan.merge.style, plan.base, plan.policy) == ("auto", "squash", None, None)
    assert plan.tasks[0].effective_gates == ("tester", "reviewer")


def test_gates_are_an_editors_by_default_and_run_in_their_order() -> None:
    """An editor is looked at by tester, then reviewer; `[]` means by nobody; others have none unless they name some."""
    tasks = """tasks:
      - {id: both, role: editor, goal: g, gates: [reviewer, tester]}
      - {id: none, role: editor, goal: g, gates: []}
      - {id: look, role: investigator, goal: g}
      - {id: test, role: tester, goal: g}
    """
    plan = read_plan(HEAD + tasks, file="plan.yaml")
    assert [plan.task(name).effective_gates for name in ("both", "none", "look", "test")] == [
        ("tester", "reviewer"),
        (),
        (),
        (),
    ]


def test_a_role_without_models_of_its_own_takes_the_plans() -> None:
    """A chain of fallbacks is kept in order, one model alone is a chain of one."""
    models = "model: openai/a\nmodels: {reviewer: [anthropic/b, openai/a], tester: openai/c}\n"
    plan = read_plan(HEAD + models + ONE_TASK, file="plan.yaml")
    assert plan.models_of("reviewer") == ("anthropic/b", "openai/a")
    assert plan.models_of("tester") == ("openai/c",)
    assert plan.models_of("editor") == ("openai/a",)
    assert read_plan(HEAD + ONE_TASK, file="plan.yaml").models_of("editor") == ()


def test_a_plan_survives_the_journal() -> None:
    """What `dumped` gives is JSON, and is read back to an equal plan by `rebuilt` and by the loader."""
    text = (
        HEAD
        + "base: main\nmodel: openai/a\nmodels: {editor: [x/y, z/w]}\nprices: {x/y: {input: 0.4, output: 1.6}}\n"
        + "sandbox: {memory: 1500m, timeout: 1h30m, env: {A: '1'}}\nlimits: {wall: 90s, cost: 2}\nverify: [make test]\n"
        + "tasks: [{id: work, role: editor, goal: g, paths: [src/**], gates: [], limits: {wall: 5m, steps: 3}}]\n"
    )
    plan = read_plan(text, file="plan.yaml")
    kept = json.dumps(plan.dumped())
    assert Plan.rebuilt(json.loads(kept)) == plan
    assert read_plan(kept, file="journal") == plan


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + "bse: main\n" + ONE_TASK, "4:1: unknown key 'bse'"),
        (HEAD + "verify: make test\n" + ONE_TASK, "4:9: must be a list, such as [one, two], not 'make test'"),
        (HEAD + "limits: {steps: '80'}\n" + ONE_TASK, "4:17: must be a valid integer, not '80'"),
        (HEAD + "limits: {cost: true}\n" + ONE_TASK, "4:16: must be a valid number, not True"),
        (HEAD + "limits: {cost: -1}\n" + ONE_TASK, "4:16: must be greater than or equal to 0, not -1"),
        (HEAD + "limits: {cost: .inf}\n" + ONE_TASK, "4:16: must be a valid number, not '.inf'"),
        (HEAD + "sandbox: {memory: 2}\n" + ONE_TASK, "4:19: must be a size"),
        (HEAD + "sandbox: {timeout: soon}\n" + ONE_TASK, "4:20: must be a duration"),
        (HEAD + "sandbox: {env: {A: 1}}\n" + ONE_TASK, "4:20: must be text: put it in quotes, not 1"),
        (HEAD + "sandbox: {env: {A B: x}}\n" + ONE_TASK, "4:22: must be the name of an environment variable"),
        (HEAD + "sandbox: {image: a, dockerfile: b}\n" + ONE_TASK, "4:21: image and dockerfile exclude each other"),
        (HEAD + "sandbox: {backend: podman}\n" + ONE_TASK, "4:20: must be 'auto', 'docker' or 'bubblewrap'"),
        (HEAD + "base: --upload-pack=x\n" + ONE_TASK, "4:7: must be the name of a branch"),
        (HEAD + "models: {reviewer: []}\n" + ONE_TASK, "4:20: must name at least one"),
        (HEAD + "policy:\n" + ONE_TASK, "4:1: 'policy' has no value"),
        (HEAD + "tasks: [{id: main, role: editor, goal: g}]\n", "4:14: the id 'main' is reserved"),
        (HEAD + "tasks: [{id: A/b, role: editor, goal: g}]\n", "4:14: must be 1 to 40 characters of a-z, 0-9 and -"),
        (HEAD + "tasks: [{id: a, role: edtor, goal: g}]\n", "4:23: must be 'investigator', 'editor', 'tester' or"),
        (HEAD + "tasks: [{id: a, role: coordinator, goal: g}]\n", "4:23: must be 'investigator', 'editor', 'tester'"),
        (HEAD + "tasks: [{id: a, role: editor}]\n", "4:9: 'goal' is missing"),
        (HEAD + "tasks: [{id: a, role: editor, goal: ' '}]\n", "4:37: must not be empty"),
        (HEAD + "tasks: [{id: a, role: editor, goal: g, paths: [../x]}]\n", "4:48: must be a path or glob"),
        (HEAD + "tasks: [{id: a, role: editor, goal: g, paths: [/x]}]\n", "4:48: must be a path or glob"),
        (HEAD + "tasks: [{id: a, role: editor, goal: g, paths: [x/]}]\n", "4:48: must be a path or glob"),
        (HEAD + "tasks: [{id: a, role: editor, goal: g, paths: []}]\n", "4:47: must name at least one"),
        (HEAD + "tasks: [{id: a, role: editor, goal: g, limits: {parallel: 2}}]\n", "4:49: unknown key 'parallel'"),
        (HEAD + "tasks: [{id: a, role: editor, goal: g, gates: [tester, tester]}]\n", "4:56: 'tester' stands twice"),
        (HEAD + "tasks: [{id: a, role: reviewer, goal: g, gates: [tester]}]\n", "4:50: a task of the role 'reviewer'"),
        (
            HEAD + "tasks:\n" + "".join(f"- {{id: t{n}, role: editor, goal: g}}\n" for n in range(501)),
            "5:1: must be at most 500 tasks",
        ),
        (HEAD + "name: again\n" + ONE_TASK, "4:1: duplicate key 'name'"),
        (HEAD + "verify: &a [x]\n" + ONE_TASK, "4:9: anchors and aliases are not read here"),
        (HEAD + "verify: [\n", "5:1:"),
        ("version: true\nname: a\ngoal: g\n" + ONE_TASK, "1:10: must be the number 1"),
        ("version: 2\nname: a\ngoal: g\n" + ONE_TASK, "1:10: must be 1, not 2"),
        ("goal: g\nname: a\n" + ONE_TASK, "1:1: 'version' is missing"),
        ("", "1:1: the file is empty"),
        ("- a list\n", "1:1: the file must hold a mapping"),
        ("a: " + "x" * (1 << 20), "1:1: the file is larger than 1048576 bytes"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, expected: str) -> None:
    """One mistake gives one problem, and its line and column are where a user has to look."""
    found = problems_of(text)
    assert [problem.startswith(expected) for problem in found] == [True], found


def test_all_mistakes_are_named_in_one_go() -> None:
    """Mistakes of shape hide neither each other nor those of ids, needs and cycles."""
    text = (
        "version: 1\nname: Demo\nsandbox: {timeout: 5}\ntasks:\n"
        "  - {id: survey, role: investigator, goal: g}\n"
        "  - {id: survey, role: editor, goal: g, needs: [suvey]}\n"
        "  - {id: one, role: editr, goal: g, needs: [two]}\n"
        "  - {id: two, role: editor, goal: g, needs: [three, survey]}\n"
        "  - {id: three, role: editor, goal: '', needs: [one]}\n"
    )
    found = problems_of(text)
    assert [problem.split(" ")[0] for problem in found] == [
        "1:1:",
        "2:7:",
        "3:20:",
        "6:10:",
        "6:49:",
        "7:21:",
        "9:37:",
        "9:49:",
    ]
    assert found[0] == "1:1: 'goal' is missing"
    assert found[3] == "6:10: duplicate id 'survey': line 5 has it already"
    assert found[-1] == "9:49: a cycle, none of these could ever start: one needs two needs three needs one"


def test_a_near_miss_is_answered_with_what_was_meant() -> None:
    """Keys, roles and needs that are nearly right carry a "did you mean", under the line and a caret."""
    text = HEAD + "tasks: [{id: survey, role: editr, goals: g, needs: [survei]}]\n"
    with pytest.raises(DocumentError) as caught:
        read_plan(text, file="plan.yaml")
    shown = str(caught.value)
    for meant in ("did you mean 'editor'?", "did you mean 'goal'", "did you mean 'survey'?"):
        assert meant in shown
    lines = shown.splitlines()
    assert lines[0] == "plan.yaml:4:9: 'goal' is missing"
    assert lines[1] == "  tasks: [{id: survey, role: editr, goals: g, needs: [survei]}]"
    assert lines[2] == "  " + " " * 8 + "^"


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("169.254.169.254:80", "can't be a host on the list: an address that no sandbox may reach"),
        ("127.1", "can't be a host on the list: an IPv4 address that is not four decimal numbers"),
        ("good.test:99999", "can't be a host on the list: no port between 1 and 65535"),
        ("https://example.org", "must be a host such as"),
    ],
)
def test_a_host_that_can_not_be_reached_is_said_with_its_place(host: str, why: str) -> None:
    """Whoever lists it learns of it before a run and not within."""
    (found,) = problems_of(f"{HEAD}sandbox: {{setup_network: [{host!r}]}}\n{ONE_TASK}")
    assert found.startswith(f"4:27: {why}")


@pytest.mark.parametrize("lines", ["", "tasks: []\n"])
def test_a_plan_without_tasks_is_one_for_the_coordinator(lines: str) -> None:
    """It is whole without them, and has work for every role; an empty `tasks:` is a slip of the pen."""
    plan = read_plan(HEAD + lines, file="plan.yaml")
    assert plan.tasks == ()
    assert plan.roles == ("coordinator", "investigator", "editor", "tester", "reviewer")
    assert "4:1: 'tasks' has no value: fill it in, or leave it out" in problems_of(HEAD + "tasks:\n")


def test_hostile_text_of_a_plan_is_escaped_in_messages() -> None:
    """A plan from elsewhere can't move the cursor of the terminal that shows its mistakes."""
    text = HEAD + 'tasks: [{id: "a\\e[2J", role: editor, goal: g}]\n'
    with pytest.raises(DocumentError) as caught:
        read_plan(text, file="plan.yaml")
    assert "\x1b" not in str(caught.value)


def test_a_plan_that_is_no_file_is_a_mistake_of_usage(tmp_path: Path) -> None:
    """A missing plan and a directory are said in words, without a traceback."""
    with pytest.raises(UsageProblem, match=r"none\.yaml: No such file"):
        load_plan(tmp_path / "none.yaml")
    with pytest.raises(UsageProblem, match="directory"):
        load_plan(tmp_path)

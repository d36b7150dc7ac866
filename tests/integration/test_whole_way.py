"""Six tasks on real code, in parallel, in conflict and red together, end on the right tree on both backends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.scripting import APPROVE, PASS, done, edit, editor, found, plan, shell, talk
from tests.server.fixture import ScriptedServer

ROOT = Path(__file__).resolve().parents[2]
MODULE = "policies/verdict.py"
CHECK = """import sys
import unittest

sys.path.insert(0, "policies")
import verdict


class TestStrictest(unittest.TestCase):
    def test_deny_is_stricter(self):
        self.assertEqual(verdict.strictest([verdict.Verdict.ALLOW, verdict.Verdict.DENY]), "deny")
"""
MORE = CHECK.replace("TestStrictest", "TestMore").replace("deny_is_stricter", "ask_is_stricter").replace("DENY", "ASK")
MORE = MORE.replace('"deny"', '"ask"')

SURVEY = "Find out who uses strictest."
TOP_A = "Say in the first line who owns the module."
TOP_B = "Say in the first line what the module is for."
RENAME = "Rename strictest to most_strict."
CHECKS = "Add a check that ask is stricter than allow."
SUMMARY = "Write down what was done."

RESOLVE = (
    "sed -i '1,/^>>>>>>> /d' policies/verdict.py && sed -i '1s/^/# owner: core\\n# purpose: verdicts\\n/' " + MODULE
)
VERIFY = "python3 -B -m unittest discover -q -s checks"


def conversations() -> list[dict[str, Any]]:
    """What the models of all tasks and gates say, in either order of landing."""
    renamed = "sed -i 's/strictest/most_strict/g' policies/verdict.py checks/test_verdict.py"
    return [
        talk("investigator", SURVEY, shell("grep -rn strictest policies checks"), found("checks use strictest")),
        talk(
            "editor",
            TOP_A,
            shell(f"sed -i '1s/^/# owner: core\\n/' {MODULE}"),
            done("owner named"),
            shell(RESOLVE),
            done("both lines kept"),
        ),
        talk("reviewer", TOP_A, APPROVE),
        talk(
            "editor",
            TOP_B,
            shell(f"sed -i '1s/^/# purpose: verdicts\\n/' {MODULE}"),
            done("purpose named"),
            shell(RESOLVE),
            done("both lines kept"),
        ),
        talk(
            "editor",
            RENAME,
            shell("curl -s http://example.com"),
            shell(renamed),
            done("renamed"),
            shell("sed -i 's/strictest/most_strict/g' checks/test_more.py"),
            done("the new check follows"),
        ),
        talk("tester", RENAME, shell(VERIFY), PASS),
        talk(
            "editor",
            CHECKS,
            edit("checks/test_more.py", "", MORE),
            done("a check more"),
            shell("sed -i 's/strictest/most_strict/' checks/test_more.py"),
            done("the new name is used"),
        ),
        talk("editor", SUMMARY, edit("SUMMARY.md", "", "# Done\n"), done("written down")),
    ]


def tasks() -> tuple[dict[str, Any], ...]:
    """The six tasks."""
    return (
        {"id": "survey", "role": "investigator", "goal": SURVEY},
        editor("top-a", TOP_A, needs=["survey"], gates=["reviewer"]),
        editor("top-b", TOP_B, needs=["survey"]),
        editor("rename", RENAME, needs=["survey"], gates=["tester"], verify=[VERIFY]),
        editor("checks", CHECKS, needs=["survey"], paths=["checks/**"]),
        editor("summary", SUMMARY, needs=["top-a", "top-b", "rename", "checks"], paths=["SUMMARY.md"]),
    )


@pytest.mark.slow
def test_six_tasks_land_on_the_right_tree(backend: str, make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Conflicts are repaired, what is red together is mended, and main holds exactly what was meant."""
    sources = [path for room in ("policies", "sandbox", "agents") for path in (ROOT / room).rglob("*.py")]
    files = {str(path.relative_to(ROOT)): path.read_text() for path in sources}
    program = make({**files, "checks/test_verdict.py": CHECK, ".gitignore": "__pycache__/\n"})
    scripted_server.play(*conversations())
    (program.repository.parent / "plan.yaml").write_text(plan(*tasks(), verify=[VERIFY]))

    result = program.json("run", "--backend", backend, program.repository.parent / "plan.yaml")

    assert {task["id"]: task["state"] for task in result["tasks"]} == dict.fromkeys(
        ("survey", "top-a", "top-b", "rename", "checks", "summary"), "landed"
    )
    assert result["status"] == "done"
    module = files[MODULE].replace("strictest", "most_strict")
    assert program.tree("main") == {
        name: text.rstrip("\n")
        for name, text in {
            **files,
            ".gitignore": "__pycache__/\n",
            MODULE: f"# owner: core\n# purpose: verdicts\n{module}",
            "checks/test_verdict.py": CHECK.replace("strictest", "most_strict"),
            "checks/test_more.py": MORE.replace("strictest", "most_strict"),
            "SUMMARY.md": "# Done\n",
        }.items()
    }
    assert program.git("status", "--porcelain") == ""
    assert program.git("rev-parse", "main") == result["base"]["after"]
    assert program.run("audit", "verify", result["run"]).returncode == 0


@pytest.mark.slow
def test_every_command_that_ran_was_judged_first(
    backend: str, make: MakeProgram, scripted_server: ScriptedServer
) -> None:
    """Executed commands and verdicts in the journal match one to one; only the plan's own are not judged."""
    program = make({"checks/test_verdict.py": "import unittest\n", "file.txt": "one\n"})
    scripted_server.play(
        talk(
            "editor",
            "Work on it.",
            shell("curl http://example.com"),
            {"calls": [{"name": "shell", "arguments": {"command": "ls"}}, {"name": "edit", "arguments": "{"}]},
            edit("file.txt", "one", "two"),
            edit(".git/config", "", "[core]"),
            shell("echo three >> file.txt; sudo id"),
            shell("cat file.txt"),
            done(),
        )
    )
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(editor("work", "Work on it.", verify=["true"]), verify=["true"]))
    program.json("run", "--backend", backend, path)
    events = program.events()
    ran = [event for event in events if event["kind"] == "command run"]
    allowed = {event["id"]: event["seq"] for event in events if event["kind"] == "command judged" and event["allowed"]}
    agents = [event for event in ran if event["source"] == "agent"]
    assert sorted(event["id"] for event in agents) == sorted(allowed)
    assert all(allowed[event["id"]] < event["seq"] for event in agents)
    assert [event["command"] for event in agents] == ["ls", "edit /workspace/file.txt", "cat file.txt"]
    assert {event["source"] for event in ran} == {"agent", "verify"}
    assert program.tree("main")["file.txt"] == "two"

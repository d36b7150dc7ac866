"""The rules of a run are those of its base commit, whatever an agent makes of the file that holds them."""

from __future__ import annotations

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.scripting import done, edit, editor, plan, shell, talk
from tests.server.fixture import ScriptedServer

POLICY = "version: 1\nextends: standard\ncommands:\n  - deny: touch\n"


@pytest.mark.slow
def test_an_agent_can_not_loosen_its_own_policy(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """What the base denies stays denied after an agent rewrote the file, and the rewritten file does not land."""
    program = make({".mimo/policy.yaml": POLICY, "a.txt": "a\n"})
    scripted_server.play(
        talk(
            "editor",
            "Work on it.",
            edit(".mimo/policy.yaml", "deny: touch", "allow: touch"),
            shell("touch b.txt"),
            done(),
            shell("git checkout -- .mimo"),
            edit(".mimo/policy.yaml", "allow: touch", "deny: touch"),
            edit("a.txt", "a", "b"),
            done(),
        )
    )
    (program.repository.parent / "plan.yaml").write_text(plan(editor("one", "Work on it.")))

    result = program.json("run", "--backend", "bubblewrap", program.repository.parent / "plan.yaml")

    assert result["status"] == "done"
    judged = {event["id"]: event for event in program.events() if event["kind"] == "command judged"}
    (denied,) = [event for event in judged.values() if event["verdict"] == "deny"]
    assert (denied["parts"][0]["file"], denied["parts"][0]["line"]) == (".mimo/policy.yaml", 4)
    assert [event["gate"] for event in program.events() if event["kind"] == "gate failed"] == ["policy"]
    assert program.tree("main") == {".mimo/policy.yaml": POLICY.rstrip("\n"), "a.txt": "b"}

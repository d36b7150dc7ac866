"""The roles: for each its prompt, its tools and what it hands to `finish`. A new role is a prompt file and a row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agents.events import Role
from agents.results import Change, Coordination, Findings, Review, RoleResult, TestVerdict
from agents.toolbox import tools_for

PROMPTS = Path(__file__).parent / "prompts"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSpec:
    """One role. `prompt` is a file of `agents/prompts`, `result` the schema of its `finish`.

    `writes` says that it has the tools that change files, `held_to_schema` that a model which can be held to a schema
    gives the result as its answer, without a call.
    """

    name: Role
    prompt: str
    result: type[RoleResult]
    finishing: str
    writes: bool = False
    held_to_schema: bool = False

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of its tools, as a request has them."""
        return tools_for(writes=self.writes)

    def system_prompt(self) -> str:
        """The text that opens each conversation of the role."""
        return (PROMPTS / self.prompt).read_text(encoding="utf-8").strip()


ROLES: dict[Role, RoleSpec] = {
    "coordinator": RoleSpec(
        name="coordinator",
        prompt="coordinator.md",
        result=Coordination,
        finishing="Hand over the tasks, or your decision on the one that failed. Call it alone.",
        held_to_schema=True,
    ),
    "investigator": RoleSpec(
        name="investigator",
        prompt="investigator.md",
        result=Findings,
        finishing="Hand over what you found. Call it alone, when you know enough.",
    ),
    "editor": RoleSpec(
        name="editor",
        prompt="editor.md",
        writes=True,
        result=Change,
        finishing="Claim that the goal is met. Call it alone, after your last edit was tested.",
    ),
    "tester": RoleSpec(
        name="tester",
        prompt="tester.md",
        writes=True,
        result=TestVerdict,
        finishing="Give your verdict with the evidence. Call it alone.",
    ),
    "reviewer": RoleSpec(
        name="reviewer",
        prompt="reviewer.md",
        result=Review,
        finishing="Approve, or ask for changes by file and line. Call it alone.",
    ),
}

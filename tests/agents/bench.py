"""An agent on fakes, for the tests of the loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agents.account import Account
from agents.agent import Agent, Outcome
from agents.assignment import Assignment
from agents.conversation import Conversation
from agents.model import Model
from agents.past import Past
from agents.results import RoleResult
from tests.fakes.judges import FakeAsker, FakePolicy, FakeRecorder
from tests.fakes.past import FakePast
from tests.fakes.sandbox import FakeSandbox

RUN_GOAL = "Replace requests by httpx; keep  the API.\n\tVerbatim."
TASK_GOAL = "Port src/client.\n- keep `get()`\n"


def assignment(**changes: Any) -> Assignment:
    """An editor's assignment."""
    given: dict[str, Any] = {
        "role": "editor",
        "agent": "editor.1",
        "task": "port",
        "run_goal": RUN_GOAL,
        "task_goal": TASK_GOAL,
    }
    return Assignment(**{**given, **changes})


@dataclass(slots=True, kw_only=True)
class Bench:
    """Everything an agent stands on; `refusals` are the reasons of refused claims, in order."""

    model: Model
    sandbox: FakeSandbox = field(default_factory=FakeSandbox)
    policy: FakePolicy = field(default_factory=FakePolicy)
    asker: FakeAsker = field(default_factory=FakeAsker)
    recorder: FakeRecorder = field(default_factory=FakeRecorder)
    account: Account = field(default_factory=lambda: Account({}))
    refusals: list[str] = field(default_factory=list)
    claims: list[RoleResult] = field(default_factory=list)
    checkpoints: list[int] = field(default_factory=list)
    left_out: str | None = None
    past: Past | None = None
    stopping: Callable[[], bool] = lambda: False

    async def run(self, given: Assignment | None = None, conversation: Conversation | None = None) -> Outcome:
        """Run the agent to its end."""
        agent = Agent(
            model=self.model,
            policy=self.policy,
            asker=self.asker,
            recorder=self.recorder,
            budget=self.account,
            past=self.past or FakePast(self.recorder, agent=(given or assignment()).agent),
            stopping=self.stopping,
        )
        return await agent.run(
            given or assignment(),
            sandbox=self.sandbox,
            conversation=conversation,
            checkpoint=self.checkpoint,
            claim=self.claim,
        )

    async def checkpoint(self, step: int) -> str | None:
        """Note the step."""
        self.checkpoints.append(step)
        return self.left_out

    async def claim(self, result: RoleResult) -> str | None:
        """Refuse as often as the test wants it."""
        self.claims.append(result)
        return self.refusals.pop(0) if self.refusals else None

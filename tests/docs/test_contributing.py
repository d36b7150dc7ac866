"""What CONTRIBUTING says of lists that belong together."""

from __future__ import annotations

from typing import get_args

import agents.events
import orchestrator.cli.options
import policies.file
from agents.roles import PROMPTS, ROLES
from orchestrator.plan.models import Models, SandboxSettings, TaskRole
from sandbox.backends import BACKENDS


def test_roles_have_the_same_words_everywhere() -> None:
    """The journal, the policy and the plan know the same roles, and each role that works has its prompt."""
    words = set(get_args(agents.events.Role))
    assert set(get_args(policies.file.Role)) == words
    assert set(Models.model_fields) == words
    assert set(get_args(TaskRole)) <= set(ROLES) <= words
    assert {role.prompt for role in ROLES.values()} == {path.name for path in PROMPTS.iterdir()}


def test_a_plan_may_ask_for_every_backend() -> None:
    """A backend that is in the table can be named in a plan, and on the command line."""
    assert set(get_args(SandboxSettings.model_fields["backend"].annotation)) == {"auto", *BACKENDS}
    assert set(orchestrator.cli.options.BACKENDS) == {"auto", *BACKENDS}

"""Which hosts a run's sandboxes may reach: what plan and policy both list, and what is said of the rest."""

from __future__ import annotations

import json

import pytest

from orchestrator.plan.models import Plan
from orchestrator.run.reachable import reachable, warnings
from policies.policy import Policy


def policy(*hosts: str) -> Policy:
    """A policy that lets these hosts through."""
    text = f"version: 1\nnetwork: {{allow: {json.dumps(hosts)}}}\n"
    return Policy.from_layers({"policy.yaml": text})


@pytest.mark.parametrize(
    ("plan", "allowed", "expected"),
    [
        (["a.example.org"], ["a.example.org:443"], ["a.example.org:443"]),
        (["a.example.org"], ["a.example.org:80"], []),
        (["A.Example.Org"], ["*.example.org"], ["a.example.org:443"]),
        (["*.example.org"], ["a.example.org", "example.org"], ["a.example.org:443"]),
        (["private:a.example.org"], ["a.example.org"], ["a.example.org:443"]),
        (["private:a.example.org"], ["private:*.example.org"], ["private:a.example.org:443"]),
        (["10.0.0.1:80"], ["10.0.0.1:80", "169.254.169.254:80"], ["10.0.0.1:80"]),
        (["private:192.88.98.1"], ["private:192.88.98.1"], ["private:192.88.98.1:443"]),
        (["private:10.0.0.1"], ["10.0.0.1"], ["10.0.0.1:443"]),
        (["a.example.org"], [], []),
        ([], ["a.example.org"], []),
    ],
)
def test_a_host_is_on_both_lists(plan: list[str], allowed: list[str], expected: list[str]) -> None:
    """What either leaves out is not reached, and a private address only if both say so."""
    assert [str(entry) for entry in reachable(plan, policy(*allowed)).entries] == expected


def test_what_is_listed_in_vain_is_said() -> None:
    """In one line, of the list for setup as well, once each; a plan that lists nothing hears nothing."""
    plan = Plan.model_validate(
        {
            "version": 1,
            "name": "n",
            "goal": "g",
            "sandbox": {"network": ["a.test", "b.test"], "setup_network": ["b.test", "c.test:80"]},
        }
    )
    said = warnings(plan, policy("a.test"))
    assert [line.split(" can't be reached: ")[0] for line in said] == ["b.test, c.test:80"]
    assert all("network: {allow: [...]}" in line for line in said)
    assert warnings(plan.model_copy(update={"sandbox": type(plan.sandbox)()}), policy()) == []

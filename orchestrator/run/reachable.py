"""The hosts that a plan's sandboxes may reach: those on its list that are on the policy's too."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from orchestrator.plan.models import Plan
from policies.policy import Policy
from sandbox.network.allow_list import AllowList, Entry
from sandbox.network.hosts import HostRefused


def reachable(hosts: Sequence[str], policy: Policy) -> AllowList:
    """What of a plan's list the policy lets through."""
    return AllowList.of(hosts).met(_allowed(policy))


def warnings(plan: Plan, policy: Policy) -> list[str]:
    """What a plan lists in vain, and what to do about it, in one line however many hosts it is."""
    allowed = _allowed(policy)
    listed = dict.fromkeys((*plan.sandbox.network, *plan.sandbox.setup_network))
    vain = [host for host in listed if not AllowList.of((host,)).met(allowed)]
    if not vain:
        return []
    those = "it" if len(vain) == 1 else "them"
    return [f"{', '.join(vain)} can't be reached: the policy's `network: {{allow: [...]}}` does not list {those}"]


def _allowed(policy: Policy) -> AllowList:
    """An address that no sandbox may reach is not reached for being listed."""
    entries = []
    for host in policy.network:
        with suppress(HostRefused):
            entries.append(Entry.of(host))
    return AllowList(tuple(entries))

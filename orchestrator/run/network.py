"""The way out of a run's sandboxes: the plan's hosts that the policy lets through too, each request journalled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from agents.events import NetworkAsked, NetworkUsed
from orchestrator.run.context import RunContext
from orchestrator.run.reachable import reachable
from sandbox.network.network import Asked, Network, Used
from sandbox.network.resolving import resolve_here


def network_of(ctx: RunContext, hosts: Sequence[str], task: str) -> Network | None:
    """What a sandbox of `task` may reach of these hosts of the plan; None where it has no network."""
    allow = reachable(hosts, ctx.policy)
    if not allow:
        return None
    recorder = ctx.journal.recorder(task if task in ctx.state.tasks else None)

    async def told(traffic: Asked | Used) -> None:
        await recorder.record(_event(traffic))

    return Network(allow=allow, told=told, resolve=resolve_here)


def _event(traffic: Asked | Used) -> NetworkAsked | NetworkUsed:
    if isinstance(traffic, Asked):
        return NetworkAsked(**asdict(traffic))
    return NetworkUsed(**asdict(traffic))

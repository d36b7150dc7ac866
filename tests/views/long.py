"""A run whose one editor takes four hundred steps: red tests, refusals, rounds, gates, faults, rebuilt contexts."""

from __future__ import annotations

from typing import Any

from agents import events as e
from agents.model import Message
from orchestrator.journal.chain import Recorded
from tests.views import telling
from tests.views.story import HOSTILE
from tests.views.telling import MODEL, Story, begun, denied, edited, oid, ran, step, verified

RUN = "split-the-monolith-20260106-080000-c0de"
START = 1_767_686_400.0
"""2026-01-06 08:00:00 UTC."""

TASK = "untangle-orders-from-inventory"
GOAL = "Cut every import of shop.inventory out of shop.orders; what is shared goes to shop.stock."
BASE = oid("monolith")
TESTS = "python -m pytest -q tests/orders"
STEPS = 400
ROUNDS = (1, 161, 281)
"""The steps at which its rounds begin."""

_WORDS = (
    "The cycle goes through `shop/orders/reserve.py`: it asks the inventory for a lock while the inventory waits for "
    "the order. I move the lock's interface to `shop/stock` first, so that both sides know only that.",
    "",
    "Two tests are red for the same reason: the fixture builds an inventory of its own.",
    "",
    f"This module says: {HOSTILE}",
)


def plan() -> dict[str, Any]:
    """The plan: one task."""
    task = {"id": TASK, "role": "editor", "goal": GOAL, "paths": ["shop/**", "tests/**"]}
    limits = {"steps": 420, "cost": 30.0, "tokens": 20_000_000, "wall": "6h", "attempts": 1, "rounds": 4}
    return {
        "name": "split-the-monolith",
        "goal": "Two packages that can be deployed apart.",
        "limits": limits,
        "tasks": [task],
    }


def opened() -> Story:
    """The run and its task begin."""
    started = e.RunStarted(
        program="0.1.0",
        plan=plan(),
        plan_source="",
        base_branch="trunk",
        base_commit=BASE,
        policy={"standard": "text"},
        policy_hash=oid("standard") + oid("standard")[:24],
        backend="bubblewrap",
    )
    return [
        (None, started),
        (None, e.PlanMade(tasks=plan()["tasks"])),
        *verified(None, "make test", "812 passed in 71.20s\n", seconds=72.0),
        (None, e.VerifiedBase(commit=BASE, green=True)),
        (TASK, e.TaskStarted(commit=BASE)),
    ]


def one(number: int) -> Story:
    """A step: mostly reading and editing, now and then red tests, a refusal, a flood, a command that hangs."""
    module = f"shop/orders/part_{number % 37:02d}.py"
    says = _WORDS[number % len(_WORDS)]
    prompt, cost = 8_000 + 450 * (number % 120), 0.004 + 0.0002 * (number % 120)

    def told(*calls: telling.Call, saved: tuple[str, ...] = ()) -> Story:
        return step(
            TASK, "editor.1", number, says, *calls, saved=saved, prompt=prompt, cost=cost, seconds=3 + number % 7
        )

    match number % 20:
        case 3:
            return told(denied("git push origin HEAD", "only the orchestrator publishes", line=54))
        case 7:
            why = "it reaches the network"
            return told(denied("pip download lockfile==2.1", why, "work with what the workspace holds", line=36))
        case 5 | 15:
            return told(ran(TESTS, _red(number), exit_code=1, seconds=38.5))
        case 10:
            return told(ran(TESTS, "." * 300 + "\n312 passed in 36.02s\n", seconds=37.0))
        case 12:
            return told(
                ran(f"sed -n 1,200p {module}", _code(160)),
                ran(f"git log --oneline -5 -- {module}", "a1 b\nc2 d\n"),
            )
        case 17 if number % 100 == 57:
            return told(ran("make integration", _code(40), exit_code=0, seconds=600.0, limit="time"))
        case 1 | 9 | 13 | 19:
            return told(edited(module, _code(6), _code(9)), saved=(module,))
        case _:
            return told(ran(f"rg -n 'inventory[.]' {module}", f"{module}:12: from shop import inventory\n"))


def _red(number: int) -> str:
    failures = "".join(
        f"FAILED tests/orders/test_reserve.py::test_lock[{n}] - TimeoutError\n" for n in range(number % 30)
    )
    return f"{'.' * 200}F\n{failures}E   shop.stock.LockHeld: order {number}\n{number % 9 + 1} failed, 303 passed\n"


def _code(lines: int) -> str:
    return "".join(f"    line_{number} = reserve(order, {number})\n" for number in range(lines))


def steps(first: int, last: int) -> Story:
    """Steps `first` to `last`, with what befalls a long run between them."""
    told: Story = []
    for number in range(first, last + 1):
        if number % 120 == 100:
            checkpoint = Message(role="user", content="goal, done, next steps")
            why = "the window was 70 % full"
            told.append((TASK, e.ContextRebuilt(agent="editor.1", step=number, why=why, messages=[checkpoint])))
        asked, *rest = one(number)
        told.append(asked)
        if number % 150 == 90:
            told.append((TASK, e.FaultMet(where=MODEL, why=f"HTTP 529: overloaded {HOSTILE}")))
            told.append((TASK, e.FaultRetried(where=MODEL, attempt=2, wait_seconds=8.0)))
        told += rest
    return told


def claim(round: int, *, changes: str | None) -> Story:
    """The claim at the end of a round, and what the gates say."""
    commit, gone = oid(f"{TASK}.round{round}"), "verify"
    result = {"summary": "No import of shop.inventory is left in shop.orders.", "notes": "The lock is in shop.stock."}
    ended = e.AttemptEnded(agent="editor.1", outcome="finished", result=result, commit=commit)
    comments = [{"file": "shop/stock/lock.py", "line": 31, "text": changes or "This is the right place for it."}]
    review = {"verdict": "changes" if changes else "approve", "comments": comments}
    last: e.Event = (
        e.GateFailed(gate="reviewer", commit=commit, why=f"the reviewer says changes:\n{changes}", evidence=review)
        if changes
        else e.GatePassed(gate="reviewer", commit=commit, evidence=review)
    )
    return [
        (TASK, e.GateStarted(gate="policy", commit=commit)),
        (TASK, e.GatePassed(gate="policy", commit=commit)),
        (TASK, e.GateStarted(gate=gone, commit=commit)),
        *verified(TASK, f"{TESTS} --round {round}", "312 passed in 36.02s\n", seconds=37.0),
        (TASK, e.GatePassed(gate=gone, commit=commit)),
        (TASK, ended),
        (TASK, e.GateStarted(gate="reviewer", commit=commit)),
        *begun(TASK, f"reviewer.{round}", commit),
        *step(TASK, f"reviewer.{round}", 1, "I compare the two sides.", ran("git diff --stat HEAD~1", "37 files\n")),
        *step(TASK, f"reviewer.{round}", 2, "", ran(TESTS, "312 passed\n", seconds=36.0)),
        (TASK, e.AttemptEnded(agent=f"reviewer.{round}", outcome="finished", result=review)),
        (TASK, last),
    ]


def story() -> Story:
    """Every event of the run, to its good end."""
    told = opened()
    bounds = [*ROUNDS, STEPS + 1]
    asks = ("The lock is held while the order is priced.", f"LockHeld is caught and dropped. {HOSTILE}", None)
    for round, changes in enumerate(asks, start=1):
        told += begun(TASK, "editor.1", BASE, round=round)
        told += steps(bounds[round - 1], bounds[round] - 1)
        told += claim(round, changes=changes)
    commit, landed = oid(f"{TASK}.round3"), oid("landed")
    refs = {f"refs/heads/mimo/{RUN}/main": landed, f"refs/heads/mimo/{RUN}/{TASK}": commit}
    return [
        *told,
        (TASK, e.ChangeQueued(commit=commit)),
        *verified(TASK, "make test", "815 passed in 72.00s\n", seconds=73.0),
        (TASK, e.ChangeMerged(commit=commit, onto=BASE, landed=landed, tree=oid("tree"))),
        (None, e.PublishStarted(refs=refs, base_branch="trunk", base_before=BASE, base_after=landed)),
        (None, e.PublishEnded(refs=refs, moved=True)),
        (TASK, e.TaskEnded(state="landed", commit=landed)),
        (None, e.RunEnded(status="done", base_after=landed, moved=True)),
    ]


def recorded() -> list[Recorded]:
    """The run as its journal holds it."""
    return telling.timed(story(), run=RUN, start=START)

"""A run of forty tasks in every state: stopped once by a limit, resumed, and at work; two questions wait."""

from __future__ import annotations

from typing import Any

from agents import events as e
from orchestrator.journal.chain import Recorded
from tests.views import telling
from tests.views.story import HOSTILE
from tests.views.telling import Story, begun, denied, edited, oid, ran, step, together, verified

RUN = "billing-from-requests-to-httpx-20260105-090000-7f3a"
START = 1_767_603_600.0
"""2026-01-05 09:00:00 UTC."""

GOAL = (
    "Move all billing services from requests to httpx, with one transport for timeouts, retries and tracing, "
    "and without changing what their public clients promise."
)
TESTS = "python -m pytest -q"
GREEN = "........................................\n40 passed in 10.92s\n"
BASE = oid("base")

_SURVEYS = {
    "survey": "List every use of requests in src/billing and what each relies on.",
    "survey-callers": "Find who outside of src/billing catches requests' exceptions.",
    "inventory-of-timeouts-and-retry-settings": "List all timeouts and retry settings, with their defaults and places.",
}
_LANDED_BEFORE = {
    "http-transport": ("src/billing/transport.py", "tests/test_transport.py"),
    "errors-as-our-own-exceptions": ("src/billing/errors.py", "src/billing/__init__.py", "tests/test_errors.py"),
    "port-invoices": ("src/billing/invoices.py",),
    "port-ledger": ("src/billing/ledger.py", "src/billing/ledger_export.py"),
    "port-customers": ("src/billing/customers.py",),
    "port-exchange-rates-and-currency-tables": ("src/billing/rates.py", "src/billing/currencies.py"),
    "port-refunds": ("src/billing/refunds.py",),
    "port-tax-tables": ("src/billing/tax.py",),
    "port-statements": ("src/billing/statements.py",),
    "port-dunning": ("src/billing/dunning.py",),
    "port-discounts": ("src/billing/discounts.py", "tests/test_discounts.py"),
}
_MERGED_NOW = {
    "port-subscriptions": ("src/billing/subscriptions.py",),
    "port-usage-metering": ("src/billing/metering.py",),
}
_PENDING = {
    "port-batch-jobs": ["port-webhooks", "port-ledger"],
    "port-admin-commands": ["port-webhooks"],
    "port-reconciliation": ["port-payments"],
    "port-audit-trail": ["port-payments"],
    "fakes-for-the-new-transport-in-all-tests": ["port-payments", "port-settlements"],
    "remove-requests-from-dependencies": ["fakes-for-the-new-transport-in-all-tests"],
    "update-architecture-notes": ["remove-requests-from-dependencies"],
    "whole-suite": ["remove-requests-from-dependencies"],
}
_SKIPPED = {"port-archive-reader": "port-archive", "port-archive-writer": "port-archive"}
_OTHERS = {
    "port-payments": "editor",
    "port-settlements": "editor",
    "port-webhooks": "editor",
    "port-chargebacks": "editor",
    "port-payouts": "editor",
    "port-mandates": "editor",
    "port-archive": "editor",
    "port-legacy-soap-gateway": "editor",
    "port-risk-scores": "editor",
    "type-hints-of-public-clients": "editor",
    "changelog": "editor",
}
PARTS: list[dict[str, Any]] = [
    {"id": "port-payments-read", "role": "editor", "goal": "Port the reading half of payments.", "paths": ["src/**"]},
    {"id": "port-payments-write", "role": "editor", "goal": "Port the writing half of payments."},
    {"id": "port-payments-idempotency-keys-and-retry", "role": "editor", "goal": "Port keys and retries of payments."},
]


CHANGED = {
    **_LANDED_BEFORE,
    **_MERGED_NOW,
    "port-payments-read": ("src/billing/payments.py",),
    "port-chargebacks": ("src/billing/chargebacks.py", "pyproject.toml"),
    "port-payouts": ("src/billing/payouts.py",),
    "port-mandates": ("src/billing/mandates.py",),
    "port-legacy-soap-gateway": ("src/billing/soap.py",),
    "type-hints-of-public-clients": ("src/billing/clients.py",),
}
"""The files of each task that has a change to show."""


def tasks() -> list[dict[str, Any]]:
    """The plan's tasks; the parts of a split come later."""
    made: list[dict[str, Any]] = [{"id": name, "role": "investigator", "goal": goal} for name, goal in _SURVEYS.items()]
    made += [_editor(name, needs=["survey"], paths=paths) for name, paths in (_LANDED_BEFORE | _MERGED_NOW).items()]
    made += [{**_editor(name, needs=["http-transport"]), "role": role} for name, role in _OTHERS.items()]
    made += [_editor(name, needs=[need]) for name, need in _SKIPPED.items()]
    made += [_editor(name, needs=needs) for name, needs in _PENDING.items()]
    made[-1]["role"] = "tester"
    return made


def _editor(name: str, *, needs: list[str], paths: tuple[str, ...] = ()) -> dict[str, Any]:
    goal = f"{name.replace('-', ' ').capitalize()}: no import of requests is left, and timeouts stay what they are."
    return {"id": name, "role": "editor", "goal": goal, "needs": needs, **({"paths": list(paths)} if paths else {})}


def plan() -> dict[str, Any]:
    """The plan, as far as it is written."""
    limits = {"parallel": 6, "steps": 900, "tokens": 20_000_000, "cost": 25.0, "wall": "4h", "attempts": 2, "rounds": 4}
    return {"name": "billing-from-requests-to-httpx", "goal": GOAL, "limits": limits, "tasks": tasks()}


def opened() -> Story:
    """The run begins."""
    return [
        (
            None,
            e.RunStarted(
                program="0.1.0",
                plan=plan(),
                plan_source="",
                base_branch="main",
                base_commit=BASE,
                policy={".mimo/policy.yaml": "text", "standard": "text"},
                policy_hash=oid("policy") + oid("policy")[:24],
                backend="docker",
                image="mimo-orchestrate:base",
            ),
        ),
        (None, e.PlanMade(tasks=tasks())),
        *verified(None, TESTS, GREEN),
        (None, e.VerifiedBase(commit=BASE, green=True)),
    ]


def surveyed(task: str) -> Story:
    """An investigator looks, and hands over what it found."""
    agent = "investigator.1"
    found = {"findings": f"17 uses in 9 files; src/billing/payments.py:88 relies on Session.verify. {HOSTILE}"}
    return [
        (task, e.TaskStarted(commit=BASE)),
        *begun(task, agent, BASE),
        *step(task, agent, 1, "I look for imports first.", ran("rg -n 'import requests' src", "src/a.py:3\n" * 30)),
        *step(task, agent, 2, "Now the callers.", ran("rg -n 'requests[.]' src tests", "src/a.py:9\n" * 60)),
        *step(task, agent, 3, ""),
        (task, e.AttemptEnded(agent=agent, outcome="finished", result=found)),
        (task, e.TaskEnded(state="landed")),
    ]


def worked(task: str, files: tuple[str, ...], *, round: int = 1, attempt: int = 1) -> Story:
    """An editor makes its change, one round of it."""
    agent = f"editor.{attempt}"
    first = files[0]
    found = [ran(f"sed -n 1,120p {first}", "import requests\n" * 40), ran(f"rg -n requests {first}", f"{first}:3\n")]
    red = ran(f"{TESTS} tests", "E   AssertionError: timeout\n1 failed, 39 passed in 8.1s\n", exit_code=1, seconds=8.4)
    at = (round - 1) * 5
    return [
        *begun(task, agent, BASE, attempt=attempt, round=round),
        *step(task, agent, at + 1, "I read the module first.", *found),
        *step(task, agent, at + 2, "", edited(first, "import requests", "import httpx"), saved=[first]),
        *step(task, agent, at + 3, "The tests should tell.", red),
        *step(task, agent, at + 4, "A timeout is None now.", *(edited(f, "a", "b") for f in files), saved=files),
        *step(task, agent, at + 5, "", ran(f"{TESTS} tests", GREEN, seconds=9.1)),
    ]


def claimed(task: str, files: tuple[str, ...], *, attempt: int = 1, changes: str | None = None) -> Story:
    """The editor's claim at its gates: it passes, or the reviewer asks for changes."""
    agent, commit = f"editor.{attempt}", oid(task)
    done = {"summary": f"Ported {files[0]} to httpx; timeouts are explicit now.", "notes": "verify= is gone."}
    tested = {"verdict": "pass", "evidence": [{"command": f"{TESTS} tests", "what_happened": "40 passed"}]}
    comments = [{"file": files[0], "line": 12, "text": changes or "fine"}]
    review = {"verdict": "changes" if changes else "approve", "comments": comments}
    reviewed: e.Event = (
        e.GateFailed(gate="reviewer", commit=commit, why=f"the reviewer says changes:\n{changes}", evidence=review)
        if changes
        else e.GatePassed(gate="reviewer", commit=commit, evidence=review)
    )
    return [
        (task, e.GateStarted(gate="policy", commit=commit)),
        (task, e.GatePassed(gate="policy", commit=commit, evidence={"files": list(files)})),
        (task, e.GateStarted(gate="verify", commit=commit)),
        *verified(task, f"{TESTS} tests", GREEN),
        (task, e.GatePassed(gate="verify", commit=commit)),
        (task, e.AttemptEnded(agent=agent, outcome="finished", result=done, commit=commit)),
        (task, e.GateStarted(gate="tester", commit=commit)),
        *begun(task, "tester.1", commit),
        *step(task, "tester.1", 1, "", ran(f"{TESTS} tests", GREEN, seconds=9.0)),
        (task, e.AttemptEnded(agent="tester.1", outcome="finished", result=tested)),
        (task, e.GatePassed(gate="tester", commit=commit, evidence=tested)),
        (task, e.GateStarted(gate="reviewer", commit=commit)),
        *begun(task, "reviewer.1", commit, told=[e.Told(source=task, kind="change", text=done["summary"], chars=900)]),
        *step(task, "reviewer.1", 1, "", ran("git show --stat HEAD", " 2 files changed\n")),
        (task, e.AttemptEnded(agent="reviewer.1", outcome="finished", result=review)),
        (task, reviewed),
    ]


def merged(task: str, *, lost: tuple[str, ...] = ()) -> Story:
    """The change is tested as merged and lands on the run's main branch."""
    commit, landed = oid(task), oid(f"{task} landed")
    done = e.ChangeMerged(commit=commit, onto=BASE, landed=landed, tree=oid("tree"), lost_lines=list(lost))
    return [(task, e.ChangeQueued(commit=commit)), *verified(task, TESTS, GREEN, seconds=21.0), (task, done)]


def whole(task: str, files: tuple[str, ...]) -> Story:
    """A task from its start to its landing, at the first try."""
    return [(task, e.TaskStarted(commit=BASE)), *worked(task, files), *claimed(task, files), *merged(task)]


def with_a_conflict(task: str, files: tuple[str, ...]) -> Story:
    """Sent back by the reviewer, then by the merge; the resolution lacks two lines of the other side."""
    lost = (f"{files[0]}: landed:     timeout = DEFAULT_TIMEOUT", f"{files[0]}: this task:     session.verify = bundle")
    why = f"your change and what landed before it conflict: {files[0]}: content"
    refused = e.ChangeRefused(commit=oid(task), onto=BASE, why=why, conflicts=[f"{files[0]}: content"])
    return [
        (task, e.TaskStarted(commit=BASE)),
        *worked(task, files),
        *claimed(task, files, changes=f"The timeout of downloads was 30 s and is 5 s now. {HOSTILE}"),
        *worked(task, files, round=2),
        *claimed(task, files),
        (task, e.ChangeQueued(commit=oid(task))),
        (task, refused),
        *worked(task, files, round=3),
        *claimed(task, files),
        *merged(task, lost=lost),
    ]


def first_session() -> Story:
    """Until the cost limit: fourteen tasks land, one of them is taken back afterwards."""
    landed = [
        with_a_conflict(task, files) if task == "port-ledger" else whole(task, files)
        for task, files in _LANDED_BEFORE.items()
    ]
    told = [*together(*(surveyed(task) for task in _SURVEYS)), *together(*landed[:6]), *together(*landed[6:])]
    told += [(None, e.LimitReached(limit="cost", value=5.0, used=5.02))]
    refs = {f"refs/heads/mimo/{RUN}/main": oid("tip")}
    told += [(None, e.PublishStarted(refs=refs)), (None, e.PublishEnded(refs=refs, moved=True))]
    told += [(task, e.TaskEnded(state="landed", commit=oid(f"{task} landed"))) for task in _LANDED_BEFORE]
    ended = e.RunEnded(status="stopped", why="cost: 5.02 of 5", base_after=oid("tip"), moved=True)
    reverted = e.ChangeReverted(landed=oid("port-discounts landed"), commit=oid("port-discounts reverted"))
    return [*told, (None, ended), ("port-discounts", reverted)]


def lost_tasks() -> Story:
    """What failed, was refused, skipped, or stopped by a limit of its own."""
    archive = ("src/billing/archive.py",)
    round_four = "sent back 4 times, the last time because the reviewer says changes:"
    why = f"{round_four}\nsrc/billing/soap.py:40: The WSDL is fetched on import. {HOSTILE}"
    gave_up = e.DecisionMade(
        agent="coordinator.1",
        attempt=2,
        choice="give up",
        why="The archive's server speaks HTTP/1.0 only; no approach within src/billing changes that.",
    )
    anew = e.DecisionMade(
        agent="coordinator.1", attempt=1, choice="another approach", why="The pool was shared.", advice="Use one each."
    )
    end = e.AttemptEnded(agent="editor.1", outcome="failed", why="the same call of 'shell', 6 times in a row")
    return [
        ("port-archive", e.TaskStarted(commit=BASE)),
        *worked("port-archive", archive),
        ("port-archive", end),
        ("port-archive", anew),
        *worked("port-archive", archive, attempt=2),
        ("port-archive", gave_up),
        ("port-archive", e.TaskEnded(state="failed", why="the same call of 'shell', 6 times in a row", commit=BASE)),
        *(
            (task, e.TaskEnded(state="skipped", why=f"it needs {need}, which is failed"))
            for task, need in _SKIPPED.items()
        ),
        ("port-legacy-soap-gateway", e.TaskStarted(commit=BASE)),
        *worked("port-legacy-soap-gateway", ("src/billing/soap.py",)),
        *step(
            "port-legacy-soap-gateway",
            "editor.1",
            6,
            "",
            denied("curl -s http://127.0.0.1:8088/?wsdl", "it reaches the network"),
        ),
        ("port-legacy-soap-gateway", e.TaskEnded(state="refused", why=why, commit=oid("soap"))),
        ("port-risk-scores", e.TaskStarted(commit=BASE)),
        *worked("port-risk-scores", ("src/billing/risk.py",)),
        ("port-risk-scores", e.LimitReached(limit="port-risk-scores.steps", value=5, used=5)),
        ("port-risk-scores", e.TaskEnded(state="waiting", why="limit port-risk-scores.steps reached: 5 of 5")),
        ("changelog", e.TaskStarted(commit=BASE)),
        *begun("changelog", "editor.1", BASE),
        *step("changelog", "editor.1", 1, "There is nothing to say yet.", ran("git log --oneline -3", "a\nb\nc\n")),
        ("changelog", e.TaskEnded(state="landed", why="it found nothing to change")),
        ("type-hints-of-public-clients", e.TaskStarted(commit=BASE)),
        *worked("type-hints-of-public-clients", ("src/billing/clients.py",)),
        ("type-hints-of-public-clients", e.TaskEnded(state="ready", commit=oid("hints"))),
    ]


def split() -> Story:
    """A task that was too much at once: the coordinator splits it, and its parts are under way."""
    task, files = "port-payments", ("src/billing/payments.py",)
    why = (
        "Reading and writing fail for different reasons: the sandbox has no clock for keys, and reads need no session."
    )
    split_up = e.DecisionMade(agent="coordinator.1", attempt=1, choice="split", why=why, parts=PARTS)
    return [
        (task, e.TaskStarted(commit=BASE)),
        *worked(task, files),
        (task, e.AttemptEnded(agent="editor.1", outcome="failed", why="sent back 4 times", commit=BASE)),
        (task, split_up),
        *whole(PARTS[0]["id"], files),
        (PARTS[1]["id"], e.TaskStarted(commit=BASE)),
        *worked(PARTS[1]["id"], files)[:-3],
    ]


def at_work() -> Story:
    """What goes on at this moment: an edit, a gate, a place in the queue, and two questions to the user."""
    install = denied(
        "python -m pip install 'httpx[http2]'", "it installs what the plan does not name", verdict="ask", line=120
    )
    asked = step("port-webhooks", "editor.1", 6, "http2 is an extra.", install)[:-1]
    changed = telling.rule(
        "ask", "changes pyproject.toml", "changes ask: pyproject.toml", 110, "dependencies are yours"
    )
    return [
        ("port-webhooks", e.TaskStarted(commit=BASE)),
        *worked("port-webhooks", ("src/billing/webhooks.py",)),
        *asked,
        ("port-webhooks", e.QuestionAsked(
            id=f"port-webhooks.editor.1.6.1.{oid('install')[:20]}",
            about="command", subject=str(install.arguments["command"]), parts=[install.part],
        )),
        ("port-chargebacks", e.TaskStarted(commit=BASE)),
        *worked("port-chargebacks", ("src/billing/chargebacks.py",)),
        ("port-chargebacks", e.GateStarted(gate="policy", commit=oid("chargebacks"))),
        ("port-chargebacks", e.QuestionAsked(
            id=f"port-chargebacks.changes.{oid('change')[:20]}",
            about="change", subject=f"tree {oid('tree')}: changes pyproject.toml {HOSTILE}", parts=[changed],
        )),
        ("port-payouts", e.TaskStarted(commit=BASE)),
        *worked("port-payouts", ("src/billing/payouts.py",)),
        *claimed("port-payouts", ("src/billing/payouts.py",))[:-3],
        ("port-mandates", e.TaskStarted(commit=BASE)),
        *worked("port-mandates", ("src/billing/mandates.py",)),
        *claimed("port-mandates", ("src/billing/mandates.py",)),
        ("port-mandates", e.ChangeQueued(commit=oid("port-mandates"))),
        ("port-settlements", e.TaskStarted(commit=BASE)),
        (None, e.FaultMet(where="openai/gpt-5.2", why=f"HTTP 529: overloaded {HOSTILE}")),
        (None, e.FaultRetried(where="openai/gpt-5.2", attempt=2, wait_seconds=4.0)),
        *worked("port-settlements", ("src/billing/settlements.py",))[:-2],
    ]  # fmt: skip


def story() -> Story:
    """Every event of the run so far."""
    resumed: Story = [(None, e.RunResumed(program="0.1.0", options={"limits": ["cost=25"]}))]
    now = together(*(whole(task, files) for task, files in _MERGED_NOW.items()))
    return [*opened(), *first_session(), *resumed, *lost_tasks(), *now, *split(), *at_work()]


def recorded() -> list[Recorded]:
    """The run as its journal holds it."""
    return telling.timed(story(), run=RUN, start=START)

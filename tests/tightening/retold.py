"""Two runs with all that another policy may change, for the pages that show it."""

from __future__ import annotations

from functools import cache

from agents import events as e
from orchestrator.tightening.judged import JudgedRun
from policies.verdict import Verdict
from tests.tightening.past import RUN, START, YES, began, did, diff_of, ended, merged, past, policy, started
from tests.views.story import HOSTILE, Story

OTHER = "docs-20260302-090000-cd34"
NOW = START + 3 * 86400

TIGHT = policy(
    """\
extends: standard
default: deny
commands:
  - deny: python|python3 -m pytest
    why: tests run elsewhere
    instead: say that they should be run
  - ask: sed|awk
  - allow: [make, cargo build]
  - allow: git tag
    roles: [editor]
    unless: [-d, --delete]
paths:
  write: {deny: ["**/migrations/**"]}
env: {deny: [RUSTC_*]}
changes:
  - deny: ["**/*.lock"]
    why: locks are made by the release
  - max: {files: 40}
""",
    name=".mimo/policy.yaml",
)


def ported() -> Story:
    """A task lands at its second attempt, another one not; a human was there to ask."""
    return [
        *started("port-client", "port-store", ask="prompt"),
        *did(None, "ls -R src", agent="coordinator.1"),
        *began("port-client"),
        *did("port-client", "python -m pytest -q tests/old"),
        *began("port-client", 2),
        *did("port-client", "TOKEN=s3cret-value python -m pytest -q", agent="editor.2", secret="s3cret-value"),
        *did("port-client", "sed -i s/requests/httpx/ src/client.py", agent="editor.2", step=2),
        *did("port-client", "make", agent="editor.2", step=3, answer=YES),
        *did("port-client", "TOKEN=s3cret-value python -m pytest -q", agent="editor.2", step=4, secret="s3cret-value"),
        *did("port-client", "/workspace/src/migrations/0001.py", agent="editor.2", step=5, edit=True),
        *did("port-client", "python -m pytest -q", agent=None),
        *did("port-client", "git tag v2 && git status", agent="reviewer.1"),
        *merged("port-client"),
        *began("port-store"),
        *did("port-store", f"make; echo '{HOSTILE}'", step=1, then=Verdict.ALLOW),
        *did("port-store", f"cat a | frobnicate --all {'--with-a-long-option ' * 6}", step=2, answer=YES),
        *ended("port-store", "failed"),
    ]


def documented() -> Story:
    """A run without anybody to ask, whose commits are gone by now."""
    return [
        *started("docs"),
        *began("docs"),
        *did("docs", "awk '{print $1}' README.md"),
        *did("docs", "cargo build", step=2),
        *did("docs", "curl https://example.com", step=3),
        *merged("docs"),
    ]


@cache
def runs() -> tuple[JudgedRun, JudgedRun]:
    """Both, the newer one first."""
    return (
        past(documented(), run=OTHER, start=START + 86400, read=lambda *_: None),
        past(ported(), run=RUN, read=lambda *_: diff_of("uv.lock", "src/client.py")),
    )


def older() -> JudgedRun:
    """A run that an older program judged, under a policy that reads no more."""
    story = [
        (task, event.model_copy(update={"policy": {"old": "rules: []"}}) if isinstance(event, e.RunStarted) else event)
        for task, event in documented()
    ]
    return past(story, run=OTHER)

"""Conversations for the scripted model, in the fewest words."""

from __future__ import annotations

from typing import Any

Turn = dict[str, Any]


def shell(command: str, **more: Any) -> Turn:
    """A turn that runs a command."""
    return {"shell": command, **more}


def edit(path: str, old: str, new: str) -> Turn:
    """A turn that edits a file."""
    return {"edit": [path, old, new]}


def done(summary: str = "done") -> Turn:
    """An editor's claim."""
    return {"finish": {"summary": summary}}


def found(findings: str) -> Turn:
    """An investigator's findings."""
    return {"finish": {"findings": findings}}


APPROVE: Turn = {"finish": {"verdict": "approve"}}
PASS: Turn = {"finish": {"verdict": "pass", "evidence": [{"command": "true", "what_happened": "it works"}]}}


def changes(text: str, file: str = "file.txt") -> Turn:
    """A reviewer's demand."""
    return {"finish": {"verdict": "changes", "comments": [{"file": file, "line": 1, "text": text}]}}


def talk(role: str, goal: str, *turns: Turn, lacks: tuple[str, ...] = (), contains: tuple[str, ...] = ()) -> Turn:
    """The conversation of a role about the task with this goal."""
    return {"role": role, "contains": [goal, *contains], "lacks": list(lacks), "turns": list(turns)}


def plan(*tasks: Turn, **more: Any) -> str:
    """A plan file with these tasks; JSON is YAML."""
    import json

    base = {"version": 1, "name": "test", "goal": "Make it better.", "model": "openai/scripted"}
    prices = {"openai/scripted": {"input": 1.0, "output": 2.0}}
    return json.dumps({**base, "prices": prices, "tasks": list(tasks), **more})


def editor(id: str, goal: str, **more: Any) -> Turn:
    """An editor's task without gates, unless `more` says otherwise."""
    return {"id": id, "role": "editor", "goal": goal, "gates": [], **more}

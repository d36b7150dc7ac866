"""A suggested policy: as JSON, and as a diff against what it is to take the place of."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from orchestrator.tightening.evidence import Use, by_task
from orchestrator.tightening.suggest import Suggestion
from orchestrator.views.diff import Diff
from policies.printable import printable

SUGGESTED = "suggested"


def suggestion_json(suggested: Suggestion) -> dict[str, Any]:
    """The policy's text, each rule with its evidence, and what it does not hold."""
    return {
        "policy": suggested.text,
        "instead_of": printable(suggested.instead_of),
        "runs": suggested.runs,
        "tasks": suggested.tasks,
        "commands": suggested.commands,
        "rules": [
            {
                "verdict": rule.verdict.value,
                "patterns": [{"pattern": shape.text, **_evidence(uses)} for shape, uses in rule.uses.items()],
                "unless": list(text.unless),
                "roles": list(text.roles),
                "why": printable(text.why),
                "accepts": list(text.accepts),
                "rejects": list(text.rejects),
            }
            for rule, text in suggested.rules
        ],
        "left": [
            {
                "run": left.act.run,
                "task": left.act.task,
                "step": left.act.step,
                "command": printable(left.act.subject),
                "why": printable(left.why),
            }
            for left in suggested.left
        ],
    }


def suggestion_diff(suggested: Suggestion, *, directory: Path) -> Diff:
    """What would change in a file, named as from a directory; of a preset, in what it allows."""
    path = Path(suggested.instead_of)
    name = str(path.relative_to(directory)) if path.is_relative_to(directory) else str(path)
    lines = difflib.unified_diff(
        suggested.before.splitlines(), suggested.text.splitlines(), name, SUGGESTED, lineterm=""
    )
    return Diff("\n".join(lines).encode(errors="replace"))


def _evidence(uses: list[Use]) -> dict[str, Any]:
    return {"uses": len(uses), "tasks": by_task(uses)}

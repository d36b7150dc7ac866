"""Cases that a policy is held to: a command and the verdict that is expected, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from policies.document import DocumentError, Problem
from policies.policy import Policy
from policies.printable import printable


class Case(BaseModel):
    """One case; further fields of its line are for whoever keeps the file."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    command: str
    expect: Literal["allow", "ask", "deny"]


def read_cases(path: Path) -> tuple[Case, ...]:
    """The cases of a file.

    Raises:
        DocumentError: the file can't be read, or lines of it are no cases; all of them are named.

    """
    try:
        # Only a newline ends a line here: JSON strings may hold the other separators of Unicode.
        lines = path.read_bytes().decode().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(file=str(path), line=1, col=1, message=f"the cases can't be read: {error}")
        raise DocumentError([problem], "") from None
    cases: list[Case] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            cases.append(Case.model_validate_json(line))
        except ValidationError as error:
            message = f"not a case: {error.errors()[0]['msg']}"
            problems.append(Problem(file=str(path), line=number, col=1, message=message))
    if problems:
        raise DocumentError(problems, "\n".join(lines))
    return tuple(cases)


def run_cases(policy: Policy, cases: Iterable[Case], *, role: str) -> dict[str, Any]:
    """Judge all cases: `{"passed": N, "failed": [{"id", "command", "expect", "got", "rule"}]}`.

    The examples of the policy's own rules count as passed: a policy that fails one does not load.
    """
    passed = sum(len(rule.accepts) + len(rule.rejects) for layer in policy.compiled for rule in layer.file.commands)
    failed: list[dict[str, Any]] = []
    for case in cases:
        decision = policy.judge_command(case.command, role=role)
        if decision.verdict.value == case.expect:
            passed += 1
            continue
        failed.append(
            {
                "id": printable(case.id),
                "command": printable(case.command),
                "expect": case.expect,
                "got": decision.verdict.value,
                "rule": printable(decision.deciding.rule),
            }
        )
    return {"passed": passed, "failed": failed}

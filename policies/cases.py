"""Cases that a policy is held to: a command and the verdict that is expected, in JSON Lines or YAML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from policies.document import Document, DocumentError, Problem, read_document
from policies.fields import Words
from policies.file import Role
from policies.policy import Policy
from policies.printable import printable
from policies.validation import validation_problems
from policies.verdict import Verdict

YAML = frozenset({".yaml", ".yml"})

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case, and where it stands; `role` is whom it is judged as, where it says so itself."""

    command: str
    expect: str
    id: str = ""
    role: str | None = None
    file: str = ""
    line: int = 0


class _Line(BaseModel):
    """A case in a line of JSON; further fields are for whoever keeps the file."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str | None = None
    command: str
    expect: Verdict
    role: Role | None = None


class _Item(_Line):
    """A case in a list of YAML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    why: str | None = None


class _Items(RootModel[list[_Item]]):
    pass


class _ByVerdict(BaseModel):
    """Commands under the verdict that they must get."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow: Words = []
    ask: Words = []
    deny: Words = []


def read_cases(path: Path) -> tuple[Case, ...]:
    """The cases of a file.

    Raises:
        DocumentError: the file can't be read, or what stands in it are no cases; all mistakes are named.

    """
    try:
        raw = path.read_bytes()
        text = raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        problem = Problem(file=str(path), line=1, col=1, message=f"the cases can't be read: {why}")
        raise DocumentError([problem], "") from None
    return tuple(_in_yaml(raw, str(path)) if path.suffix in YAML else _in_lines(text, str(path)))


def _in_yaml(raw: bytes, file: str) -> Iterator[Case]:
    document = read_document(raw, file=file)
    if isinstance(document.data, list):
        for at, item in enumerate(_fitting(document, _Items).root):
            yield _case(item, file, document.value_place((at,)).line)
        return
    if not isinstance(document.data, dict):
        message = "cases are a list, or a mapping from allow, ask and deny to commands"
        raise DocumentError([document.problem((), message)], document.text)
    grouped = _fitting(document, _ByVerdict)
    for verdict in Verdict:
        for at, command in enumerate(getattr(grouped, verdict)):
            line = document.value_place((verdict.value, at)).line
            yield Case(command=command, expect=verdict.value, file=file, line=line)


def _fitting(document: Document, model: type[Model]) -> Model:
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise DocumentError(validation_problems(error, document, model), document.text) from None


def _in_lines(text: str, file: str) -> list[Case]:
    cases: list[Case] = []
    problems: list[Problem] = []
    # Only a newline ends a line here: JSON strings may hold the other separators of Unicode.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            cases.append(_case(_Line.model_validate(json.loads(line)), file, number))
        except json.JSONDecodeError as error:
            problems.append(Problem(file=file, line=number, col=error.colno, message=f"not JSON: {error.msg}"))
        except ValidationError as error:
            problems += [replace(problem, line=number) for problem in _misfits(error, line, file)]
    if problems:
        raise DocumentError(problems, text)
    return cases


def _misfits(error: ValidationError, line: str, file: str) -> list[Problem]:
    """What is wrong with a line, each at its place, which YAML can tell since JSON is a part of it."""
    try:
        return validation_problems(error, read_document(line, file=file), _Line)
    except DocumentError:
        return [Problem(file=file, line=1, col=1, message=f"not a case: {error.errors()[0]['msg']}")]


def _case(written: _Line, file: str, line: int) -> Case:
    return Case(
        id=written.id or "",
        command=written.command,
        expect=written.expect.value,
        role=written.role,
        file=file,
        line=line,
    )


def run_cases(policy: Policy, cases: Iterable[Case], *, role: str) -> dict[str, Any]:
    """Judge all cases: `{"passed": N, "failed": [{"id", "command", "expect", "got", "rule", ...}]}`.

    The examples of the policy's own rules count as passed: a policy that fails one does not load.
    """
    passed = sum(len(rule.accepts) + len(rule.rejects) for layer in policy.compiled for rule in layer.file.commands)
    failed: list[dict[str, Any]] = []
    for case in cases:
        as_role = case.role or role
        decision = policy.judge_command(case.command, role=as_role)
        if decision.verdict.value == case.expect:
            passed += 1
            continue
        by = decision.deciding
        failed.append(
            {
                "id": printable(case.id),
                "command": printable(case.command),
                "expect": case.expect,
                "got": decision.verdict.value,
                "role": as_role,
                "part": printable(by.text),
                "rule": printable(by.rule),
                "file": printable(by.file),
                "line": by.line,
                "why": printable(by.why),
                "case_file": printable(case.file),
                "case_line": case.line,
            }
        )
    return {"passed": passed, "failed": failed}

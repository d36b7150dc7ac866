"""Read a plan file; everything that is wrong with it is said in one go, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from orchestrator.errors import UsageProblem
from orchestrator.plan.models import Plan
from orchestrator.plan.references import reference_problems
from orchestrator.telling.known import KNOWN
from policies.document import MAX_BYTES, Document, read_document
from policies.problems import DocumentError, Problem, did_you_mean
from policies.validation import validate


def load_plan(path: Path) -> Plan:
    """The plan in a file.

    Raises:
        UsageProblem: there is no such file, or it can't be read.
        DocumentError: it is not a valid plan.

    """
    try:
        with path.open("rb") as file:
            source = file.read(MAX_BYTES + 1)
    except OSError as error:
        beside = path.parent.glob("*.y*ml") if isinstance(error, FileNotFoundError) else ()
        hint = did_you_mean(path.name, [file.name for file in beside]) or "name the plan file to run"
        raise UsageProblem(f"{path}: {error.strerror}", hint=hint) from None
    plan = read_plan(source, file=str(path))
    KNOWN.also(plan.sandbox.secrets)
    return plan


def read_plan(source: bytes | str, *, file: str) -> Plan:
    """The plan in a text; `file` is the name that problems carry; raises DocumentError."""
    document = read_document(source, file=file)
    try:
        plan = validate(document, Plan)
    except DocumentError as error:
        if not isinstance(document.data, dict):
            raise
        raise DocumentError([*error.problems, *_more_problems(document, error.problems)], document.text) from None
    problems = list(_more_problems(document, ()))
    if problems:
        raise DocumentError(problems, document.text)
    return plan


def _more_problems(document: Document, known: tuple[Problem, ...]) -> Iterator[Problem]:
    yield from reference_problems(document)
    places = {(problem.line, problem.col) for problem in known}
    yield from (problem for problem in _empty_values(document) if (problem.line, problem.col) not in places)


def _empty_values(document: Document) -> Iterator[Problem]:
    """`paths:` with nothing behind it is a slip of the pen; it must not mean "no restriction"."""
    for path in document.values:
        data = document.data
        for step in path:
            data = data[step]
        if data is None:
            yield document.problem(path, f"{path[-1]!r} has no value: fill it in, or leave it out", at_key=True)

"""What a model is shown of what happened: our words first, then the data, cut to a budget."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from agents.ending import ending
from agents.execution import Edited, NotStarted, Refused
from agents.fence import cut, digest, one_line
from agents.tool import Outcome
from policies.verdict import Part, Verdict

STDOUT_CHARS = 8000
STDERR_CHARS = 4000
NOTE_CHARS = 2000
MOST_PARTS = 3


def shown(outcome: Outcome, *, step: int, notes: Iterable[str] = ()) -> str:
    """The tool's answer. Data comes last and to the very end, so that it can't pass for a word of ours."""
    if isinstance(outcome, str):
        return "\n".join([*notes, outcome])
    if isinstance(outcome, Refused):
        return "\n".join([_refused(outcome), *notes])
    if isinstance(outcome, NotStarted):
        return "\n".join([*notes, f"not started: {outcome.why}"])
    if isinstance(outcome, Edited):
        said = f"edited {outcome.path}" if outcome.why is None else f"not edited: {outcome.why}"
        return "\n".join([*notes, said])
    result = outcome.result
    hint = f"; recall `step {step}` shows more"
    stdout = cut(result.stdout.text().rstrip(), STDOUT_CHARS, hint=hint)
    stderr = cut(result.stderr.text().rstrip(), STDERR_CHARS, hint=hint)
    lines = [ending(result), *notes]
    if stdout:
        lines.append(stdout)
    if stderr:
        # The mark belongs to this text: what stdout prints can't begin a false stderr that holds.
        lines.append(f"[stderr {digest(stderr)}]\n{stderr}")
    if not stdout and not stderr:
        lines[0] += ", no output"
    return "\n".join(lines)


def told_of_files(left_out: Iterable[str]) -> list[str]:
    """Notes on what of the files was not saved; a line break in the name of one must not begin a line of ours."""
    return [f"note: {one_line(each, NOTE_CHARS)}" for each in left_out]


def _refused(refused: Refused) -> str:
    parts = [part for part in refused.decision.parts if part.verdict is not Verdict.ALLOW]
    lines = ["refused, nothing was run"]
    for part in parts[:MOST_PARTS]:
        lines.extend(_part(part))
    if refused.answer is not None:
        lines.append(
            f"a human had to be asked, and the answer was no: {one_line(refused.answer.why or 'no reason given')}"
        )
    return "\n".join(lines)


def _part(part: Part) -> list[str]:
    # The file's name alone: where it lies on the host is no business of the model.
    place = f"{PurePath(part.file).name}:{part.line}"
    lines = [f"{one_line(part.text)}: rule {one_line(part.rule)} ({place}): {one_line(part.why, 400)}"]
    if part.instead:
        lines.append(f"instead: {one_line(part.instead, 400)}")
    return lines

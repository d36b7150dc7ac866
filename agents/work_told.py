"""What was done, in words: a line for each step, what was changed, how tests ended; never more than there is room."""

from __future__ import annotations

from collections.abc import Iterator

from agents.fence import one_line
from agents.work_done import Step, WorkDone


def lines(work: WorkDone, *, budget_chars: int, after: int = 0) -> str:
    """A line for each step, the newest whole; those before, and all up to `after`, are told together in one."""
    own = [step for number, step in sorted(work.steps.items()) if number > after]
    left, shown = budget_chars, list[str]()
    while own and left - len(own[-1].line()) - 1 >= 0:
        line = own.pop().line()
        left -= len(line) + 1
        shown.append(line)
    first = own[-1].number if own else after
    earlier = [step for number, step in sorted(work.steps.items()) if number <= first]
    return "\n".join([*_together(earlier), *reversed(shown)])


def facts(work: WorkDone, *, budget_chars: int) -> str:
    """Which files were changed, and how each test ended the last time: the newest, as far as there is room."""
    tests = [f"{'pass' if run.passed else 'FAIL'}, {_when(run.step)}: {run.command}" for run in work.tests()]
    files = [f"{path} (step {step})" for path, step in sorted(work.files.items(), key=lambda item: item[1])]
    told = []
    for title, entries in (("Files changed", files), ("Tests as last seen", tests)):
        shown = _newest([one_line(entry) for entry in entries], budget_chars // 2)
        more = f" (and {len(entries) - len(shown)} more)" if len(shown) < len(entries) else ""
        told += [f"{title}{more}:", *shown] if entries else []
    return "\n".join([*told, "Steps:", ""])


def _newest(entries: list[str], budget_chars: int) -> list[str]:
    kept, left = 0, budget_chars
    while kept < len(entries) and (left := left - len(entries[-kept - 1]) - 1) >= 0:
        kept += 1
    return entries[len(entries) - kept :]


def _when(step: int | None) -> str:
    return "by the plan's own check" if step is None else f"step {step}"


def _together(steps: list[Step]) -> Iterator[str]:
    if steps:
        calls, failed = sum(len(step.calls) for step in steps), sum(step.failed for step in steps)
        well = f"{failed} not all well" if failed else "all well"
        first, last = steps[0].number, steps[-1].number
        yield (f"{first}-{last}: {len(steps)} done, with {calls} calls, {well}; recall `step {first}` shows one")

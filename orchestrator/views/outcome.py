"""How a command ended, what the policy said of it, and what is tried again, in a few words."""

from __future__ import annotations

from rich.text import Text

from agents import events as e
from orchestrator.views.styles import BAD, GOOD
from orchestrator.views.words import duration, one_line


def ran_well(run: e.CommandRun) -> bool:
    """Whether a command ended by itself with exit code 0 (output that was cut is no failure)."""
    return run.exit_code == 0 and run.limit in {None, "output"} and not run.cancelled


def ended(run: e.CommandRun | None) -> Text:
    """How a command ended; None is one that has not, or of whose end nothing is known."""
    if run is None:
        return Text("no outcome", style=BAD)
    if run.cancelled:
        return Text("cancelled", style=BAD)
    if run.limit and run.limit != "output":
        return Text(f"stopped by its {run.limit} limit", style=BAD)
    if run.signal is not None:
        return Text(f"ended by signal {run.signal}", style=BAD)
    return Text(f"exit {run.exit_code}", style=GOOD if run.exit_code == 0 else BAD)


def deciding_part(judged: e.CommandJudged | None) -> e.JudgedPart | None:
    """The part that decided a verdict; None where nothing was judged."""
    parts = judged.parts if judged else []
    return next((part for part in parts if judged and part.verdict == judged.verdict), parts[0] if parts else None)


def ruled(part: e.JudgedPart) -> Text:
    """Which rule decided, where it stands, and why."""
    return one_line(f"{part.rule} ({part.file}:{part.line}): {part.why}")


def retried(event: e.FaultRetried) -> str:
    """What is tried once more, and after which wait, if any."""
    wait = f" after {duration(event.wait_seconds)}" if event.wait_seconds else ""
    return f"trying again: {event.where}, try {event.attempt}{wait}"


def command_line(tool: str, text: str, *, limit: int) -> Text:
    """What was to be done, as a line: `$` is a shell's prompt, any other tool has its name."""
    return one_line(f"{'$' if tool == 'shell' else tool} {text}", limit=limit)

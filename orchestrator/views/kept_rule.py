"""A rule that is offered for an answer: its text, and what else it would have let run; or why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from orchestrator.tightening.always import NoRule, Offer, Permitted
from orchestrator.tightening.policy_file import FILE
from orchestrator.views.indent import Indented
from orchestrator.views.question import marked
from orchestrator.views.styles import FAINT, HEADING, style_of
from orchestrator.views.words import one_line, plural
from policies.verdict import Verdict

MOST = 5
"""Past commands that are shown; of the others there is the number."""

KEPT = f"kept in {FILE}: it holds in runs from the commit that has it"
"""What is said once a rule was written."""

_THEN = {Verdict.ASK: "asked about", Verdict.DENY: "refused"}
_ALONE = "nothing else that was asked about or refused in past runs would have run by it"
_MORE = "of what was asked about or refused in past runs it would also have let run:"
_LONGEST = 400


def offer_view(offer: Offer, permitted: Sequence[Permitted], *, width: int) -> Iterator[RenderableType]:
    """The rule as it would be written, and what it would have let run besides; every line of it is marked."""
    yield Text.assemble("  a rule for ", (FILE, HEADING), ":" if offer.before is not None else ", which is new:")
    yield from _all_marked(offer.lines, "allow", width=width)
    for script in offer.scripts:
        yield Indented(one_line(f"it runs whatever {script} holds then, an agent's changes as well", FAINT))
    yield Indented(Text(_MORE if permitted else _ALONE, "" if permitted else FAINT))
    for past in permitted[:MOST]:
        yield from _all_marked([one_line(past.subject, limit=_LONGEST).plain], "ask", width=width)
        yield Indented(one_line(f"{_THEN[past.verdict]} in {past.task or 'planning'} of {past.run}", FAINT), 4)
    if len(permitted) > MOST:
        yield Indented(Text(f"and {plural(len(permitted) - MOST, 'more command')}", FAINT))


def no_rule_view(none: NoRule) -> Iterator[RenderableType]:
    """Why what is asked can't be allowed for good."""
    yield Indented(one_line(f"no rule can always allow it: {none.why}", FAINT, limit=_LONGEST))


def _all_marked(lines: Sequence[str], style: str, *, width: int) -> Iterator[RenderableType]:
    for line in lines:
        for mark, row in marked(line, width=width):
            yield Text.assemble((mark, style_of(style)), row)

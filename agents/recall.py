"""Looking back: a whole step, a text by its name, or where the words of a query stand; all of it as data."""

from __future__ import annotations

import re

from agents.fence import cut, fence, one_line
from agents.past import Deed, Found, Past
from agents.ranking import Ranking

SEARCH_CHARS = 8000
WHOLE_CHARS = 12_000
MOST_WORDS = 20

NOTHING = "nothing found; try fewer or other words"

_STEP = re.compile(r"(?:(?P<agent>[\w.-]{1,80})\s+)?step\s+(?P<number>\d{1,9})(?:\s+(?P<words>.*))?", re.I | re.S)


async def recall(past: Past, query: str, *, agent: str, step: int) -> str:
    """What `agent` sees of the past at `step`: `step 12`, `editor.1 step 12 WORDS`, a name, or words, best first."""
    query = query.strip()
    asked = _STEP.fullmatch(query)
    if asked is not None:
        who, number = asked["agent"] or agent, int(asked["number"])
        place = f"step {number}" if who == agent else f"{who} step {number}"
        return _step(place, await past.step(who, number), (asked["words"] or "").split())
    whole = await past.text(query)
    if whole is not None:
        return fence(f"{one_line(query)}, whole", cut(whole, WHOLE_CHARS))
    words = query.split()[:MOST_WORDS]
    return _hits(await past.search(words, before=step)) if words else NOTHING


def _step(place: str, deeds: tuple[Deed, ...], words: list[str]) -> str:
    if not deeds:
        return f"there is no {place} that you can see"
    if words:
        within = Ranking(words[:MOST_WORDS])
        for number, deed in enumerate(deeds, start=1):
            within.look(f"{place}, call {number}", f"{deed.what}\n{deed.out}")
        return _hits(within.found())
    share = WHOLE_CHARS // len(deeds)
    hint = f"; `{place} WORD` searches them"
    return "\n".join(
        fence(f"{place}, call {number}", f"{cut(deed.what, share // 3)}\n{cut(deed.out, share, hint=hint)}")
        for number, deed in enumerate(deeds, start=1)
    )


def _hits(found: Found) -> str:
    """A line for each hit, which can't begin another: the mark around them belongs to all of them together."""
    lines: list[str] = []
    left, shown = SEARCH_CHARS, 0
    for hit in found.hits:
        told = [f"{one_line(hit.place)}: {line}" for line in hit.lines]
        left -= sum(map(len, told))
        if left < 0 and lines:
            break
        lines += told
        shown += 1
    if not lines:
        return NOTHING
    more = found.more + len(found.hits) - shown
    return fence("recalled, best first", "\n".join(lines)) + (f"\n({more} more places)" if more else "")

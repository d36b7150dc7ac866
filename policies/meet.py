"""The meet of two judgements of the same thing: what both of them allow."""

from __future__ import annotations

from policies.verdict import Decision, Verdict


def meet(first: Decision, second: Decision) -> Decision:
    """What both allow: the parts of both, without the leave of one for what the other does not allow.

    Never milder than either, and the same verdict in any order.
    """
    parts = dict.fromkeys((*first.parts, *second.parts))
    restricted = {part.text for part in parts if part.verdict is not Verdict.ALLOW}
    return Decision(
        parts=tuple(part for part in parts if part.verdict is not Verdict.ALLOW or part.text not in restricted)
    )

"""A script that can't be judged, with the reason."""

from __future__ import annotations


class Unreadable(Exception):
    """The script is refused as a whole: it can't be parsed, or not surely as bash would read it."""

    def __init__(self, rule: str, why: str) -> None:
        """Keep the name of the fixed rule and its reason."""
        self.rule = rule
        self.why = why
        super().__init__(why)


def unparsable(why: str) -> Unreadable:
    """The refusal of text that is not the shell's language, or a corner of it that is not judged."""
    return Unreadable("unparsable", why)


def too_much(why: str) -> Unreadable:
    """The refusal of a script that is too long or too deep."""
    return Unreadable("limits", why)

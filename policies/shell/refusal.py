"""A script that can't be judged, with the reason."""

from __future__ import annotations


class Unreadable(Exception):
    """The script is refused as a whole: it can't be parsed, or not surely as bash would read it."""

    def __init__(self, rule: str, why: str, instead: str | None = None) -> None:
        """Keep the name of the fixed rule, its reason, and what may be written instead."""
        self.rule = rule
        self.why = why
        self.instead = instead
        super().__init__(why)


def unparsable(why: str, *, instead: str | None = None) -> Unreadable:
    """The refusal of text that is not the shell's language, or a corner of it that is not judged."""
    return Unreadable("unparsable", why, instead)


def too_much(why: str) -> Unreadable:
    """The refusal of a script that is too long or too deep."""
    return Unreadable(
        "limits", why, "split it into several commands, or write a script into the workspace and run that"
    )

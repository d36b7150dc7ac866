"""What is looked at before any parser sees a script: its size, and characters that have no business in one."""

from __future__ import annotations

import re

from policies.shell.refusal import too_much, unparsable

MAX_BYTES = 65536

# Newline and tab are the only controls of C0 and C1 that may occur, quoted or not: a terminal must show what is judged.
# The last range is private use, and is how words mark characters that were quoted.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\U00100000-\U001000ff]")

# Blanks that are none to bash, marks without width, and letters' direction: outside quotes they disguise a word.
DISGUISE = re.compile(
    "[\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800"
    "\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff\U0001d173-\U0001d17a]"
)


def encode(script: str) -> bytes:
    """The script's bytes, if its size and characters are fit to be parsed.

    Raises:
        Unreadable: it is not.

    """
    try:
        raw = script.encode()
    except UnicodeEncodeError:
        raise unparsable("it holds a lone surrogate, which is no character") from None
    if len(raw) > MAX_BYTES:
        raise too_much(f"it is longer than {MAX_BYTES} bytes")
    if (found := _CONTROL.search(script)) is not None:
        raise unparsable(f"it holds the control character U+{ord(found[0]):04X}")
    return raw

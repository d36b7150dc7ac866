"""Numbers and hostile text as people read them."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from rich.text import Text

from policies.printable import printable

TAB_COLUMNS = 4

_SPACE = re.compile(r"\s+")


def one_line(text: str, style: str = "", *, limit: int = 400) -> Text:
    """Text of unknown origin as one harmless line, cut at `limit` characters."""
    joined = _SPACE.sub(" ", text)
    cut = joined if len(joined) <= limit else f"{joined[: limit - 1]}…"
    return Text(printable(cut), style=style)


def block(text: str, style: str = "", *, last: int | None = None, columns: int | None = None, hint: str = "") -> Text:
    """Text of unknown origin with its lines kept and all else made harmless.

    `last` keeps so many lines of its end, and a line says how many were cut, and the `hint`; `columns` cuts long lines.
    """
    every = text.expandtabs(TAB_COLUMNS).rstrip("\n").split("\n")
    kept = every if last is None else every[-last:]
    kept = [line if columns is None or len(line) <= columns else f"{line[: columns - 1]}…" for line in kept]
    if len(kept) < len(every):
        kept = [f"[... {plural(len(every) - len(kept), 'line')} before{f', {hint}' if hint else ''} ...]", *kept]
    return Text("\n".join(printable(line) for line in kept), style=style)


def listed(names: Sequence[str], most: int | None = None) -> str:
    """Names in a row, the first `most` of them with the number of the others."""
    shown = ", ".join(names[:most])
    return shown if most is None or len(names) <= most else f"{shown} and {len(names) - most} more"


def duration(seconds: float) -> str:
    """Seconds in at most two units; none where a clock was set back meanwhile."""
    seconds = max(0.0, seconds)
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m"


def elapsed(seconds: float) -> str:
    """Seconds of a clock that is still running: whole ones, and none before it began."""
    return f"{max(0, int(seconds))}s" if seconds < 60 else duration(seconds)


def age(seconds: float) -> str:
    """How long ago something was, in its largest unit."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f}{unit}"
    return f"{max(0.0, seconds):.0f}s"


def dollars(cost: float, *, unpriced_tokens: int = 0) -> str:
    """US dollars; a plus sign where tokens without a known price come on top."""
    amount = f"${cost:.2f}" if cost >= 1 or cost == 0 else f"${cost:.4f}"
    return f"{amount}+" if unpriced_tokens else amount


def count(number: int) -> str:
    """A number of tokens, in thousands or millions where it is large."""
    if number < 10_000:
        return str(number)
    return f"{number / 1000:.0f}k" if number < 1_000_000 else f"{number / 1_000_000:.1f}M"


def size(size_bytes: int) -> str:
    """A size in its largest unit."""
    amount, unit = float(size_bytes), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}"


def moment(when: float) -> str:
    """A time as local date and time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))


def clock(when: float) -> str:
    """A time of day, local."""
    return time.strftime("%H:%M:%S", time.localtime(when))


def short(commit: str | None) -> str:
    """The beginning of a commit's name, as git shows it."""
    return commit[:10] if commit else "-"


def plural(number: int, noun: str, plural_noun: str | None = None) -> str:
    """A number with its noun."""
    return f"{number} {noun if number == 1 else plural_noun or f'{noun}s'}"

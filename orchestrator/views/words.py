"""Numbers and hostile text as people read them."""

from __future__ import annotations

import re
import time

from rich.text import Text

from policies.printable import printable

TAB_COLUMNS = 4

_SPACE = re.compile(r"\s+")


def one_line(text: str, style: str = "", *, limit: int = 400) -> Text:
    """Text of unknown origin as one harmless line, cut at `limit` characters."""
    joined = _SPACE.sub(" ", text)
    cut = joined if len(joined) <= limit else f"{joined[: limit - 1]}…"
    return Text(printable(cut), style=style)


def block(text: str, style: str = "", *, lines: int | None = None) -> Text:
    """Text of unknown origin with its lines kept and all else made harmless; `lines` keeps the last so many."""
    every = text.expandtabs(TAB_COLUMNS).rstrip("\n").split("\n")
    kept = every if lines is None else every[-lines:]
    cut = [f"[... {len(every) - len(kept)} lines before ...]"] if len(kept) < len(every) else []
    return Text("\n".join(printable(line) for line in [*cut, *kept]), style=style)


def duration(seconds: float) -> str:
    """Seconds in at most two units."""
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


def plural(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

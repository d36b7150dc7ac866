"""What small programs do that only show something, most of the time."""

from __future__ import annotations

import re

from policies.engine.call import Call, Services
from policies.engine.saying import asked, denied
from policies.rules import Finding

MAX_SLEEP_SECONDS = 60

_SECONDS = re.compile(r"(\d+(?:\.\d*)?)([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def check_sleep(_: Services, call: Call) -> list[Finding]:
    """A sleep is short."""
    total = 0.0
    for word in call.parsed.operands:
        found = _SECONDS.fullmatch(word.text)
        if found is None:
            return asked("sleep", "how long it sleeps can't be known")
        total += float(found[1]) * _UNITS[found[2]]
    return asked("sleep", f"it sleeps longer than {MAX_SLEEP_SECONDS} seconds") if total > MAX_SLEEP_SECONDS else []


def check_date(_: Services, call: Call) -> list[Finding]:
    """An operand of `date` that is no format sets the clock."""
    if any(not word.text.startswith("+") for word in call.parsed.operands):
        return denied("date", "it sets the clock")
    return []


def check_ps(_: Services, call: Call) -> list[Finding]:
    """`ps e` and `ps -o environ` show the environment of processes."""
    shown = [word.text for word in call.parsed.operands if "e" in word.text]
    shown += [word.text for word in call.parsed.values("-o") if "env" in word.text]
    return asked("ps", "it shows the environment of processes") if shown else []

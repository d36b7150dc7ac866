"""What a script's variables may hold, as far as that bears on what runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from policies.shell.items import Fixed
from policies.shell.words import Word
from policies.verdict import Verdict

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INTEGER = re.compile(r"-?\d+")

# What the shell itself sets to text that a script can choose.
_SET_BY_THE_SHELL = frozenset(
    "_ REPLY MAPFILE OPTARG DIRSTACK PWD OLDPWD COPROC FUNCNAME BASH_REMATCH BASH_COMMAND BASH_EXECUTION_STRING "
    "BASH_ARGV BASH_ARGV0 BASH_SOURCE".split()
)


@dataclass(slots=True, kw_only=True)
class Variables:
    """The names that are set, and those whose values matter.

    `loops` take the words of a loop or the lines that `read` reads; `tainted` may hold what is no plain number, and
    `computed` are evaluated by arithmetic, which runs the substitutions in a value; `relied` were taken for what they
    are at the start. `nested`: an outer shell may have set any of them.
    """

    nested: bool = False
    loops: set[str] = field(default_factory=set)
    assigned: set[str] = field(default_factory=set)
    tainted: set[str] = field(default_factory=set)
    computed: set[str] = field(default_factory=set)
    relied: set[str] = field(default_factory=set)

    def assign(self, name: str, values: Sequence[Word], *, arithmetic: bool = False) -> None:
        """Note that a variable is set; a value that is no plain number taints arithmetic with its name."""
        self.assigned.add(name)
        if not arithmetic and not all(word.static and _INTEGER.fullmatch(word.text) for word in values):
            self.tainted.add(name)

    def set_to_anything(self, names: Sequence[str]) -> None:
        """Note variables that a command sets by name; what `read` gives a loop stays the loop's."""
        self.assigned.update(name for name in names if name not in self.loops)
        self.tainted.update(names)

    def compute(self, text: str) -> None:
        """Note the names in an arithmetic expression."""
        self.computed.update(_NAME.findall(text))

    def rely(self, name: str) -> bool:
        """Take a variable for what it is at the start; False where it is set."""
        self.relied.add(name)
        return name not in self.assigned

    def doubts(self) -> Iterator[Fixed]:
        """What was believed of a variable and does not hold for the whole script, in which order ever it runs."""
        doubtful = self.computed & (self.tainted | _SET_BY_THE_SHELL)
        if self.nested:
            doubtful |= self.computed - self.assigned
        for name in sorted(doubtful)[:1]:
            why = f"arithmetic evaluates what {name} holds, which can't be known and may run commands"
            yield Fixed(text=name, verdict=Verdict.ASK, rule="arithmetic", why=why)
        for name in sorted(self.relied & self.assigned):
            why = f"{name} is set, and used for the directory that it names"
            yield Fixed(text=name, verdict=Verdict.ASK, rule="variable", why=why)

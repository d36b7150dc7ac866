"""Which word of a command line is being typed: a command, an option, the value of one, or an argument."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.cli.arguments import INSTALL, OWN_OPTIONS, RUN, SHOW, with_command
from orchestrator.cli.completion.shells import SHELLS

FIRST = "PLAN.yaml | COMMAND"
COMMAND = "COMMAND"
OPTION = "OPTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A word that is being typed, and what it may be.

    `kind` is FIRST, COMMAND, OPTION, the name of an option whose value is wanted, or what the help calls an argument;
    empty where nothing can follow. `choices` are all that it may be, where there are few. `joined` is `--option=` where
    the value stands in one word with it. `given` are the arguments and values before it by the same names, `used` the
    options.
    """

    command: Any
    word: str
    kind: str = ""
    choices: Sequence[str] = ()
    joined: str = ""
    given: Mapping[str, Sequence[str]] = field(default_factory=dict)
    used: Sequence[str] = ()


def typed_at(root: Any, words: Sequence[str], word: str) -> Typed | None:
    """What is being typed behind these words; None where they name no command."""
    if words and words[0] in {INSTALL, SHOW}:
        return Typed(command=root, word=word, kind=words[0], choices=SHELLS if len(words) == 1 else ())
    rest = with_command(words, commands=root.commands)
    if rest and rest[0].startswith("-") and rest[0] not in OWN_OPTIONS:
        # The plan may still follow.
        rest = [RUN, *rest]
    helping = rest[:1] == ["help"]
    rest = rest[helping:]
    command = root
    while rest and hasattr(command, "commands"):
        name, *rest = rest
        if name not in command.commands:
            return None
        command = command.commands[name]
    if hasattr(command, "commands") or helping:
        kind = COMMAND if helping or command is not root else FIRST
        return Typed(command=command, word=word, kind=OPTION if word.startswith("-") else kind)
    reader = _Reader(command)
    for before in rest:
        reader.take(before)
    return reader.typed(word)


def options_of(command: Any) -> dict[str, Any]:
    """The options of a command by all their names."""
    return {
        name: param
        for param in command.params
        if param.param_type_name == "option" and not param.hidden
        for name in param.opts
    }


def choices_of(param: Any) -> tuple[str, ...]:
    """The values that an argument or option may have: those that the help calls it, `a|b|c`, or those of its type."""
    written = tuple(str(param.metavar).split("|"))
    if len(written) > 1:
        return written
    return tuple(item.value for item in param.shell_complete(None, "") if item.value)


class _Reader:
    """Takes the words of a command one by one."""

    def __init__(self, command: Any) -> None:
        self._command = command
        self._options = options_of(command)
        self._arguments = [param for param in command.params if param.param_type_name == "argument"]
        self._wanted: Any = None
        """The option whose value the next word is."""
        self._literal = False
        self._given: defaultdict[str, list[str]] = defaultdict(list)
        self._used: list[str] = []

    def take(self, word: str) -> None:
        if self._wanted is not None:
            self._given[_name(self._wanted)].append(word)
            self._wanted = None
        elif word == "--" and not self._literal:
            self._literal = True
        elif self._names_option(word):
            name, equals, _ = word.partition("=")
            self._used.append(name)
            self._wanted = None if equals else self._valued(name)
        elif self._arguments:
            self._given[_name(self._arguments[0])].append(word)
            if self._arguments[0].nargs != -1:
                self._arguments.pop(0)

    def typed(self, word: str) -> Typed:
        name, equals, value = word.partition("=")
        if self._wanted is not None:
            return self._value(self._wanted, word)
        if equals and self._names_option(name):
            return self._value(self._valued(name), value, joined=f"{name}=")
        if not self._names_option(word) and self._arguments:
            return self._value(self._arguments[0], word)
        return Typed(command=self._command, word=word, kind=OPTION, used=self._used)

    def _names_option(self, word: str) -> bool:
        return word.startswith("-") and not self._literal

    def _valued(self, name: str) -> Any:
        """The option of that name, if it takes a value."""
        param = self._options.get(name)
        return None if param is None or param.is_flag else param

    def _value(self, param: Any, word: str, *, joined: str = "") -> Typed:
        kind, choices = ("", ()) if param is None else (_name(param), choices_of(param))
        return Typed(command=self._command, word=word, kind=kind, choices=choices, joined=joined, given=self._given)


def _name(param: Any) -> str:
    """An argument is called what the help calls it, an option by its longest name."""
    return str(param.metavar) if param.param_type_name == "argument" else str(max(param.opts, key=len))

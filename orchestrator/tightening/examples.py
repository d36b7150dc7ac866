"""Examples that a suggested rule carries: commands that were seen, and commands next to them that it must not allow."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, zip_longest

from orchestrator.tightening.evidence import Use
from policies.engine.catalogue import Program, find_program
from policies.lookups import examine
from policies.policy import Policy
from policies.printable import printable
from policies.shape import Shape
from policies.verdict import Verdict

MOST = 3
LONGEST = 72
"""A longer example is nothing that a human would write down."""


def accepted(policy: Policy, uses: Mapping[Shape, Sequence[Use]], verdict: Verdict, role: str) -> list[str]:
    """Some of the commands seen that get this verdict: one for each shape, then others that run something else."""
    found: dict[tuple[str, ...], str] = {}
    choices = [list(_distinct(shape, seen)) for shape, seen in uses.items()]
    for key, text in chain.from_iterable(zip_longest(*choices, fillvalue=((), ""))):
        if len(found) == MOST:
            break
        if text and key not in found and policy.judge_command(text, role=role).verdict is verdict:
            found[key] = text
    return list(found.values())


def rejected(
    policy: Policy,
    shapes: Sequence[Shape],
    verdict: Verdict,
    role: str,
    *,
    written: Iterable[str],
    dropped: Sequence[str],
) -> list[str]:
    """Commands that show where a rule ends: `written` for its like, `dropped` from it, or barred by the catalogue."""
    programs = {name for shape in shapes for name in shape.words[0]}

    def holds(text: str) -> bool:
        return policy.judge_command(text, role=role).verdict not in {verdict, Verdict.ALLOW}

    def is_of_another(text: str) -> bool:
        return all(programs.isdisjoint(lookup.names) for lookup in examine(policy, text, role=role).lookups)

    own = islice(filter(holds, sorted(written, key=is_of_another)), MOST - 1)
    found = dict.fromkeys([*own, *islice(filter(holds, dropped), 1)])
    if len(found) < MOST - 1:
        found.update(dict.fromkeys(islice(filter(holds, next_to(shapes)), MOST - 1)))
    return list(found)[:MOST]


def _distinct(shape: Shape, uses: Sequence[Use]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The plainest command for each thing that a shape runs, each with what it runs."""
    spelt = {text: use.lookup for use in uses for text in _spelt(use) if is_plain(text)}
    for text in sorted(spelt, key=lambda text: (" " not in text, len(text), text)):
        words = shlex.split(text)
        yield tuple(words[: max(1, len(shape.words))]), text


def _spelt(use: Use) -> Iterator[str]:
    words = use.lookup.candidates[0]
    # What python runs is listed as the engine reads it, which is how it is typed as well.
    if words[:2] != ("-c", "-c"):
        yield shlex.join([use.lookup.name, *words])


def is_plain(text: str) -> bool:
    """Whether a human might write a command down as an example."""
    return len(text) <= LONGEST and text.isascii() and printable(text) == text and not text.startswith(("#", " "))


def next_to(shapes: Sequence[Shape]) -> Iterator[str]:
    """Commands just beyond each shape: an option that the catalogue refuses, one that it does not know, a word more."""
    for shape in shapes:
        words = [alternatives[0] for alternatives in shape.words]
        if shape.closed:
            yield shlex.join([*words, "--and-more"])
        else:
            program = _program(words)
            barred = sorted(name for name, option in program.options.items() if option.effect.startswith("deny"))
            yield from (shlex.join([*words, name]) for name in [*barred, "--unheard-of"])


def _program(words: Sequence[str]) -> Program:
    name = words[0]
    if words[1:2] == ["-m"]:
        name = f"python.{words[2]}" if find_program(f"python.{words[2]}") else words[2]
        words = words[2:]
    program = find_program(name) or Program(name=name)
    return program.subcommands.get(words[1], program) if len(words) > 1 else program

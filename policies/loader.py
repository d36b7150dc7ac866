"""Load a policy by the name of a preset or a path: it, what it extends, and what that extends."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

from policies.document import DocumentError, Problem, did_you_mean, read_document
from policies.layer import Layer, compile_layer
from policies.policy import Policy
from policies.problems import render
from policies.verdict import Verdict

PRESETS = ("standard", "strict", "open")
MAX_LAYERS = 8

# Gives the text of a path as a policy file names it; raises OSError where there is none.
Reader: TypeAlias = Callable[[str], bytes]

_DIRECTORY = Path(__file__).parent / "presets"


def read_disk(path: str) -> bytes:
    """The reader of files on disk; `~` is the user's home."""
    return Path(path).expanduser().read_bytes()


def load_policy(source: str, *, reader: Reader = read_disk) -> Policy:
    """The policy that a preset's name or a path stands for, with its examples checked.

    Raises:
        DocumentError: a file can't be read, does not fit the format, extends in a circle, or fails its own examples.

    """
    layers: list[Layer] = []
    _collect(source, reader, layers, asked_by=None)
    _check_examples(layers)
    return Policy.of(layers)


def preset(name: str) -> Policy:
    """A preset by name.

    Raises:
        DocumentError: there is none of that name.

    """
    return load_policy(name)


def _collect(source: str, reader: Reader, layers: list[Layer], *, asked_by: Layer | None) -> None:
    name = source if source in PRESETS or asked_by is None else _relative(source, asked_by.name)
    if any(layer.name == name for layer in layers) or len(layers) >= MAX_LAYERS:
        chain = " -> ".join([*(layer.name for layer in layers), name])
        raise _at_extends(asked_by, name, f"policies extend each other in a circle: {chain}")
    layer = (
        _shipped(name) if source in PRESETS else compile_layer(read_document(_read(name, reader, asked_by), file=name))
    )
    layers.append(layer)
    if layer.file.extends is not None:
        _collect(layer.file.extends, reader, layers, asked_by=layer)


@cache
def _shipped(name: str) -> Layer:
    """The layer of a preset; it never changes, and most policies stand on one."""
    return compile_layer(read_document((_DIRECTORY / f"{name}.yaml").read_bytes(), file=name))


def _relative(path: str, named_in: str) -> str:
    if path.startswith(("/", "~")) or named_in in PRESETS:
        return path
    return posixpath.normpath(posixpath.join(posixpath.dirname(named_in), path))


def _read(name: str, reader: Reader, asked_by: Layer | None) -> bytes:
    try:
        return reader(name)
    except OSError as error:
        why = error.strerror or str(error) or type(error).__name__
        raise _at_extends(asked_by, name, f"the policy {name!r} can't be read: {why}") from None


def _at_extends(asked_by: Layer | None, name: str, message: str) -> DocumentError:
    hint = did_you_mean(name, PRESETS) or f"presets: {', '.join(PRESETS)}"
    if asked_by is None:
        return DocumentError([Problem(file=name, line=1, col=1, message=message, hint=hint)], "")
    return DocumentError([asked_by.document.problem(("extends",), message, hint=hint)], asked_by.text)


def _check_examples(layers: Sequence[Layer]) -> None:
    for at, layer in enumerate(layers):
        # A layer's examples hold for it and what it extends; what extends it may be stricter.
        problems = example_problems(Policy.of(layers[at:]), layer)
        if problems:
            raise DocumentError(problems, layer.text)


def example_problems(policy: Policy, layer: Layer) -> list[Problem]:
    """A problem for each `accepts` and `rejects` of a layer that the policy does not bear out."""
    problems: list[Problem] = []
    for at, rule in enumerate(layer.file.commands):
        verdict = next(verdict for verdict in Verdict if getattr(rule, verdict) is not None)
        role = rule.roles[0] if rule.roles else "editor"
        for key, examples in (("accepts", rule.accepts), ("rejects", rule.rejects)):
            for place, example in enumerate(examples):
                decision = policy.judge_command(example, role=role)
                if (decision.verdict is verdict) == (key == "accepts"):
                    continue
                by = decision.deciding
                said = f"{decision.verdict} by {by.rule!r} ({by.file}{f':{by.line}' if by.line else ''})"
                wanted = f"{'' if key == 'accepts' else 'not '}{verdict}"
                message = f"the example {example!r} should be {wanted}, but it is {said}"
                path = ("commands", at, key, place)
                problems.append(layer.document.problem(path, message, hint=by.why or None))
    return problems


__all__ = ["PRESETS", "DocumentError", "Problem", "Reader", "load_policy", "preset", "read_disk", "render"]

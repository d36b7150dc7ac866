"""Plan files that the program writes: tasks put into a user's text, and the beginning of a plan that is drafted."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

_WIDTH = 1 << 30
"""Lines are never folded: what is folded is not always read back as it was."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./ ()-]*(?<! )")
_WORDS_OF_YAML = frozenset({"true", "false", "null", "yes", "no", "on", "off", "nan", "inf"})
_KEYS = ("id", "role", "goal", "needs", "paths", "verify", "gates", "limits")


def with_tasks(source: str, tasks: Iterable[Mapping[str, Any]]) -> str:
    """The text of a plan file with these tasks as its own; the order of its keys and its comments stay.

    Whatever the tasks hold is read back as it is: `source` must be a plan file that could be read.
    """
    yaml = _yaml()
    document = yaml.load(source.removeprefix("\ufeff"))
    document["tasks"] = [_task(task) for task in tasks]
    return _text(yaml, document)


def plan_beginning(*, name: str, goal: str, model: str | None, comment: str) -> str:
    """The text of a plan without tasks, under a comment."""
    yaml = _yaml()
    document = CommentedMap({"version": 1, "name": _scalar(name), "goal": _scalar(goal)})
    if model is not None:
        document["model"] = _scalar(model)
    document["verify"] = _flow([])
    document.yaml_set_start_comment(comment)
    document.yaml_add_eol_comment("commands that must pass on the merged tree, such as [python -m pytest -q]", "verify")
    return _text(yaml, document)


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _text(yaml: YAML, document: Any) -> str:
    written = io.StringIO()
    yaml.dump(document, written)
    return written.getvalue()


def _task(task: Mapping[str, Any]) -> CommentedMap:
    return CommentedMap({key: _styled(task[key]) for key in _KEYS if task.get(key) not in (None, [], (), {})})


def _styled(value: Any) -> Any:
    if isinstance(value, str):
        return _scalar(value)
    return _flow(map(_styled, value)) if isinstance(value, list | tuple) else value


def _flow(items: Iterable[Any]) -> CommentedSeq:
    sequence = CommentedSeq(items)
    sequence.fa.set_flow_style()
    return sequence


def _scalar(text: str) -> str:
    """A text in the style that reads best and is surely read back as this text."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML:
        return text
    lines = text.split("\n")
    block = len(lines) > 1 and all(line.isprintable() and line == line.rstrip() for line in lines)
    if block and lines[0] and not lines[0].startswith(" ") and not text.endswith("\n\n"):
        literal: str = LiteralScalarString(text)
        return literal
    quoted: str = DoubleQuotedScalarString(text)
    return quoted

"""Commands for properties of verdicts: those that the specification judges, and everyday work and known attacks."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from policies.loader import preset
from policies.policy import Policy
from policies.shell.items import Command, Context
from policies.shell.refusal import Unreadable
from policies.shell.walk import items_of
from policies.verdict import Decision, Verdict

POLICIES = Path(__file__).parents[1] / "policies"


@cache
def standard() -> Policy:
    """The preset `standard`."""
    return preset("standard")


def decision(script: str) -> Decision:
    """What `standard` says of a script."""
    return standard().judge_command(script, role="editor")


def verdict(script: str) -> Verdict:
    """The verdict alone."""
    return decision(script).verdict


def words_of(script: str) -> list[tuple[str, ...]]:
    """The words of each simple command that is found in a script.

    Raises:
        Unreadable: the script is refused as a whole.

    """
    items = items_of(script, Context(cwds=frozenset({"/workspace"})), home="/home/agent")
    return [tuple(word.text for word in item.words) for item, _ in items if isinstance(item, Command)]


def _read(name: str) -> list[str]:
    return [json.loads(line)["command"] for line in (POLICIES / name).read_text().split("\n") if line]


@cache
def commands() -> list[str]:
    """All of them, in their order."""
    return [*_read("corpus.jsonl"), *_read("cases.jsonl")]


@cache
def readable() -> list[str]:
    """Those that are judged by what they do."""
    return [command for command in commands() if _is_read(command)]


@cache
def plain() -> list[tuple[str, ...]]:
    """The words of those that are one simple command, in which nothing is expanded."""
    found = []
    for command in readable():
        items = items_of(command, Context(cwds=frozenset({"/workspace"})), home="/home/agent")
        match items:
            case [(Command(words=words), _)] if words and all(word.known == 0 and not word.glob for word in words):
                texts = tuple(word.text for word in words)
                # A keyword is none in quotes.
                if not set("~$") & set(command) and "" not in texts and texts[0] not in ("time", "coproc"):
                    found.append(texts)
    return found


def _is_read(command: str) -> bool:
    try:
        words_of(command)
    except Unreadable:
        return False
    return True

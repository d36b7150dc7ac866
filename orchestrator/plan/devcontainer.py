"""A repository's `devcontainer.json`: an image or a Dockerfile, commands and variables; nothing else of it is taken."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PLACES = (".devcontainer/devcontainer.json", ".devcontainer.json")
"""Where it may be, the first that is there."""

WORKSPACE = "/workspace"

_UNMENTIONED = frozenset({"$schema", "name"})
_WORKSPACE_FOLDER = re.compile(r"\$\{(?:containerWorkspaceFolder|localWorkspaceFolder)\}")
_VARIABLE = re.compile(r"\$\{(?:localEnv|containerEnv|env|devcontainerId)\b[^}]*\}")
# What is not closed goes to the end: looked for from each of many beginnings, it would take hours.
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*(?:"|\\?\Z)|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_TRAILING = re.compile(r'("(?:\\.|[^"\\])*(?:"|\\?\Z))|,(?=\s*[}\]])', re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class DevcontainerProblem(Exception):
    """What is wrong with the file, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Devcontainer:
    """What is taken of it. `dockerfile` and `context` are paths from the top of the repository (`""`: the top)."""

    where: str
    image: str | None = None
    dockerfile: str | None = None
    context: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    setup: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


def read_devcontainer(text: str, where: str) -> Devcontainer:
    """Read the text of the file at `where`; raises DevcontainerProblem."""
    try:
        document = json.loads(_plain_json(text))
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise DevcontainerProblem("it has half a character (of \\ud800 to \\udfff)") from None
    except ValueError as error:
        raise DevcontainerProblem(f"it is no JSON with comments: {error}") from None
    except RecursionError:
        raise DevcontainerProblem("it is nested too deeply") from None
    if not isinstance(document, dict):
        raise DevcontainerProblem("it holds no object")
    return _Reading(document, where).result()


def _plain_json(text: str) -> str:
    """Without comments and trailing commas; what looks like one within a string stays."""
    bare = _TOKEN.sub(lambda found: found[0] if found[0].startswith('"') else _same_lines(found[0]), text)
    return _TRAILING.sub(lambda found: found[1] or " ", bare.removeprefix("\ufeff"))


def _same_lines(comment: str) -> str:
    return " " + "\n" * comment.count("\n")


class _Reading:
    """One file as it is read; keys that were taken are those that are not told as ignored."""

    def __init__(self, document: dict[str, Any], where: str) -> None:
        self._document = document
        self._folder = posixpath.dirname(where)
        self._where = where
        self._ignored = set(document) - _UNMENTIONED

    def result(self) -> Devcontainer:
        build = self._take("build", dict) or {}
        dockerfile, context = self._files(build)
        image = None if dockerfile is not None else self._line(self._document, "image")
        self._ignored.discard("image")
        setup = tuple(self._commands())
        env = {**self._variables("containerEnv"), **self._variables("remoteEnv")}
        arguments = self._texts(build.get("args") or {}, "build.args")
        target = self._line(build, "target") if dockerfile is not None else None
        self._ignored |= {f"build.{key}" for key in set(build) - {"dockerfile", "context", "args", "target"}}
        return Devcontainer(
            where=self._where,
            image=image,
            dockerfile=dockerfile,
            context=context,
            arguments=arguments,
            target=target,
            setup=setup,
            env=env,
            ignored=tuple(sorted(self._ignored)),
        )

    def _files(self, build: dict[str, Any]) -> tuple[str | None, str]:
        """The Dockerfile and its context; `dockerFile` and `context` at the top are the old way to say it."""
        old = self._line(self._document, "dockerFile")
        named = self._line(build, "dockerfile") or old
        context = self._line(build, "context") or (self._line(self._document, "context") if old else None) or "."
        self._ignored -= {"dockerFile", "context"} if old else set()
        if named is None:
            return None, ""
        return self._path(named, "dockerfile"), self._path(context, "context")

    def _path(self, text: str, key: str) -> str:
        path = posixpath.normpath(posixpath.join(self._folder, text))
        if path.startswith(("/", "../")) or path == "..":
            raise DevcontainerProblem(f"{key}: {text} leads out of the repository")
        return "" if path == "." else path

    def _commands(self) -> Iterator[str]:
        """`postCreateCommand`: a line for a shell, a list of words, or an object of several such."""
        told = self._document.get("postCreateCommand")
        self._ignored.discard("postCreateCommand")
        parts = list(told.values()) if isinstance(told, dict) else [told]
        for part in parts:
            if part is None or part == "":
                continue
            if isinstance(part, list) and part and all(isinstance(word, str) and "\0" not in word for word in part):
                yield self._expanded(shlex.join(part))
            elif isinstance(part, str) and "\0" not in part and part.strip():
                yield self._expanded(part)
            else:
                raise DevcontainerProblem("postCreateCommand: must be a command, a list of words or an object of such")

    def _expanded(self, command: str) -> str:
        return _WORKSPACE_FOLDER.sub(WORKSPACE, command)

    def _variables(self, key: str) -> dict[str, str]:
        """Plain values; those made of the host's variables are not taken: nothing of the host's gets in."""
        told = self._take(key, dict) or {}
        taken = {}
        for name, value in told.items():
            if isinstance(value, str) and _NAME.fullmatch(name) and "\0" not in value and not _VARIABLE.search(value):
                taken[name] = _WORKSPACE_FOLDER.sub(WORKSPACE, value)
            else:
                self._ignored.add(f"{key}.{name}")
        return taken

    def _texts(self, told: Any, key: str) -> dict[str, str]:
        if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
            raise DevcontainerProblem(f"{key}: must be an object of texts")
        plain = {name: value for name, value in told.items() if "${" not in value}
        self._ignored |= {f"{key}.{name}" for name in told.keys() - plain.keys()}
        return plain

    def _take(self, key: str, kind: type) -> Any:
        value = self._document.get(key)
        self._ignored.discard(key)
        if value is not None and not isinstance(value, kind):
            raise DevcontainerProblem(f"{key}: must be an object")
        return value

    def _line(self, holder: dict[str, Any], key: str) -> str | None:
        value = holder.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not re.fullmatch(r"[^\x00-\x20\x7f][^\x00-\x1f\x7f]{0,999}", value):
            raise DevcontainerProblem(f"{key}: must be one line of text")
        return value

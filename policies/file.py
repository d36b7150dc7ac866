"""The models of policy.yaml: what a user may write, and the JSON Schema of it for editors."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from policies.fields import Hosts, PathGlobs, Variables, Words

Role: TypeAlias = Literal["investigator", "editor", "tester", "reviewer", "coordinator"]


Roles: TypeAlias = Annotated[list[Role], Field(min_length=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CommandRule(_Model):
    """One rule on commands: exactly one of allow, ask and deny, and what goes with it."""

    allow: Words | None = None
    ask: Words | None = None
    deny: Words | None = None
    unless: Words = []
    roles: Roles | None = None
    why: str | None = None
    instead: str | None = None
    accepts: Words = []
    rejects: Words = []

    @model_validator(mode="after")
    def _one_verdict(self) -> CommandRule:
        if sum(patterns is not None for patterns in (self.allow, self.ask, self.deny)) != 1:
            raise ValueError("a rule has exactly one of allow, ask and deny")
        if not (self.allow or self.ask or self.deny):
            raise ValueError("a rule has at least one pattern")
        return self


class Globs(_Model):
    """Globs of paths by verdict."""

    allow: PathGlobs = []
    ask: PathGlobs = []
    deny: PathGlobs = []


class VariableRules(_Model):
    """Which variables a command may set."""

    allow: Variables = []
    ask: Variables = []
    deny: Variables = []


class PathRules(_Model):
    """Which paths a command may write and read."""

    write: Globs = Globs()
    read: Globs = Globs()


class NetworkRules(_Model):
    """Hosts that may be reached, where the plan lists them too."""

    allow: Hosts = []


class Most(_Model):
    """The largest change that lands without a question: files and lines of all of it, and bytes of any one file."""

    files: Annotated[int, Field(gt=0)] | None = None
    lines: Annotated[int, Field(gt=0)] | None = None
    file_bytes: Annotated[int, Field(gt=0)] | None = None


Restriction: TypeAlias = Literal["ask", "deny"]

KINDS = ("ask", "deny", "max", "secrets", "binary", "modes", "symlinks", "tests", "licence")
"""What a rule on changes may be about: a rule has exactly one of these keys."""


class ChangeRule(_Model):
    """One rule on a diff: exactly one of the kinds, and what goes with it."""

    ask: Words | None = None
    deny: Words | None = None
    max: Most | None = None
    secrets: Literal["deny", "ask", "allow"] | None = None
    binary: Restriction | None = None
    modes: Restriction | None = None
    symlinks: Restriction | None = None
    tests: Restriction | None = None
    licence: Restriction | None = None
    unless: Words | None = None
    roles: Roles | None = None
    why: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> ChangeRule:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise ValueError(f"a rule has exactly one of {', '.join(KINDS[:-1])} and {KINDS[-1]}")
        return self


class PolicyFile(_Model):
    """A whole policy.yaml."""

    version: Literal[1]
    extends: Annotated[str, Field(min_length=1)] | None = None
    inherit: Literal["everything", "restrictions"] = "everything"
    default: Literal["ask", "deny"] | None = None
    commands: list[CommandRule] = []
    paths: PathRules = PathRules()
    env: VariableRules = VariableRules()
    network: NetworkRules = NetworkRules()
    changes: list[ChangeRule] = []


def policy_schema() -> dict[str, Any]:
    """The JSON Schema of policy.yaml."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **PolicyFile.model_json_schema()}

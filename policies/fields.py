"""Values of policy.yaml that have a form: lists of words, globs of paths, names of variables, hosts."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from policies.paths import glob_fault

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(
    rf"(?:private:)?(?P<below>\*\.)?(?P<host>(?:{_LABEL}\.)*{_LABEL}|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{{0,4}}))?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z0-9_*|]+")


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _glob(value: str) -> str:
    if (fault := glob_fault(value)) is not None:
        raise ValueError(f"no path is like {value!r}: {fault}")
    return value


def _variable(value: str) -> str:
    if not _VARIABLE.fullmatch(value):
        raise ValueError(f"must be the name of a variable, with `*` for any letters, not {value!r}")
    return value


def _host(value: str) -> str:
    found = _HOST.fullmatch(value)
    if found is None:
        raise ValueError(f"must be a host such as 'packages.example.com:443' or '*.example.org', not {value!r}")
    if found["port"] is not None and int(found["port"]) > 65535:
        raise ValueError("must have a port between 1 and 65535")
    host = found["host"]
    if host.startswith("[") or _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            ip_address(host.strip("[]"))
        except ValueError:
            raise ValueError(f"must be an address as everyone writes it, not {host!r}") from None
        if found["below"]:
            raise ValueError("an address has no subdomains")
    return value


_Listed = BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])
_Word: TypeAlias = Annotated[str, Field(min_length=1)]

# Lists, of which a single one may stand alone.
Words: TypeAlias = Annotated[list[_Word], _Listed]
PathGlobs: TypeAlias = Annotated[list[Annotated[_Word, AfterValidator(_glob)]], _Listed]
Variables: TypeAlias = Annotated[list[Annotated[_Word, AfterValidator(_variable)]], _Listed]
Hosts: TypeAlias = Annotated[list[Annotated[_Word, AfterValidator(_host)]], _Listed]

"""Which values of an environment are secrets, and in which spellings they are met."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote

SECRET_NAME = re.compile(
    r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|COOKIE|BEARER|PRIVATE|CONNECTION_STRING"
    r"|(?<![A-Z])(?:AUTH|DSN)(?![A-Z])|_PWD$",
    re.IGNORECASE,
)
"""Names of environment variables whose values are taken for secrets."""

SHORTEST_SECRET = 8
"""A shorter value would be found in ordinary words."""

_PLACE_NAME = re.compile(r"_(?:FILE|PATH|DIR|HOME|SOCK)$", re.IGNORECASE)
_ORDINARY = re.compile(r"[a-z]{1,11}|[A-Z][a-z]{1,10}|[A-Z]{1,11}")
"""`production` as the value of `SECRET_BACKEND` would tear every other text that has the word."""

_ENDPOINT_NAME = re.compile(r"^DOCKER_HOST$|API_BASE|BASE_URL|_ENDPOINT$", re.IGNORECASE)
_USER = re.compile(r"[a-z][a-z0-9+.-]*://([^/?#\s@]+)@", re.IGNORECASE)
_SHORTEST_LINE = 16
_SHORTEST_SPELLING = 8


def secrets_of(environ: Mapping[str, str], names: Collection[str] = ()) -> dict[str, str]:
    """The secrets of an environment by their names: what is called like one, those in `names`, users of addresses."""
    found = {name: value for name, value in environ.items() if name in names or _is_secret(name, value)}
    for name, value in environ.items():
        for number, part in enumerate(_users(value)):
            found.setdefault(f"{name} user" if not number else f"{name} password", part)
    return found


def endpoints_of(environ: Mapping[str, str]) -> dict[str, str]:
    """Where models and engines are asked: nobody's business but the user's, so kept out of what may be sent on."""
    return {name: value for name, value in environ.items() if _ENDPOINT_NAME.search(name)}


def spellings(value: str) -> set[str]:
    """A secret as it stands, in JSON (twice over too), Python, a shell and a URL; of one of many lines, each."""
    return _long_enough(each for text in (value, *_lines(value)) for each in (text, *_escaped(text), *_percent(text)))


def encodings(value: str) -> set[str]:
    """The same in base64 and hex, in which nothing of it can be read as it stands."""
    return _long_enough(each for text in (value, *_lines(value)) for each in _encoded(text))


def _long_enough(found: Iterable[str]) -> set[str]:
    return {spelling for spelling in found if len(spelling) >= _SHORTEST_SPELLING}


def _is_secret(name: str, value: str) -> bool:
    return bool(SECRET_NAME.search(name)) and not _PLACE_NAME.search(name) and not _ORDINARY.fullmatch(value)


def _users(value: str) -> Iterator[str]:
    """`user:password` of an address, and the password alone."""
    for match in _USER.finditer(value):
        yield match[1]
        password = unquote(match[1].partition(":")[2])
        if password and not _ORDINARY.fullmatch(password):
            yield password


def _lines(value: str) -> Iterator[str]:
    """The lines of a secret of several, as a page shows them one by one; what frames them says nothing."""
    lines = [line.strip() for line in value.splitlines()]
    yield from (line for line in lines if len(lines) > 1 and len(line) >= _SHORTEST_LINE and not line.startswith("---"))


def _escaped(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield from (once, json.dumps(once, ensure_ascii=ascii_only)[1:-1])
    yield repr(text)[1:-1]
    yield shlex.quote(text).strip("'")


def _percent(text: str) -> Iterator[str]:
    encoded = text.encode(errors="surrogateescape")
    for written in (quote(encoded, safe=""), quote(encoded), quote_plus(encoded)):
        yield from (written, re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), written))


def _encoded(text: str) -> Iterator[str]:
    """Wherever it stands within what was encoded: the characters that depend on nothing beside it."""
    data = text.encode(errors="surrogateescape")
    yield from (data.hex(), data.hex().upper())
    for ahead in range(3):
        first, last = -(-ahead * 8 // 6), (ahead + len(data)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(ahead) + data).decode()[first:last]

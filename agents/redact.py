"""Known secrets are taken out of every text before it is kept or shown."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
"""Names of environment variables whose values are taken for secrets."""

SHORTEST_SECRET = 8
"""A shorter value would be found in ordinary words."""

MARK = re.compile(r"\[redacted [^]]*\]")
"""What stands in a text where a secret was."""


class Redactor:
    """Replaces the known `secrets` (name to value) by their names, in each form in which they are likely to be met."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._names: dict[str, str] = {}
        for name, value in secrets.items():
            if len(value) >= SHORTEST_SECRET:
                self._names.update(dict.fromkeys(_forms(value), name))
        # Longest first: a secret that holds another is replaced whole.
        forms = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None

    @classmethod
    def of_environment(cls, environ: Mapping[str, str], names: Iterable[str] = ()) -> Redactor:
        """Knows the values of variables whose names look like secrets, and of those in `names`."""
        wanted = set(names)
        return cls({name: value for name, value in environ.items() if name in wanted or SECRET_NAME.search(name)})

    def finds(self, text: str) -> bool:
        """Whether a known secret may be in a text, or in the JSON of a structure."""
        return self._pattern is not None and self._pattern.search(text) is not None

    def forms(self) -> dict[str, list[bytes]]:
        """Each known secret by its name, in all the forms that are looked for."""
        by_name: dict[str, list[bytes]] = {}
        for form, name in self._names.items():
            by_name.setdefault(name, []).append(form.encode())
        return by_name

    def found_in(self, text: str) -> Iterator[tuple[str, int, int]]:
        """The name of each known secret in a text, and where it begins and ends."""
        for found in self._pattern.finditer(text) if self._pattern is not None else ():
            yield self._names[found[0]], found.start(), found.end()

    def text(self, text: str) -> str:
        """A text without the known secrets."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: f"[redacted {self._names[found[0]]}]", text)

    def data(self, value: Any) -> Any:
        """The same for all strings, keys included, of a JSON-able structure."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.data(key): self.data(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item) for item in value]
        return value


def _forms(value: str) -> set[str]:
    encoded = base64.b64encode(value.encode()).decode().rstrip("=")
    escaped = {json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return {value, *escaped, quote(value, safe=""), encoded}

"""The secrets that this process knows: the one place through which everything goes that it writes for others to read.

Journal, log, terminal, `--events`, `--json`, reports, commit messages and saved plans ask here; `tests/test_sinks.py`
holds that nothing is written around it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from agents.redact import Redactor


class Known:
    """The secret values of the environment as it is, with those that a plan has named."""

    def __init__(self) -> None:
        """Nothing is looked at yet."""
        self._names: frozenset[str] = frozenset()
        self._seen: dict[Any, Any] | None = None
        self._shown = self._kept = Redactor({})

    def also(self, names: Iterable[str]) -> None:
        """From now on, the values of these variables are secrets as well: a plan's `sandbox.secrets`."""
        self._names, self._seen = self._names | frozenset(names), None

    @property
    def kept(self) -> Redactor:
        """For what is kept in files and may be sent on: where models and engines are asked is not in there either."""
        self._look()
        return self._kept

    def text(self, text: str) -> str:
        """A text for a terminal, without the secrets."""
        self._look()
        return self._shown.text(text)

    def data(self, value: Any) -> Any:
        """The same for all strings of a JSON-able structure."""
        self._look()
        return self._shown.data(value)

    def finds(self, text: str) -> bool:
        """Whether one of them is in a text."""
        self._look()
        return self._shown.finds(text)

    def spans(self, text: str) -> list[tuple[str, int, int]]:
        """Where the secrets are in a text that keeps its styles."""
        self._look()
        return list(self._shown.found_in(text))

    def _look(self) -> None:
        # A log asks for this at each line, and to decode all variables takes most of what the line does: so it is what
        # they are decoded from that is compared, where this Python has it.
        now = getattr(os.environ, "_data", os.environ)
        if now != self._seen:
            self._seen, environ = dict(now), dict(os.environ)
            self._shown = Redactor.of_environment(environ, self._names)
            self._kept = Redactor.of_environment(environ, self._names, endpoints=True)


KNOWN = Known()
"""The one that there is."""

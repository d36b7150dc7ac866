"""Known secrets are taken out of every text before it is kept or shown."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from agents.secrets import SECRET_NAME, SHORTEST_SECRET, encodings, endpoints_of, secrets_of, spellings

__all__ = ["MARK", "SECRET_NAME", "SHORTEST_SECRET", "Redactor"]

MARK = re.compile(r"\[redacted [^]]*\]")
"""What stands in a text where a secret was."""

FRAGMENT = 8
"""So many characters of a secret are not left where a text was cut in the middle of it."""

_CUT = re.compile(r"\n?\[\.\.\. [^\n]*\.\.\.\]\n?|…")

_Span = tuple[int, int, str]


class Redactor:
    """Replaces the known `secrets` (name to value) by their names, in each spelling in which they are likely met."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        names: dict[str, str] = {}
        for name, value in secrets.items():
            if len(value) >= SHORTEST_SECRET:
                names.update(dict.fromkeys(spellings(value) - names.keys(), name))
        # Longest first: a secret that holds another is replaced whole.
        self._spelt = {form: names[form] for form in sorted(names, key=len, reverse=True)}
        encoded = {form: name for name, value in secrets.items() if value in names for form in encodings(value)}
        self._names = {**self._spelt, **{form: name for form, name in encoded.items() if form not in names}}
        ends = {end for form in names for end in (form[:FRAGMENT], form[-FRAGMENT:])}
        self._signs = sorted(ends | encoded.keys(), key=len, reverse=True)

    @classmethod
    def of_environment(
        cls, environ: Mapping[str, str], names: Collection[str] = (), *, endpoints: bool = False
    ) -> Redactor:
        """Knows what `agents.secrets` takes for secrets, with those in `names`; with `endpoints` who is asked, too."""
        return cls({**(endpoints_of(environ) if endpoints else {}), **secrets_of(environ, names)})

    def finds(self, text: str) -> bool:
        """Whether a known secret may be in a text, or in the JSON of a structure."""
        return any(form in text for form in self._names)

    def may_be_in(self, text: str) -> bool:
        """Whether so much as an end of a known secret is in a text, or in the JSON of a structure; quickly said."""
        for sign in self._signs:
            if sign in text:
                return True
        return False

    def forms(self) -> dict[str, list[bytes]]:
        """Each known secret by its name, in all the spellings that are looked for."""
        by_name: dict[str, list[bytes]] = {}
        for form, name in self._names.items():
            by_name.setdefault(name, []).append(form.encode(errors="surrogateescape"))
        return by_name

    def found_in(self, text: str) -> Iterator[tuple[str, int, int]]:
        """The name of each known secret in a text, and where it begins and ends; what overlaps is one."""
        yield from ((name, start, end) for start, end, name in _joined(self._whole(text)))

    def text(self, text: str) -> str:
        """A text without the known secrets, and without what a cut left of one."""
        if not self._names:
            return text
        if not self.may_be_in(text):
            return text
        spans = _joined([*self._whole(text), *self._fragments(text)])
        kept, at = [], 0
        for start, end, name in spans:
            kept += [text[at:start], f"[redacted {name}]"]
            at = end
        return "".join([*kept, text[at:]])

    def data(self, value: Any) -> Any:
        """The same for all strings, keys included, of a JSON-able structure."""
        # Most have none, which one look at all of it tells.
        return self._data(value) if self.may_be_in("\0".join(_strings(value))) else value

    def _data(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self._data(key): self._data(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._data(item) for item in value]
        return value

    def _whole(self, text: str) -> Iterator[_Span]:
        for form, name in self._names.items():
            at = text.find(form)
            while at >= 0:
                yield at, at + len(form), name
                at = text.find(form, at + 1)

    def _fragments(self, text: str) -> Iterator[_Span]:
        """Beginnings of secrets that end where the text was cut, ends of secrets that begin there."""
        if len(text) < FRAGMENT:
            return
        marked = _CUT.finditer(text) if "…" in text or "[... " in text else ()
        cuts = [(0, 0), *((cut.start(), cut.end()) for cut in marked), (len(text), len(text))]
        for form, name in self._spelt.items():
            for before, after in cuts:
                at = text.find(form[:FRAGMENT], max(0, before - len(form) + 1), before)
                while at >= 0:
                    if form.startswith(text[at:before]):
                        yield at, before, name
                        break
                    at = text.find(form[:FRAGMENT], at + 1, before)
                end = text.find(form[-FRAGMENT:], after, after + len(form) - 1)
                if end >= 0 and form.endswith(text[after : end + FRAGMENT]):
                    yield after, end + FRAGMENT, name


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strings(key)
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def _joined(spans: Iterator[_Span] | list[_Span]) -> list[_Span]:
    """In their order, those that overlap as one with the name of the longest."""
    joined: list[_Span] = []
    longest = 0
    for start, end, name in sorted(spans, key=lambda span: (span[0], -span[1])):
        if joined and start < joined[-1][1]:
            first, last, kept = joined[-1]
            if end - start > longest:
                kept, longest = name, end - start
            joined[-1] = (first, max(last, end), kept)
        else:
            joined.append((start, end, name))
            longest = end - start
    return joined

"""Find secrets in text by the detectors of the library detect-secrets, without asking any service whether one lives."""

from __future__ import annotations

from functools import cache
from typing import Any

# Entropy alone marks hashes and identifiers in any code; keyword detection marks every test's password.
_LEFT_OUT = frozenset({"HexHighEntropyString", "Base64HighEntropyString", "KeywordDetector", "IPPublicDetector"})
_LONGEST_LINE = 4096


@cache
def _detectors() -> tuple[Any, ...]:
    # Imported late: it is slow, and only a gate needs it.
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    known: Any = get_mapping_from_secret_type_to_class()
    return tuple(kind() for kind in known.values() if kind.__name__ not in _LEFT_OUT)


def find_secret(text: str) -> str | None:
    """The kind of the first secret in a text, or None."""
    for line in text.splitlines():
        for detector in _detectors():
            for found in detector.analyze_string(line[:_LONGEST_LINE]):
                if found:
                    return str(detector.secret_type)
    return None

"""Tokens as a provider counts them, by a real tokenizer: the one that litellm brings along, offline."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@cache
def _encoding() -> Any:
    # Found, not imported: that would take seconds.
    spec = find_spec("litellm")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    place = Path(spec.submodule_search_locations[0], "litellm_core_utils", "tokenizers")
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(place)
    try:
        import tiktoken

        return tiktoken.get_encoding("cl100k_base")
    finally:
        if before is None:
            del os.environ["TIKTOKEN_CACHE_DIR"]
        else:
            os.environ["TIKTOKEN_CACHE_DIR"] = before


def count(text: str) -> int:
    """How many tokens a text has."""
    return len(_encoding().encode(text, disallowed_special=()))

"""Marks for those providers that keep a prompt for the next request only where they are asked to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

WANT_MARKS = frozenset({"anthropic", "azure_ai", "bedrock", "databricks", "openrouter", "vertex_ai"})
"""Providers of litellm that serve Claude and pass marks on. Others cache by themselves, or not at all."""

MARK = {"type": "ephemeral"}


def wants_marks(litellm: Any, model: str) -> bool:
    """Whether this model's prompts are cached only as far as they are marked."""
    try:
        _, provider, _, _ = litellm.get_llm_provider(model)
        caches = litellm.utils.supports_prompt_caching(model=model)
    except Exception:  # noqa: BLE001 - litellm has no one error for a model that it doesn't know
        return False
    return provider in WANT_MARKS and "claude" in model.lower() and bool(caches)


def marked(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages with at most three marks, of the four that may be; not a word in them is another.

    The first is on what all conversations of a role share, the last on what the next request begins with, and the one
    between where the last one of the request before was, so that what was kept then is found now.
    """
    ends = {0, len(messages) - 1}
    answers = [place for place, message in enumerate(messages) if message["role"] == "assistant"]
    if answers and answers[-1] > 0:
        ends.add(answers[-1] - 1)
    # Beside the content, not in it: litellm brings it to where each provider has it.
    return [{**message, "cache_control": MARK} if place in ends else message for place, message in enumerate(messages)]

"""litellm's own table of prices, read as the file it is: importing litellm takes seconds, and nobody is asked here.

What a call really cost is computed by litellm. This is for what has to be known before it: what to set aside, and
which models have no price at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from agents.prices import Price
from agents.recorded_model import PREFIX as RECORDED

_FILE = "model_prices_and_context_window_backup.json"
_MILLION = 1_000_000


def price_of(models: Iterable[str], own: Mapping[str, Price]) -> Price | None:
    """The most that one of these models costs, so that a fallback is paid for as well; None where none has a price."""
    known = [price for model in models if (price := own.get(model) or listed_price(model)) is not None]
    if not known:
        return None
    return Price(
        input=max(price.input for price in known),
        output=max(price.output for price in known),
        cache_write=max(price.cache_write or price.input for price in known),
    )


def unpriced(models: Iterable[str], own: Mapping[str, object]) -> list[str]:
    """Those of the models that have no price, each once; a recording says itself what its answers cost."""
    names = dict.fromkeys(models)
    return [name for name in names if not name.startswith(RECORDED) and name not in own and listed_price(name) is None]


def listed_price(model: str) -> Price | None:
    """The price of a model id in litellm's table; None where it is not in there, or costs nothing by the token."""
    entry = _entry(model)
    tiers: list[dict[str, Any]] = entry.get("tiered_pricing") or [{}]
    entry = {**sorted(tiers, key=_dearness)[-1], **entry}
    if "input_cost_per_token" not in entry or "output_cost_per_token" not in entry:
        return None
    return Price(
        input=entry["input_cost_per_token"] * _MILLION,
        output=entry["output_cost_per_token"] * _MILLION,
        cached=_millions(entry.get("cache_read_input_token_cost")),
        cache_write=_millions(entry.get("cache_creation_input_token_cost")),
    )


def _dearness(tier: Mapping[str, Any]) -> float:
    return float(tier.get("output_cost_per_token", 0.0))


def _millions(dollars: float | None) -> float | None:
    return None if dollars is None else dollars * _MILLION


def _entry(model: str) -> dict[str, Any]:
    """The entry under the id itself, or under its name without the provider, if it is that provider's."""
    table = _table()
    provider, _, name = model.partition("/")
    entry = table.get(model)
    if entry is None and str(table.get(name, {}).get("litellm_provider", "")).startswith(provider):
        entry = table[name]
    return entry or {}


@cache
def _table() -> dict[str, dict[str, Any]]:
    package = find_spec("litellm")
    for place in (package.submodule_search_locations or ()) if package is not None else ():
        try:
            table: dict[str, dict[str, Any]] = json.loads((Path(place) / _FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return table
    return {}

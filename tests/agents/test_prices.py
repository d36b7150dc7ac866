"""Prices: the plan's go before litellm's, the table is read without litellm, and what has none is said."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agents.model import Usage
from agents.price_table import listed_price, price_of, unpriced
from agents.prices import Price
from agents.wire import Assembly

OWN = {"own/coder": Price(input=2.0, output=4.0, cached=0.5, cache_write=3.0)}


def test_each_part_of_a_prompt_has_its_price() -> None:
    """What the provider's cache serves, what it takes in, and the rest; all the input's where nothing else is said."""
    usage = Usage(prompt=1000, completion=100, cached=600, cache_written=300)
    assert OWN["own/coder"].cost(usage) == pytest.approx((100 * 2 + 600 * 0.5 + 300 * 3 + 100 * 4) / 1e6)
    assert Price(input=2.0, output=4.0).cost(usage) == pytest.approx((1000 * 2 + 100 * 4) / 1e6)


def test_no_use_of_the_cache_costs_more_than_what_was_set_aside() -> None:
    """The dearest part stands for the whole prompt."""
    price = OWN["own/coder"]
    for cached, written in ((0, 0), (1000, 0), (0, 1000), (300, 700)):
        usage = Usage(prompt=1000, completion=50, cached=cached, cache_written=written)
        assert price.cost(usage) <= price.most(prompt=1000, completion=50)


def test_the_cache_is_read_off_a_providers_usage() -> None:
    """Both what came from it and what went into it."""
    assembly = Assembly()
    details = {"cached_tokens": 600}
    assembly.take(
        {
            "usage": {
                "prompt_tokens": 1000,
                "completion_tokens": 5,
                "prompt_tokens_details": details,
                "cache_creation_input_tokens": 300,
            }
        }
    )
    assert assembly.usage == Usage(prompt=1000, completion=5, cached=600, cache_written=300)


@pytest.mark.parametrize("model", ["gpt-4o", "openai/gpt-4o"])
def test_a_model_is_found_with_its_provider_and_without(model: str) -> None:
    """As litellm takes both; a name of another provider's is not that model."""
    price = listed_price(model)
    assert price is not None
    assert 0 < (price.cached or 0) < price.input < price.output
    assert listed_price("hosted_vllm/gpt-4o") is None


def test_prices_by_tiers_count_as_their_dearest() -> None:
    """What is set aside has to be enough whatever tier a prompt comes into."""
    price = listed_price("dashscope/qwen3-coder-plus")
    assert price is not None
    assert price.output > 5


def test_a_chain_costs_what_its_dearest_model_does() -> None:
    """A fallback is paid for as well; a model without a price takes nothing away."""
    both = price_of(["nobody/knows", "own/coder", "openai/gpt-4o"], OWN)
    listed = listed_price("openai/gpt-4o")
    assert both is not None
    assert listed is not None
    assert (both.input, both.output) == (max(2.0, listed.input), max(4.0, listed.output))
    assert price_of(["nobody/knows"], OWN) is None


def test_models_without_a_price_are_named_once() -> None:
    """Not those that the plan has a price for, and not recordings, which say what they cost."""
    models = ["nobody/knows", "own/coder", "openai/gpt-4o", "recorded/a.jsonl", "nobody/knows"]
    assert unpriced(models, OWN) == ["nobody/knows"]


def test_the_table_is_read_without_litellm() -> None:
    """Importing it takes seconds, and `check` has none."""
    script = "import sys; from agents.price_table import listed_price; print(listed_price('gpt-4o') is not None)"
    script += "; print('litellm' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


@pytest.mark.slow
def test_litellm_says_the_same_of_every_model() -> None:
    """Where this table has a price it is the one that a call is charged at."""
    from agents.litellm_model import load_litellm

    litellm = load_litellm()
    for model in ("gpt-4o", "openai/gpt-5.2", "anthropic/claude-opus-4-5", "gemini/gemini-2.5-flash"):
        price = listed_price(model)
        assert price is not None, model
        prompt, completion = litellm.cost_per_token(
            model=model,
            prompt_tokens=1000,
            completion_tokens=100,
            cache_read_input_tokens=400,
            cache_creation_input_tokens=300 if price.cache_write is not None else 0,
        )
        usage = Usage(
            prompt=1000, completion=100, cached=400, cache_written=300 if price.cache_write is not None else 0
        )
        assert prompt + completion == pytest.approx(price.cost(usage)), model

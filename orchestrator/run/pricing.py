"""What a plan's models cost: its own prices first, then litellm's."""

from __future__ import annotations

from collections.abc import Callable

from agents import price_table
from agents.prices import Price
from orchestrator.plan.models import Plan


def own_prices(plan: Plan) -> dict[str, Price]:
    """The prices that the plan names, by model."""
    return {name: Price(**price.model_dump()) for name, price in plan.prices.items()}


def price_of_model(plan: Plan) -> Callable[[str], Price | None]:
    """Tells the price of a model, None where it is not known."""
    own = own_prices(plan)
    return lambda model: own.get(model) or price_table.listed_price(model)


def unpriced(plan: Plan) -> list[str]:
    """The models that agents of this plan may ask and that have no price, each once."""
    asked = [model for role in (*plan.roles, "coordinator") for model in plan.models_of(role)]
    return price_table.unpriced(asked, own_prices(plan))


def unpriced_note(model: str) -> str:
    """What that means for the user, and what to do about it."""
    return (
        f"no price is known for {model}: the cost limit does not count it; "
        "add it to `prices` in the plan, or set a limit on tokens"
    )

"""Limits as a tree: what an agent uses is charged to its attempt, its task, its role and its run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from agents.budget import SMALLEST_ANSWER_TOKENS, LimitReached, Reservation
from agents.model import Bill
from agents.prices import Price

Gauge = Callable[[], float]
"""Tells what is used by now of something that is measured, not counted."""


class Account:
    """A budget of each of the dimensions.

    One is without bound where `limits` lacks it; zero means zero. Steps, tokens and dollars are counted here, from
    what earlier processes `used`; seconds are read off `gauges`. A charge to an account is one to all `above` it, and
    to theirs, each once: a role's account stands beside those of the tasks.
    """

    def __init__(
        self,
        limits: Mapping[str, float],
        *,
        above: Sequence[Account] = (),
        used: Mapping[str, float] | None = None,
        gauges: Mapping[str, Gauge] | None = None,
        price: Price | None = None,
        name: str = "",
    ) -> None:
        """`price` is that of the model that will be asked: where it is known, money is set aside as well."""
        self.limits = dict(limits)
        self.used = {"steps": 0.0, "tokens": 0.0, "cost": 0.0, **(used or {})}
        self._gauges = dict(gauges or {})
        self._price = price
        self._prefix = f"{name}." if name else ""
        self._open: list[Reservation] = []
        further = (each for one in above for each in one._lineage)
        self._lineage: tuple[Account, ...] = tuple(dict.fromkeys((self, *further)))

    def command(self) -> None:
        """See that there is time left for a command, here and above; raises LimitReached."""
        for account in self._lineage:
            for limit, gauge in account._gauges.items():
                if (used := gauge()) >= account._limit(limit):
                    raise account._reached(limit, used)

    def reserve(self, *, prompt_tokens: int, max_tokens: int, steps: int = 1) -> Reservation:
        """Set a step, tokens and their price aside, here and above, all or none: the answer lowered to what fits.

        Raises LimitReached, for a clock that has run out as well.
        """
        least, granted = min(SMALLEST_ANSWER_TOKENS, max_tokens), max_tokens
        for account in self._lineage:
            if account.used["cost"] >= account._limit("cost"):  # holds for a model of unknown price too
                raise account._reached("cost", account.used["cost"])
            for limit, each_prompt, each_answer in self._rates():
                prompt = prompt_tokens * each_prompt
                left = account.room(limit) - prompt
                if left < 0 or left < least * each_answer:
                    raise account._reached(limit, account.used[limit] + account.reserved(limit) + prompt)
                granted = int(min(granted, left / each_answer)) if each_answer else granted
            if account.room("steps") < steps:
                raise account._reached("steps", account.used["steps"] + account.reserved("steps"))
        self.command()
        cost = 0.0 if self._price is None else self._price.most(prompt=prompt_tokens, completion=granted)
        reservation = Reservation(prompt_tokens=prompt_tokens, max_tokens=granted, cost=cost, steps=steps)
        for account in self._lineage:
            account._open.append(reservation)
        return reservation

    def seconds_left(self) -> float:
        """How long until a limit of wall time is reached, here or above; infinite where there is none."""
        clocks = [(each._limit("wall"), each._gauges["wall"]) for each in self._lineage if "wall" in each._gauges]
        return max(0.0, min((limit - seconds() for limit, seconds in clocks), default=math.inf))

    def settle(self, reservation: Reservation, bill: Bill, *, answered: bool) -> None:
        """Charge what was used, here and above, and let the reservation go; raises ValueError for one let go before."""
        for account in self._lineage:
            account._open.remove(reservation)
            account.used["steps"] += reservation.steps if answered else 0
            account.used["tokens"] += bill.usage.prompt + bill.usage.completion
            account.used["cost"] += bill.cost or 0.0

    def reserved(self, limit: str) -> float:
        """What the calls on their way have set aside of `steps`, `tokens` or `cost`."""
        # Summed anew, so that no rounding is left over when all is settled.
        return sum(each.of(limit) for each in self._open)

    def room(self, limit: str) -> float:
        """What is neither used nor reserved here."""
        return self._limit(limit) - self.used[limit] - self.reserved(limit)

    def _rates(self) -> list[tuple[str, float, float]]:
        """What a token of a prompt and one of an answer take of each limit that is set aside."""
        money = [] if self._price is None else [("cost", self._price.most(prompt=1), self._price.most(completion=1))]
        return [("tokens", 1.0, 1.0), *money]

    def _limit(self, limit: str) -> float:
        return self.limits.get(limit, float("inf"))

    def _reached(self, limit: str, used: float) -> LimitReached:
        return LimitReached(self._prefix + limit, self.limits[limit], used)

"""Limits as a tree: what a task uses is charged to its run as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agents.budget import SMALLEST_ANSWER_TOKENS, LimitReached, Reservation
from agents.model import Usage


class Account:
    """A budget of `steps`, `tokens` and `cost` (dollars), each without bound where `limits` lacks it; zero means zero.

    `used` is what earlier processes of the same run used. `reserved_tokens` are those of calls on their way.
    """

    def __init__(
        self,
        limits: Mapping[str, float],
        *,
        parent: Account | None = None,
        used: Mapping[str, float] | None = None,
        name: str = "",
    ) -> None:
        self.limits = dict(limits)
        self.used = {"steps": 0.0, "tokens": 0.0, "cost": 0.0, **(used or {})}
        self.reserved_tokens = 0
        self._parent = parent
        self._prefix = f"{name}." if name else ""

    def step(self) -> None:
        """Count one step here and above, all or none; raises LimitReached."""
        for account in self._lineage():
            account.check("steps", account.used["steps"] + 1)
        for account in self._lineage():
            account.used["steps"] += 1

    def reserve(self, *, prompt_tokens: int, max_tokens: int) -> Reservation:
        """Set tokens aside here and above, the answer's lowered to what fits; raises LimitReached."""
        for account in self._lineage():
            if account.used["cost"] >= account.limits.get("cost", float("inf")):
                raise account.reached("cost", account.used["cost"])
        room = min(account.room() for account in self._lineage()) - prompt_tokens
        granted = int(min(max_tokens, room))
        if granted < min(SMALLEST_ANSWER_TOKENS, max_tokens):
            tightest = min(self._lineage(), key=Account.room)
            raise tightest.reached("tokens", tightest.used["tokens"] + tightest.reserved_tokens + prompt_tokens)
        for account in self._lineage():
            account.reserved_tokens += prompt_tokens + granted
        return Reservation(prompt_tokens=prompt_tokens, max_tokens=granted)

    def settle(self, reservation: Reservation, *, usage: Usage, cost: float | None) -> None:
        """Charge what was used, here and above, and let the reservation go."""
        for account in self._lineage():
            account.reserved_tokens -= reservation.prompt_tokens + reservation.max_tokens
            account.used["tokens"] += usage.prompt + usage.completion
            account.used["cost"] += cost or 0.0

    def room(self) -> float:
        """Tokens that are neither used nor reserved here."""
        return self.limits.get("tokens", float("inf")) - self.used["tokens"] - self.reserved_tokens

    def check(self, limit: str, would_be: float) -> None:
        """Raises LimitReached if `would_be` is more than the limit of this account."""
        if would_be > self.limits.get(limit, float("inf")):
            raise self.reached(limit, self.used[limit])

    def reached(self, limit: str, used: float) -> LimitReached:
        """The error of one of this account's limits."""
        return LimitReached(self._prefix + limit, self.limits[limit], used)

    def _lineage(self) -> Iterator[Account]:
        account: Account | None = self
        while account is not None:
            yield account
            account = account._parent

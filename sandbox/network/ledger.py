"""What a sandbox asks for: told one by one while that is few, counted for as long as it lives."""

from __future__ import annotations

from collections import Counter

from sandbox.network.hosts import joined
from sandbox.network.network import Asked, Told, Used

MOST_ALLOWED_TOLD = 500
MOST_REFUSED_TOLD = 100
"""Requests of one sandbox that are told one by one: a command in a loop is not to fill a disk with its refusals."""

MOST_HOSTS = 100
"""Hosts that are counted apart; the rest is counted together, as OTHERS."""

OTHERS = "others"


class Ledger:
    """The account of one sandbox."""

    def __init__(self, sandbox: str, told: Told) -> None:
        self.sandbox = sandbox
        self.sent_bytes = 0
        self.received_bytes = 0
        self._told = told
        self._hosts: Counter[str] = Counter()
        self._asked = {True: 0, False: 0}

    async def ask(
        self, method: str, host: str, port: int, *, why: str | None = None, addresses: tuple[str, ...] = ()
    ) -> None:
        """Take a request down before it is served, or for the reason `why` refused; raises what `told` does."""
        allowed = why is None
        self._asked[allowed] += 1
        if allowed:
            name = joined(host, port)
            self._hosts[name if name in self._hosts or len(self._hosts) < MOST_HOSTS else OTHERS] += 1
        if self._asked[allowed] <= (MOST_ALLOWED_TOLD if allowed else MOST_REFUSED_TOLD):
            request = Asked(
                sandbox=self.sandbox,
                method=method,
                host=host,
                port=port,
                allowed=allowed,
                why=why,
                addresses=addresses,
            )
            await self._told(request)

    async def close(self) -> None:
        """Tell the sum, if there is anything to tell."""
        if sum(self._asked.values()):
            used = Used(
                sandbox=self.sandbox,
                requests=sum(self._asked.values()),
                refused=self._asked[False],
                sent_bytes=self.sent_bytes,
                received_bytes=self.received_bytes,
                hosts=dict(self._hosts),
            )
            await self._told(used)

"""What goes wrong between an agent and its model.

ModelError
├── ModelUnavailable   the provider is down after all retries and fallbacks: the task is parked
│   └── WaitEnded          ... or the run is to stop, and nobody waits for the provider any longer
├── ModelRefused       final: no such model, a malformed request
│   └── CredentialsRefused   ... the key is missing or not accepted: the whole run stops until that is mended
│       └── AccountEmpty         ... or nothing is left of what it may spend
├── ContextTooLong     the prompt does not fit
└── ModelFault         one try went wrong and the next may not: never leaves the retries
"""

from __future__ import annotations

from agents.model import Bill


class ModelError(Exception):
    """Base: `model` is the id that failed, `why` the provider's words, cut and printable.

    `bill` is what tries used that broke off after the provider had begun to answer, about.
    """

    def __init__(self, model: str, why: str) -> None:
        self.model = model
        self.why = why
        self.bill = Bill()
        super().__init__(f"{model}: {why}")


class ModelUnavailable(ModelError):
    """Every retry and every fallback was used up."""


class WaitEnded(ModelUnavailable):
    """The user asked for a stop while the provider was waited for."""


class ModelRefused(ModelError):
    """An error that asking again can't mend."""


class CredentialsRefused(ModelRefused):
    """The provider takes no request with this key, or there is none; leaves an agent's run as it is."""


class AccountEmpty(CredentialsRefused):
    """The account that the key is of has no money left, or has reached a limit that its owner set with the provider."""


class ContextTooLong(ModelError):
    """The conversation is longer than the model takes."""


class ModelFault(ModelError):
    """A rate limit, an overload, a timeout or a broken stream; `retry_after_seconds` is the provider's wish."""

    def __init__(self, model: str, why: str, *, retry_after_seconds: float | None = None) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(model, why)

"""From the model ids of a plan to models that can be asked: the table of kinds of models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agents.chain import ModelChain
from agents.circuit import Circuits
from agents.litellm_model import LitellmModel
from agents.model import Model
from agents.prices import Price
from agents.recorded_model import PREFIX as RECORDED
from agents.recorded_model import RecordedModel
from agents.recorder import Recorder
from agents.redact import Redactor
from agents.retry import Asking, Patience, RetryingModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """What holds for all models of a run. `stream=False` is for endpoints that can't stream."""

    redactor: Redactor
    prices: Mapping[str, Price] = field(default_factory=dict)
    stream: bool = True
    timeout_seconds: float = 120.0
    total_seconds: float = 900.0
    patience: Patience = field(default_factory=Patience)
    circuits: Circuits = field(default_factory=Circuits)
    stopping: Callable[[], bool] = lambda: False


FALLBACK_TRIES = 4
"""How often a model is tried that has another behind it: some seconds, where waiting for the last may take minutes."""


def make_model(
    ids: str | Sequence[str], *, task: str, agent: str, settings: ModelSettings, recorder: Recorder
) -> Model:
    """The model of one agent: retried, and with its fallbacks where `ids` has more than one."""
    names = [ids] if isinstance(ids, str) else list(ids)
    asking = Asking(task=task, agent=agent, circuits=settings.circuits, stopping=settings.stopping)
    hasty = replace(settings.patience, tries=min(FALLBACK_TRIES, settings.patience.tries))
    models: list[Model] = [
        RetryingModel(
            _one(name, task=task, agent=agent, settings=settings),
            recorder=recorder,
            patience=settings.patience if name == names[-1] else hasty,
            asking=asking,
        )
        for name in names
    ]
    return models[0] if len(models) == 1 else ModelChain(models, recorder=recorder)


def _one(name: str, *, task: str, agent: str, settings: ModelSettings) -> Model:
    if name.startswith(RECORDED):
        return RecordedModel(Path(name.removeprefix(RECORDED)), task=task, agent=agent)
    return LitellmModel(
        name,
        redactor=settings.redactor,
        prices=settings.prices,
        stream=settings.stream,
        timeout_seconds=settings.timeout_seconds,
        total_seconds=settings.total_seconds,
    )

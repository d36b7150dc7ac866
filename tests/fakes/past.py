"""A past that is the events of a test's own recorder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.looking_back import deeds, words_of
from agents.past import Deed, Found, named
from agents.ranking import Ranking
from agents.work_done import WorkDone, work_done
from tests.fakes.judges import FakeRecorder


class FakePast:
    """What `agent` sees of a recorder that takes the events of one task, and of texts that it was told."""

    def __init__(self, recorder: FakeRecorder, *, agent: str, told: Mapping[str, str] | None = None) -> None:
        self._recorder = recorder
        self._agent = agent
        self._told = told or {}

    async def step(self, agent: str, number: int) -> tuple[Deed, ...]:
        """From the events."""
        return deeds(self._recorder.events, agent, number) if self._seen(agent) else ()

    async def text(self, name: str) -> str | None:
        """As it was told."""
        return named(self._told, name)

    async def search(self, words: Sequence[str], *, before: int) -> Found:
        """Over all of it."""
        ranking = Ranking(words)
        for name, text in self._told.items():
            ranking.look(name, text, named=True)
        for event in reversed(self._recorder.events):
            agent, step = getattr(event, "agent", None), getattr(event, "step", None)
            if agent is None or step is None or not self._seen(agent):
                continue
            if agent != self._agent:
                ranking.look(f"{agent} step {step}", words_of(event))
            elif step < before:
                ranking.look(f"step {step}", words_of(event))
        return ranking.found()

    async def work_done(self) -> WorkDone:
        """Folded from the events."""
        return work_done(self._recorder.events, agent=self._agent)

    def _seen(self, agent: str) -> bool:
        return agent.split(".")[0] == self._agent.split(".")[0]

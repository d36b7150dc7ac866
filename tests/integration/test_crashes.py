"""The program is killed outright again and again at its commits: what it had begun is finished, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crashes.forked import Zygote, zygote
from tests.crashes.matrix import Chain, carry_out

pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.timeout(900)]

CHAINS = [Chain(backend="bubblewrap", seed=seed) for seed in (2, 3, 5, 6)] + [Chain(backend="docker", seed=3)]
"""Some fifty crashes; `python -m benchmarks.crash_matrix` does over two hundred, at every kind of event."""


@pytest.fixture(scope="module")
def started() -> Iterator[Zygote]:
    """What the program is forked from."""
    with zygote() as process:
        yield process


def _named(chain: Chain) -> object:
    marks = [pytest.mark.docker] if chain.backend == "docker" else []
    return pytest.param(chain, id=f"{chain.backend}-seed{chain.seed}", marks=marks)


@pytest.mark.parametrize("chain", [_named(chain) for chain in CHAINS])
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_never_was(
    chain: Chain, tmp_path: Path, started: Zygote
) -> None:
    """The same tree, each commit landed once, no answer paid for twice, and what was interrupted is shown as that."""
    survived = carry_out(chain, tmp_path, started)
    assert survived.kinds, "the program was never killed"

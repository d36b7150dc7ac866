"""A program that attacks its own bubblewrap sandbox, and says what broke: `besiege.py PLACE [writable-cgroup]`."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import anyio

from sandbox.backends import BACKENDS
from sandbox.cgroups import Cgroup
from tests.contracts.sandbox.ground import ground
from tests.contracts.sandbox.walls import WALLS, cpu_time_is_bounded, own_users_and_cgroups


async def main() -> None:
    """Print each wall with what broke."""
    if sys.argv[2:] == ["writable-cgroup"]:  # it has no other protection from the user who owns it
        shown = Cgroup.show
        writable = partial(map, lambda word: word.replace("--ro-bind", "--bind"))
        Cgroup.show = lambda self: [*writable(shown(self))]  # type: ignore[method-assign]
    with ground(Path(sys.argv[1])) as target:
        async with BACKENDS["bubblewrap"]().open(target.spec) as sandbox:
            walls = (*WALLS, own_users_and_cgroups, cpu_time_is_bounded)
            broken = {wall.__name__: await wall(sandbox, target) for wall in walls}
    sys.stdout.write(json.dumps(broken))


anyio.run(main)

"""A program that attacks a bubblewrap sandbox of whoever runs it, and says what broke: `besiege.py PLACE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import anyio

from sandbox.backends import BACKENDS
from tests.contracts.sandbox.ground import ground
from tests.contracts.sandbox.walls import WALLS, cpu_time_is_bounded, own_users_and_cgroups


async def main() -> None:
    """Print each wall with what broke."""
    with ground(Path(sys.argv[1])) as target:
        async with BACKENDS["bubblewrap"]().open(target.spec) as sandbox:
            walls = (*WALLS, own_users_and_cgroups, cpu_time_is_bounded)
            broken = {wall.__name__: await wall(sandbox, target) for wall in walls}
    sys.stdout.write(json.dumps(broken))


anyio.run(main)

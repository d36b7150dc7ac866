"""Keeps a journal of today's shape among the golden ones, after a kind or a field was added.

usage: python -m tests.journal.keep

What was written by a program that is out stays as it is: before a version is raised, rename `today.jsonl`.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from orchestrator.journal.store import JournalStore
from tests.views import story

TODAY = Path(__file__).parent / "golden/today.jsonl"


def main() -> None:
    """Write the story of the views, in which every kind is, as the journal has it."""
    with tempfile.TemporaryDirectory() as place, JournalStore(Path(place) / "journal.db") as store:
        store.append(story.RUN, story.whole_story())
        TODAY.write_text("".join(f"{json.dumps(asdict(row))}\n" for row in store.events(story.RUN)))


if __name__ == "__main__":
    main()

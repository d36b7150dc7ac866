"""Whether a journal still has all that its landed commits vouch for: each carries the head of its time."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path


def cut_tail(store: Path, *, run: str, before: Collection[str], hashes: Collection[str]) -> str | None:
    """The first landed commit of a run whose journal head is in none of `hashes`, in words; None where all are there.

    `store` is the bare repository that holds `mimo/RUN/main`; what the commits in `before` reach is not the run's own.
    Raises GitFailed.
    """
    from orchestrator.airlock.git import Git
    from orchestrator.airlock.messages import Trailer, parse_trailers
    from orchestrator.airlock.refs import require_oid, run_main

    if not store.exists():
        return None
    git = Git(git_dir=store)
    tip = git.attempt(["rev-parse", "--quiet", "--verify", "--end-of-options", run_main(run)])
    if tip.code:
        return None
    span = [require_oid(tip.stdout.decode().strip()), *(f"^{require_oid(commit)}" for commit in before)]
    for commit in git.run(["rev-list", "--reverse", "--first-parent", *span]).decode().split():
        _, _, message = git.run(["cat-file", "commit", commit]).partition(b"\n\n")
        head = parse_trailers(message).get(Trailer.JOURNAL)
        if head is not None and head not in hashes:
            return f"commit {commit} carries the head {head}, which is not there any more: the end was cut off"
    return None

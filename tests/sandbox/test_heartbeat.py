"""The thread that lets supervisors hear of us."""

from __future__ import annotations

import threading

from sandbox.heartbeat import BEAT_SECONDS, SILENCE_SECONDS, Heart

WAIT_SECONDS = 60.0


def beating() -> list[threading.Thread]:
    """The threads of hearts."""
    return [thread for thread in threading.enumerate() if thread.name == "heartbeat"]


def test_everyone_is_heard_of_again_and_again() -> None:
    """One thread serves all, while this one does something else; with the last of them it ends."""
    heart, before = Heart(0.001), beating()
    heard = [threading.Semaphore(0), threading.Semaphore(0)]
    with heart.beating(heard[0].release), heart.beating(heard[1].release):
        for each in heard:
            for _ in range(5):
                assert each.acquire(timeout=WAIT_SECONDS)
        (thread,) = set(beating()) - set(before)
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive()
    with heart.beating(heard[0].release):
        assert heard[0].acquire(timeout=WAIT_SECONDS)


def test_a_beat_may_be_late() -> None:
    """A supervisor that misses two beats does not give up."""
    assert SILENCE_SECONDS > 3 * BEAT_SECONDS

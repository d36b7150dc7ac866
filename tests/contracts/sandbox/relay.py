"""A relay in front of a Docker engine, which a test can cut, hold, or have answer late."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.engine import DEFAULT_URL

ENGINE = Path(DEFAULT_URL.removeprefix("unix://"))


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    """A way to the engine that a test has in its hand."""
    if not ENGINE.exists():
        pytest.skip("the engine is not on a local socket")
    passing = Relay(tmp_path / "engine.sock", str(ENGINE))
    yield passing
    passing.cut()


class Relay:
    """Listens on a local socket and passes every connection on to `engine`, until it is cut.

    In `late` stand requests, by bytes of theirs: the next of each is answered that many seconds after the engine did.
    """

    def __init__(self, path: Path, engine: str) -> None:
        self.url = f"unix://{path}"
        self._engine = engine
        self._open: list[socket.socket] = []
        self._flowing = threading.Event()
        self._flowing.set()
        self.late: dict[bytes, float] = {}
        self._held_back: dict[socket.socket, float] = {}
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._run(self._accept)

    def _run(self, target: object, *arguments: socket.socket) -> None:
        thread = threading.Thread(target=target, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                self._open += [near, far]
                far.connect(self._engine)
                self._run(self._pass, near, far)
                self._run(self._pass, far, near)

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                for words in [words for words in self.late if words in data]:
                    self._held_back[sink] = self.late.pop(words)
                time.sleep(self._held_back.pop(source, 0))
                self._flowing.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nothing passes in either direction: the engine says no word, and hears none."""
        self._flowing.clear()
        try:
            yield
        finally:
            self._flowing.set()

    def cut(self) -> None:
        """End every connection and take no more."""
        self._flowing.set()
        for end in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(timeout=20)
        for end in [self._listener, *self._open]:
            end.close()

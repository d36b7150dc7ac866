"""Words for whoever maintains this: events with a name and fields, which cost next to nothing while nobody listens.

They go through the standard library's logging, as those of the libraries here do. Who listens is decided elsewhere.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

ROOT = "mimo"
"""The logger above all of ours."""

logging.getLogger(ROOT).addHandler(logging.NullHandler())

P = ParamSpec("P")
T = TypeVar("T")


class Log:
    """The events of one part of the program. An event is named `part.happened`; what varies is a field, never prose."""

    def __init__(self, part: str) -> None:
        self._logger = logging.getLogger(f"{ROOT}.{part}")

    def debug(self, event: str, **fields: object) -> None:
        """What is worth knowing only when something is searched for: a command of git, a call of the engine."""
        self._logger.debug(event, extra={"fields": fields})

    def info(self, event: str, **fields: object) -> None:
        """What happened."""
        self._logger.info(event, extra={"fields": fields})

    def warning(self, event: str, **fields: object) -> None:
        """What went wrong and was got over."""
        self._logger.warning(event, extra={"fields": fields})

    def error(self, event: str, error: BaseException, **fields: object) -> None:
        """What went wrong, with where it came from."""
        self._logger.error(event, extra={"fields": fields}, exc_info=error)

    @contextmanager
    def timed(self, event: str, **fields: object) -> Iterator[None]:
        """Say of a block how long it took, and what it raised, if it did."""
        if not self._logger.isEnabledFor(logging.DEBUG):
            yield
            return
        began = time.monotonic()
        raised: BaseException | None = None
        try:
            yield
        except BaseException as error:
            raised = error
            raise
        finally:
            told = {"raised": repr(raised)} if raised is not None else {}
            self.debug(event, **fields, seconds=round(time.monotonic() - began, 6), **told)

    def timing(self, event: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Say the same of each call of a function, by its name."""

        def decorate(function: Callable[P, T]) -> Callable[P, T]:
            @functools.wraps(function)
            def call(*args: P.args, **kwargs: P.kwargs) -> T:
                with self.timed(event, call=function.__name__):
                    return function(*args, **kwargs)

            return call

        return decorate

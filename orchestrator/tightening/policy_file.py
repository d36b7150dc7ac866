"""The policy file in the user's own working tree: read and replaced, whole or not at all, and never through a link."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import UsageProblem

DIRECTORY, NAME = ".mimo", "policy.yaml"
FILE = f"{DIRECTORY}/{NAME}"
_NEW_MODE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOnDisk:
    """The file of the repository whose working tree is at `top`."""

    top: Path

    @property
    def path(self) -> Path:
        """Where it is, or would be."""
        return self.top / DIRECTORY / NAME

    def read(self) -> str | None:
        """Its text; None where there is none. Raises UsageProblem for a link, and for what can't be read."""
        self._require_plain()
        try:
            return self.path.read_bytes().decode()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._refusal(getattr(error, "strerror", None) or "it is not UTF-8") from None

    def replace(self, before: str | None, after: str) -> None:
        """Write another text, if the one there still is `before`; raises UsageProblem."""
        if self.read() != before:
            raise self._refusal("it was changed meanwhile")
        try:
            self.path.parent.mkdir(exist_ok=True)
            mode = stat.S_IMODE(self.path.stat().st_mode) if before is not None else _NEW_MODE
            self._put(after, mode)
        except OSError as error:
            raise self._refusal(error.strerror or str(error)) from None

    def _put(self, text: str, mode: int) -> None:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{NAME}.")
        try:
            with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor has no path
                file.write(text.encode())
                file.flush()
                os.fsync(handle)
            Path(name).chmod(mode)
            Path(name).replace(self.path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise

    def _require_plain(self) -> None:
        for place, is_right in ((self.path.parent, Path.is_dir), (self.path, Path.is_file)):
            if place.is_symlink():
                raise self._refusal(f"{place.relative_to(self.top)} is a symbolic link")
            if place.exists() and not is_right(place):
                raise self._refusal(f"{place.relative_to(self.top)} is something else")

    def _refusal(self, why: str) -> UsageProblem:
        return UsageProblem(f"{FILE}: {why}")

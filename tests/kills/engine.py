"""A Docker engine of the test's own, which may be killed: nobody else's containers are on it."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

IMAGE = "kills:tiny"
START_SECONDS = 120.0
_PROGRAMS = ("sh", "sleep", "cat", "true")


def can_be_had() -> bool:
    """Whether this machine starts an engine: root, and `dockerd` with the command line beside it."""
    return os.getuid() == 0 and all(shutil.which(name) for name in ("dockerd", "docker", "ldd", "unshare"))


class OwnEngine:
    """`dockerd` with its data below one directory and a network of nobody's; its containers' image is made of ours."""

    def __init__(self, place: Path) -> None:
        self.url = f"unix://{place}/docker.sock"
        self._place = place
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, for the first time or after it was killed; returns when it answers."""
        end = time.monotonic() + START_SECONDS
        self._launch()
        while self.docker("version", check=False).returncode != 0:
            assert time.monotonic() < end, (self._place / "log").read_text()[-2000:]
            if self._process is None or self._process.poll() is not None:
                self._launch()  # it gives its containerd 15 seconds, of which a busy disk makes more
            time.sleep(0.1)

    def _launch(self) -> None:
        for pid in self._of_ours(b"containerd.toml"):  # it would be taken for the new one's own
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        (self._place / "pid").unlink(missing_ok=True)
        # In a network namespace of its own: without a bridge it takes away `docker0`, whosever that is.
        words = ["unshare", "--net", "dockerd"]
        words += ["--data-root", str(self._place / "data"), "--exec-root", str(self._place / "exec")]
        words += ["--host", self.url, "--pidfile", str(self._place / "pid")]
        words += ["--bridge=none", "--iptables=false", "--ip6tables=false"]
        with (self._place / "log").open("ab") as log:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def docker(self, *words: str, check: bool = True, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """A command of the `docker` command line on this engine."""
        environment = {"PATH": os.environ["PATH"], "DOCKER_HOST": self.url}
        return subprocess.run(["docker", *words], input=data, capture_output=True, env=environment, check=check)

    def kill(self) -> None:
        """End it as a crash would: no warning, nothing tidied up. Its own containerd dies with it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        end = time.monotonic() + START_SECONDS
        while self._of_ours(b"containerd.toml"):  # a next engine would take it for its own
            assert time.monotonic() < end, "its containerd goes on"
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in an orderly way, with all that it started."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=60)
        for pid in self._of_ours(b"containerd-shim"):  # they outlive a killed engine
            os.kill(pid, signal.SIGKILL)

    def _of_ours(self, word: bytes) -> list[int]:
        return [pid for pid, words in _processes() if word in words and str(self._place).encode() in words]


@contextmanager
def own_engine() -> Iterator[OwnEngine]:
    """An engine with the image IMAGE, which declares a volume; all of it is gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="mimo-engine-", dir="/var/tmp"))
    engine = OwnEngine(place)
    try:
        engine.start()
        engine.docker("import", "--change", "VOLUME /var/volume", "-", IMAGE, data=_root())
        yield engine
    finally:
        engine.stop()
        for mount in _mounts_below(place):
            subprocess.run(["umount", mount], check=False)
        shutil.rmtree(place, ignore_errors=True)


def _root() -> bytes:
    """The smallest root that has a shell: some of this machine's programs, and the libraries that they need."""
    files: dict[str, Path] = {}
    for name in _PROGRAMS:
        found = shutil.which(name, path="/usr/bin:/bin")
        assert found is not None
        files[f"bin/{name}"] = Path(found).resolve()
        listed = subprocess.run(["ldd", found], capture_output=True, text=True, check=True).stdout.split()
        files |= {word.lstrip("/"): Path(word).resolve() for word in listed if word.startswith("/")}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, path in files.items():
            about = tarfile.TarInfo(name)
            about.size, about.mode = path.stat().st_size, 0o755
            with path.open("rb") as content:
                archive.addfile(about, content)
    return packed.getvalue()


def _processes() -> Iterator[tuple[int, bytes]]:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            yield int(entry.name), (entry / "cmdline").read_bytes()
        except OSError:
            continue


def _mounts_below(place: Path) -> list[str]:
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return sorted((point for point in points if point.startswith(f"{place}/")), reverse=True)

"""The supervisor's side of the wire, fuzzed for a bounded while: the same inputs in each run."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from sandbox.protocol import FrameType
from tests.sandbox.sanitized import SUPERVISOR, compile_sanitized, why_not

HERE = Path(__file__).parent
CORPUS = sorted((HERE / "corpus").iterdir())
ROUNDS = 20_000

pytestmark = pytest.mark.slow
needs_gcc = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where READ and WRITE work."""
    made = tmp_path / "worktree"
    made.mkdir()
    return made


def fuzz(program: Path, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a fuzzer in a directory of its own."""
    command = [str(program), *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, errors="replace", check=False)


@needs_gcc
def test_no_input_harms(tmp_path: Path, directory: Path) -> None:
    """Whatever comes over the wire is served or refused, without an access that the sanitizers know to be wrong."""
    made = compile_sanitized([HERE / "frames.c", HERE / "driver.c"], tmp_path / "fuzz")
    assert made.returncode == 0, made.stderr
    ran = fuzz(tmp_path / "fuzz", directory, str(ROUNDS), "1", *map(str, CORPUS))
    assert (ran.returncode, ran.stdout) == (0, f"{len(CORPUS)} files, {ROUNDS} rounds\n"), ran.stderr


@needs_gcc
@pytest.mark.parametrize(
    ("file", "bound"),
    [
        ("frame.c", "cursor->bad || cursor->left < length"),
        ("frame.c", "|| *end != 0"),
        ("beneath.c", "|| length >= sizeof component"),
    ],
    ids=["length", "end of a string", "component"],
)
def test_a_missing_bound_is_found(tmp_path: Path, directory: Path, file: str, bound: str) -> None:
    """With one check of the parser taken away the fuzzer finds what it kept off."""
    shutil.copytree(SUPERVISOR, tmp_path / "supervisor")
    source = tmp_path / "supervisor" / file
    text = source.read_text()
    assert bound in text
    source.write_text(text.replace(bound, "" if bound.startswith("||") else "cursor->bad"))
    made = compile_sanitized([HERE / "frames.c", HERE / "driver.c"], tmp_path / "fuzz", include=tmp_path / "supervisor")
    assert made.returncode == 0, made.stderr
    ran = fuzz(tmp_path / "fuzz", directory, str(ROUNDS), "1", *map(str, CORPUS))
    assert ran.returncode != 0
    assert "Sanitizer" in ran.stderr


@pytest.mark.skipif(why_not("clang", "fuzzer") is not None, reason=str(why_not("clang", "fuzzer")))
def test_under_libfuzzer(tmp_path: Path, directory: Path) -> None:
    """The same target under a fuzzer that looks at what an input reaches."""
    made = compile_sanitized([HERE / "frames.c"], tmp_path / "fuzz", compiler="clang", extra="fuzzer")
    assert made.returncode == 0, made.stderr
    corpus = tmp_path / "corpus"
    shutil.copytree(HERE / "corpus", corpus)
    ran = fuzz(tmp_path / "fuzz", directory, f"-runs={ROUNDS}", "-seed=1", "-max_len=4096", str(corpus))
    assert ran.returncode == 0, ran.stderr


def test_every_request_is_in_the_corpus() -> None:
    """The fuzzer starts from an example of each request there is."""
    first = {struct.unpack_from("<III", data)[1] for path in CORPUS if len(data := path.read_bytes()) >= 12}
    assert {kind for kind in FrameType if kind >= FrameType.EXEC} - {FrameType.CANCEL} <= first
    assert (
        b"".join(struct.pack("<II", kind, 3) for kind in (FrameType.CANCEL,))
        in (HERE / "corpus" / "exec-cancel").read_bytes()
    )

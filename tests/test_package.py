"""What is built: an sdist, a wheel from it, and a program that runs from that wheel alone."""

from __future__ import annotations

import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from orchestrator.cli.completion.shells import SHELLS
from tests.integration.program import Program, make_program
from tests.integration.scripting import editor, plan
from tests.tree import ROOMS, TOP, below, dotted, modules

pytestmark = pytest.mark.slow

SOURCES = {
    path.as_posix()
    for suffixes, rooms in (
        ((".py",), ROOMS),
        ((".yaml",), ("policies",)),
        ((".md",), ("agents",)),
        ((".md", ".txt", ".yaml", ".jsonl", *(f".{shell}" for shell in SHELLS)), ("orchestrator",)),
    )
    for path in below(*rooms, suffixes=suffixes)
}
"""Modules and what they read: pages of help, scripts for shells, presets, catalogue, prompts, the demo's sample."""

BUILT = {"sandbox/_bin/supervisor", "sandbox/_image/Dockerfile"}
SUPERVISOR = {path.as_posix() for path in below("sandbox", suffixes=(".c", ".h"))}
AROUND = {"Dockerfile", "hatch_build.py", "pyproject.toml", "README.md", "LICENSE", ".gitignore", "PKG-INFO"}
LOCK = TOP / "requirements.lock"
METADATA = {"METADATA", "WHEEL", "entry_points.txt", "RECORD", "licenses/LICENSE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Both archives, and the wheel as pip lays it out in a directory that holds nothing else."""

    sdist: Path
    wheel: Path
    installed: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A virtual environment, and a PATH on which there is git and nothing else."""

    venv: Path
    path: str

    def run(self, program: Program, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run what is in the environment, in the repository, to an end without a fault."""
        env = {name: value for name, value in program.env.items() if name != "PYTHONPATH"} | {"PATH": self.path}
        return done([str(self.venv / name), *arguments], cwd=program.repository, env=env)


SANDBOXED = """
import anyio, os, sys
from pathlib import Path
from sandbox import Command, SandboxSpec, sandbox_uid
from sandbox.bubblewrap import BubblewrapBackend

async def main():
    worktree = Path(sys.argv[1], "worktree")
    worktree.mkdir()
    os.chown(worktree, sandbox_uid(), -1)
    spec = SandboxSpec(run="fresh", task="task", worktree=worktree, base_objects=worktree)
    async with BubblewrapBackend().open(spec) as sandbox:
        result = await sandbox.execute(Command(script="echo in the sandbox"))
        sys.stdout.write(result.stdout.text())

anyio.run(main)
"""
"""A program that opens a sandbox in a directory and runs a command in it."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The sdist of the checkout, the wheel of the unpacked sdist, installed without its dependencies."""
    place = tmp_path_factory.mktemp("package")
    done([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(place)], cwd=TOP)
    (sdist,) = place.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        if hasattr(tarfile, "data_filter"):  # Debian's Python 3.11 is older than it
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(place)
    unpacked = place / sdist.name.removesuffix(".tar.gz")
    done([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)], cwd=unpacked)
    (wheel,) = place.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    done([*pip, "--target", str(place / "installed"), str(wheel)], cwd=place)
    return Package(sdist=sdist, wheel=wheel, installed=place / "installed")


@pytest.fixture
def program(package: Package, tmp_path: Path) -> Program:
    """A repository with a plan beside it, and an environment in which the checkout can't be imported."""
    found = make_program(tmp_path, None, {"file.txt": "one\n"})
    (tmp_path / "plan.yaml").write_text(plan(editor("work", "Work on it.")))
    # Without `site` no .pth file is read, so that the development install of the checkout is out of reach.
    paths = f"{package.installed}{os.pathsep}{sysconfig.get_path('purelib')}"
    return Program(repository=found.repository, env={**found.env, "PYTHONPATH": paths})


def test_the_sdist_holds_what_the_wheel_is_built_from(package: Package) -> None:
    """Sources, what builds them, and who may use them: no tests, nothing that was built."""
    with tarfile.open(package.sdist) as archive:
        names = {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in archive.getnames()}
    assert names == SOURCES | SUPERVISOR | AROUND


def test_the_wheel_holds_the_program_and_nothing_else(package: Package) -> None:
    """The four packages with their data, the built supervisor, the Dockerfile of the default image."""
    with zipfile.ZipFile(package.wheel) as archive:
        names = set(archive.namelist())
    metadata = {name for name in names if ".dist-info/" in name}
    assert names - metadata == SOURCES | BUILT
    assert {name.partition(".dist-info/")[2] for name in metadata} == METADATA


def test_the_wheel_is_one_for_any_python(package: Package) -> None:
    """The supervisor is a program of its own, which no Python calls."""
    assert "-py3-none-" in package.wheel.name


@pytest.mark.parametrize("libc", ["manylinux_2_17", "musllinux_1_1"])
def test_the_wheel_is_one_for_any_linux_of_this_architecture(package: Package, libc: str, tmp_path: Path) -> None:
    """From an index, pip takes it on a machine with glibc and on one with musl: the supervisor needs neither."""
    pip = [sys.executable, "-m", "pip", "download", "--no-index", "--find-links", str(package.wheel.parent)]
    target = ["--only-binary", ":all:", "--no-deps", "--platform", f"{libc}_{platform.machine()}"]
    done([*pip, *target, "--dest", str(tmp_path), "mimo-orchestrate"], cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [package.wheel.name]


def test_the_supervisor_can_be_started_by_anyone(package: Package) -> None:
    """It is installed executable for every user."""
    binary = package.installed / "sandbox/_bin/supervisor"
    assert stat.S_IMODE(binary.stat().st_mode) & 0o555 == 0o555


def test_the_installed_program_is_the_wheel(package: Package, program: Program) -> None:
    """Every package, the supervisor and the Dockerfile come from the wheel, and the checkout is out of reach."""
    script = (
        "import agents, orchestrator, policies, sandbox.image as image, sandbox.supervisor_binary as built, sys\n"
        "for found in (agents, orchestrator, policies, image, built): print(found.__file__)\n"
        "print(built.supervisor_binary(), image._PACKAGED.resolve(strict=True), sep='\\n')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", script], env=program.env, cwd=program.repository, capture_output=True, text=True
    )
    assert ran.stderr == ""
    assert [line for line in ran.stdout.splitlines() if not line.startswith(f"{package.installed}/")] == []
    assert len(ran.stdout.splitlines()) == 7


def test_the_installed_program_says_its_version(package: Package, program: Program) -> None:
    """The version is that of the wheel."""
    ran = run(package, program, "--version")
    assert ran.stdout.split() == ["mimo-orchestrate", package.wheel.name.split("-")[1]]


@pytest.mark.parametrize("preset", ["strict", "standard", "open"])
def test_the_installed_program_finds_its_presets(package: Package, program: Program, preset: str) -> None:
    """Each preset loads with the catalogue it stands on, and passes its own examples."""
    ran = run(package, program, "policy", "test", preset)
    assert ran.returncode == 0, ran.stderr


def test_the_installed_program_checks_a_plan(package: Package, program: Program) -> None:
    """The policy in force is shown, and the sandbox that was tried with the wheel's own supervisor."""
    ran = run(package, program, "check", str(program.repository.parent / "plan.yaml"))
    assert ran.returncode == 0, ran.stderr
    assert "standard" in ran.stdout
    assert any(backend in ran.stdout for backend in ("bubblewrap", "docker"))


def test_the_installed_program_plays_the_demo(package: Package, program: Program) -> None:
    """Sample, plan and recording are in the wheel."""
    ran = run(package, program, "demo", "it", "--backend", "bubblewrap")
    assert ran.returncode == 0, ran.stderr
    assert "What landed on main" in ran.stdout


def interpreter(version: str) -> str | None:
    """A Python of that version on this machine, on the PATH or among those of pyenv."""
    name = f"python{version}"
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for found in (name, *map(str, versions.glob(f"{version}.*/bin/{name}"))):
        # What is on the PATH may be a stand-in that only says what it would start.
        if shutil.which(found) and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
            return found
    return None


def pip_in(venv: Path, python: str) -> list[str]:
    """A new environment and the pip for it: its own, which knows its Python, or ours, where that Python has none."""
    if subprocess.run([python, "-m", "venv", str(venv)], capture_output=True, check=False).returncode == 0:
        return [str(venv / "bin/python"), "-m", "pip"]
    done([python, "-m", "venv", "--clear", "--without-pip", str(venv)], cwd=venv.parent)
    return [sys.executable, "-m", "pip", "--python", str(venv / "bin/python")]


@pytest.fixture(scope="module", params=["3.11", "3.12", "3.13"])
def fresh(request: pytest.FixtureRequest, package: Package, tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """An environment of each Python, with the wheel and its dependencies at their locked versions, all of them wheels.

    They come from the index that pip is configured for; where it can't be reached, what pip says is the failure.
    """
    python = interpreter(request.param)
    if python is None:
        pytest.skip(f"no Python {request.param} on this machine")
    place = tmp_path_factory.mktemp("fresh")
    tools, venv = place / "tools", place / "venv"
    tools.mkdir()
    (tools / "git").symlink_to(shutil.which("git") or "git")
    (place / "locked.txt").write_text("\n".join(re.findall(r"^[\w.-]+==[^ ;]+", LOCK.read_text(), re.MULTILINE)))
    pip = [*pip_in(venv, python), "install", "--quiet"]
    wheels = ["--no-compile", "--only-binary", ":all:", "--constraint", "locked.txt", str(package.wheel)]
    done([*pip, *wheels], cwd=place, env={**os.environ, "PATH": str(tools), "CC": "no-compiler"})
    return Fresh(venv=venv, path=str(tools))


@pytest.mark.timeout(600)
def test_a_machine_without_a_compiler_gets_all_of_it(fresh: Fresh, package: Package, program: Program) -> None:
    """With git and a Python there, `pip install` of the wheel is enough: it says its version, and checks a plan."""
    said = fresh.run(program, "bin/mimo-orchestrate", "--version")
    assert said.stdout.split() == ["mimo-orchestrate", package.wheel.name.split("-")[1]]
    checked = fresh.run(program, "bin/mimo-orchestrate", "check", "../plan.yaml")
    assert "standard" in checked.stdout


@pytest.mark.timeout(600)
def test_every_module_can_be_imported(fresh: Fresh, program: Program) -> None:
    """On each Python that the program is for, with the dependencies at hand and without a warning."""
    names = [dotted(path) for path in modules()]
    fresh.run(program, "bin/python", "-I", "-W", "error", "-c", f"for name in {names}: __import__(name)")


@pytest.mark.timeout(600)
def test_a_machine_without_a_compiler_opens_a_sandbox(fresh: Fresh, program: Program) -> None:
    """The wheel's supervisor and the bubblewrap that came with it run a command."""
    opened = fresh.run(program, "bin/python", "-I", "-c", SANDBOXED, str(program.repository.parent))
    assert opened.stdout == "in the sandbox\n"


def run(package: Package, program: Program, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the wheel's console script in the repository."""
    words = [sys.executable, "-S", str(package.installed / "bin" / "mimo-orchestrate"), *arguments]
    return subprocess.run(
        words, env=program.env, cwd=program.repository, capture_output=True, text=True, check=False, timeout=60
    )


def done(words: list[str], *, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; what it said is in the failure."""
    ran = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{words}\n{ran.stdout}{ran.stderr}"
    return ran

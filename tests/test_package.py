"""What is built: an sdist, a wheel from it, and a program that runs from that wheel alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from tests.integration.program import Program, make_program
from tests.integration.scripting import editor, plan
from tests.tree import ROOMS, TOP, below

pytestmark = pytest.mark.slow

SOURCES = {
    path.as_posix()
    for suffixes, rooms in (
        ((".py",), ROOMS),
        ((".yaml",), ("policies",)),
        ((".md",), ("agents",)),
        ((".md", ".yaml", ".jsonl"), ("orchestrator",)),
    )
    for path in below(*rooms, suffixes=suffixes)
}
"""Modules, presets and catalogue, prompts, the demo's sample: what the program reads."""

BUILT = {"sandbox/_bin/supervisor", "sandbox/_image/Dockerfile"}
SUPERVISOR = {path.as_posix() for path in below("sandbox", suffixes=(".c", ".h"))}
AROUND = {"Dockerfile", "hatch_build.py", "pyproject.toml", "README.md", "LICENSE", ".gitignore", "PKG-INFO"}
METADATA = {"METADATA", "WHEEL", "entry_points.txt", "RECORD", "licenses/LICENSE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Both archives, and the wheel as pip lays it out in a directory that holds nothing else."""

    sdist: Path
    wheel: Path
    installed: Path


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The sdist of the checkout, the wheel of the unpacked sdist, installed without its dependencies."""
    place = tmp_path_factory.mktemp("package")
    done([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(place)], cwd=TOP)
    (sdist,) = place.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(place, filter="data")
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


def test_the_wheel_is_one_for_this_platform_and_any_python(package: Package) -> None:
    """The supervisor is a program of this machine's kind; no Python calls it."""
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    assert package.wheel.name.endswith(f"-py3-none-{platform}.whl")


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


def run(package: Package, program: Program, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the wheel's console script in the repository."""
    words = [sys.executable, "-S", str(package.installed / "bin" / "mimo-orchestrate"), *arguments]
    return subprocess.run(
        words, env=program.env, cwd=program.repository, capture_output=True, text=True, check=False, timeout=60
    )


def done(words: list[str], *, cwd: Path) -> None:
    """Run a program to its end; what it said is in the failure."""
    ran = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{words}\n{ran.stdout}{ran.stderr}"

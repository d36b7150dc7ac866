"""Building the supervisor, and its refusal to run where it would do harm."""

from __future__ import annotations

import platform
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from hatch_build import (
    SupervisorHook,
    check_machine,
    compile_supervisor,
    compiler_command,
    platform_tag,
    wanted_platform,
)
from sandbox.supervisor_binary import supervisor_binary

TOP = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The supervisor's source in a place of its own."""
    shutil.copytree(TOP / "sandbox" / "supervisor", tmp_path / "sandbox" / "supervisor")
    return tmp_path


def test_it_compiles_without_a_warning(checkout: Path) -> None:
    """The source has no warning, and the binary needs no library."""
    binary = compile_supervisor(checkout, extra=("-Werror",))
    assert binary == checkout / "sandbox" / "_bin" / "supervisor"
    headers = subprocess.run(
        ["readelf", "--program-headers", binary], capture_output=True, text=True, check=True
    ).stdout
    assert "INTERP" not in headers


def test_no_compiler(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a C compiler the build says what to install."""
    monkeypatch.setenv("PATH", str(checkout))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(RuntimeError, match="install gcc"):
        compile_supervisor(checkout)


def test_a_compiler_that_is_not_there(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CC that leads nowhere is told like a compiler that is missing."""
    monkeypatch.setenv("CC", str(checkout / "no-compiler"))
    with pytest.raises(RuntimeError, match=r"(?s)install gcc.*no-compiler"):
        compile_supervisor(checkout)


@pytest.mark.parametrize("name", ["macosx-14.0-arm64", "win-amd64", "linux-i686", "linux-riscv64"])
def test_a_platform_without_a_sandbox(name: str) -> None:
    """A build where no sandbox could be opened says where there could be one."""
    with pytest.raises(RuntimeError, match=f"Linux on x86-64 and arm64, and this is {name}"):
        platform_tag(name)


def foreign() -> str:
    """The architecture of the two that this machine is not."""
    return "aarch64" if platform.machine() == "x86_64" else "x86_64"


def cross_compilers() -> list[str]:
    """What can build for the other architecture here: zig, which builds for both, or a compiler for that one."""
    zig = [""] if find_spec("ziglang") else []
    return zig + list(filter(shutil.which, (f"{foreign()}-linux-gnu-gcc", f"{foreign()}-linux-musl-gcc")))


@pytest.mark.slow
@pytest.mark.skipif(
    not cross_compilers(), reason="nothing here compiles for the other architecture (pip install ziglang)"
)
@pytest.mark.timeout(600)
def test_it_compiles_for_the_other_architecture(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same source builds for x86-64 and arm64, and the checkout's own binary is left alone."""
    monkeypatch.setenv("MIMO_TARGET", foreign())
    monkeypatch.setenv("CC", cross_compilers()[0])
    binary = compile_supervisor(checkout)
    check_machine(binary, foreign())
    assert binary.name != "supervisor"
    headers = subprocess.run(["readelf", "-lh", binary], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in headers
    assert {"aarch64": "AArch64", "x86_64": "X86-64"}[foreign()] in headers


def test_a_named_target(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> None:
    """A build for a named architecture has its tag, and is made by zig, which the build asks for, or by CC."""
    monkeypatch.delenv("CC", raising=False)
    hook = SupervisorHook(str(checkout), {}, None, None, str(checkout / "dist"), "wheel")  # type: ignore[arg-type]
    monkeypatch.delenv("MIMO_TARGET", raising=False)
    assert hook.dependencies() == []
    monkeypatch.setenv("MIMO_TARGET", "aarch64")
    assert platform_tag(wanted_platform()) == "manylinux_2_17_aarch64.musllinux_1_1_aarch64"
    assert compiler_command()[1:] == ["-m", "ziglang", "cc", "-target", "aarch64-linux-musl"]
    assert [name.partition("==")[0] for name in hook.dependencies()] == ["ziglang"]
    monkeypatch.setenv("CC", "a-cross-gcc --sysroot=/there")
    assert compiler_command() == ["a-cross-gcc", "--sysroot=/there"]
    assert hook.dependencies() == []
    monkeypatch.setenv("MIMO_TARGET", "riscv64")
    with pytest.raises(RuntimeError, match="this is linux-riscv64"):
        platform_tag(wanted_platform())


def test_a_compiler_for_another_machine(checkout: Path) -> None:
    """A wheel never says another architecture than its binary has."""
    binary = checkout / "binary"
    shutil.copy(supervisor_binary(), binary)
    check_machine(binary, platform.machine())
    with pytest.raises(RuntimeError, match=f"set MIMO_TARGET={platform.machine()}"):
        check_machine(binary, foreign())


def test_a_broken_source(checkout: Path) -> None:
    """A build that fails shows the compiler's words and leaves no binary."""
    for source in (checkout / "sandbox" / "supervisor").glob("*.c"):
        source.unlink()
    (checkout / "sandbox" / "supervisor" / "broken.c").write_text("int broken(")
    with pytest.raises(RuntimeError, match=r"broken\.c"):
        compile_supervisor(checkout)
    assert list((checkout / "sandbox" / "_bin").iterdir()) == []


@pytest.mark.parametrize("version", ["standard", "editable"])
def test_the_wheel(checkout: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel is one of this platform and holds binary and Dockerfile; an editable one finds them in the checkout."""
    compiled: list[Path] = []

    def compile_nothing(root: Path) -> Path:
        compiled.append(root)
        return root / "sandbox" / "_bin" / "supervisor"

    monkeypatch.setattr("hatch_build.compile_supervisor", compile_nothing)
    monkeypatch.setattr("hatch_build.check_machine", lambda *_arguments: None)
    hook = SupervisorHook(str(checkout), {}, None, None, str(checkout / "dist"), "wheel")  # type: ignore[arg-type]
    data: dict[str, object] = {"force_include": {}}
    hook.initialize(version, data)
    assert str(data["tag"]).startswith("py3-none-manylinux_")
    assert data["pure_python"] is False
    included = {"sandbox/_bin/supervisor", "sandbox/_image/Dockerfile"} if version == "standard" else set()
    assert set(data["force_include"].values()) == included  # type: ignore[attr-defined]
    assert compiled == [checkout]


def test_it_runs_as_pid_1_only() -> None:
    """Outside of a sandbox, where killing everything would be killing the user's processes, it refuses to run."""
    ran = subprocess.run([supervisor_binary()], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "PID 1" in ran.stderr


@pytest.mark.parametrize("arguments", [[], ["0", "0", "--", "/bin/true"], ["1000", "1000", "bind", "/none", "x", "--"]])
def test_entering_refuses_nonsense(arguments: list[str]) -> None:
    """`enter` ends with an error where it is not told whom to become, or told to stay root."""
    ran = subprocess.run([supervisor_binary(), "enter", *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode in {2, 3}

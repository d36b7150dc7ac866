"""What a sandbox promises beside the rows of `walls`. Each attack is bounded."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.errors import FileRefused
from sandbox.identity import sandbox_uid
from sandbox.sandbox import Backend, Command, Sandbox, SandboxSpec
from tests.contracts.sandbox.conftest import make_spec
from tests.contracts.sandbox.processes import canary


async def output(sandbox: Sandbox, script: str) -> str:
    """What a script prints, errors left out."""
    return (await sandbox.execute(Command(script=script, timeout_seconds=60))).stdout.text()


async def test_the_kernel_sees_no_root_either(fresh: Sandbox, spec: SandboxSpec) -> None:
    """Files that a command makes belong to the one unprivileged user on the host too."""
    await output(fresh, "echo x > made")
    assert (spec.worktree / "made").stat().st_uid == sandbox_uid()


async def test_a_read_only_worktree_can_not_be_written(backend: Backend, spec: SandboxSpec) -> None:
    """Whoever only looks changes nothing: no command and no file request writes, and reading works, git's too."""
    attack = "echo x > made; rm kept.txt; chmod 777 kept.txt; mount -o remount,rw /workspace; ls -A; cat kept.txt"
    async with backend.open(replace(spec, read_only=True)) as sandbox:
        assert await output(sandbox, attack) == ".git\ngone.txt\nkept.txt\nkept\n"
        with pytest.raises(FileRefused):
            await sandbox.write_file("new.txt", b"x", create=True)
    assert sorted(path.name for path in spec.worktree.iterdir()) == [".git", "gone.txt", "kept.txt"]


async def test_base_objects_are_shown(shared: Sandbox) -> None:
    """The base store's objects can be read where they always are."""
    assert await output(shared, "cat /run/mimo/base-objects/object") == "an object of the base\n"


@pytest.mark.parametrize(
    "attack",
    [
        "unshare --user --map-root-user true",
        "unshare --mount true",
        "unshare --pid --fork true",
        "mount -t tmpfs none /tmp",
        "umount /tmp",
        "chroot / true",
        "hostname owned",
        "mknod /tmp/disk b 254 0",
        "dmesg",
        "nsenter -t 1 -m true",
        "chown 0 /workspace/kept.txt",
        "su -c true",
        "setpriv --reuid 0 true",
    ],
)
async def test_refused_tools(shared: Sandbox, attack: str) -> None:
    """The tools of an escape fail."""
    script = f"command -v {attack.split()[0]} && ! {attack} < /dev/null"
    result = await shared.execute(Command(script=script, timeout_seconds=30))
    assert result.ok, result


SYSTEM_CALLS = {
    "bpf": 321,
    "keyctl": 250,
    "add_key": 248,
    "userfaultfd": 323,
    "perf_event_open": 298,
    "open_by_handle_at": 304,
    "io_uring_setup": 425,
    "unshare": 272,
    "setns": 308,
    "kexec_load": 246,
    "fsopen": 430,
    "pivot_root": 155,
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
async def test_the_filter_refuses_system_calls(shared: Sandbox) -> None:
    """Each call of the table fails with EPERM before the kernel reads its arguments; clone3 seems not to be there."""
    script = f"""python3 - <<'END'
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for name, number in {SYSTEM_CALLS}.items():
    ctypes.set_errno(0)
    got = libc.syscall(number, 0, 0, 0, 0, 0)
    print(name, got, ctypes.get_errno())
print("clone3", libc.syscall(435, 0, 0), ctypes.get_errno())
print("clone", libc.syscall(56, 0x10000000, 0, 0, 0, 0), ctypes.get_errno())
print("x32", libc.syscall(0x40000000 + 39), ctypes.get_errno())
ctypes.set_errno(0)
print("unshared", libc.syscall(436, 1 << 20, 1 << 21, 2), ctypes.get_errno(), flush=True)
print("thread", libc.syscall(56, 0x10900, 0, 0, 0, 0), ctypes.get_errno())
END"""
    expected = [f"{name} -1 1" for name in SYSTEM_CALLS]
    expected += ["clone3 -1 38", "clone -1 1", "x32 -1 38", "unshared -1 1", "thread -1 1"]
    assert (await output(shared, script)).splitlines() == expected


async def test_no_socket_that_namespaces_do_not_hold(shared: Sandbox) -> None:
    """Sockets to the hypervisor, the kernel's crypto and raw frames can't be made; local and IP ones can."""
    script = """python3 - <<'END'
import socket
for family in (socket.AF_VSOCK, socket.AF_ALG, socket.AF_PACKET, socket.AF_BLUETOOTH, socket.AF_CAN):
    try:
        socket.socket(family, socket.SOCK_STREAM); print(family)
    except OSError: pass
for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
    socket.socket(family, socket.SOCK_STREAM)
print("done")
END"""
    assert await output(shared, script) == "done\n"


async def test_tasks_do_not_see_each_other(backend: Backend, tmp_path: Path) -> None:
    """Two sandboxes at once share neither files nor processes nor memory."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    word = canary()
    async with backend.open(make_spec(tmp_path / "one")) as one, backend.open(make_spec(tmp_path / "two")) as two:
        assert one.name != two.name
        await output(one, f"for d in /workspace /tmp ~ /dev/shm; do echo {word} > $d/mark; done; ipcmk -M 4096")
        found = await output(
            two, "ls /workspace/mark /tmp/mark ~/mark /dev/shm/mark 2>/dev/null; ipcs -m | grep -c 4096"
        )
        assert found in {"0\n", ""}


async def test_nothing_is_shared_between_commands_and_the_program(shared: Sandbox) -> None:
    """A command inherits no descriptor but its own three."""
    assert await output(shared, "ls /proc/self/fd | tr '\\n' ' '") == "0 1 2 3 "  # 3 is the listing's own

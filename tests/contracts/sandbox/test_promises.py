"""What a sandbox promises of its walls. Each attack aims at a canary of the test's own, and ends by itself."""

from __future__ import annotations

import os
import socket
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


async def test_not_root_and_without_privileges(shared: Sandbox) -> None:
    """A command is an ordinary user without capabilities, who can't gain any, behind a system call filter."""
    status = await output(shared, "cat /proc/self/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert fields["Uid"].split() == [str(sandbox_uid())] * 4
    assert set(fields["Gid"].split()) <= {str(sandbox_uid()), str(os.getgid() or sandbox_uid())}
    assert sandbox_uid() != 0
    assert {fields[name] for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")


async def test_the_kernel_sees_no_root_either(fresh: Sandbox, spec: SandboxSpec) -> None:
    """Files that a command makes belong to the one unprivileged user on the host too."""
    await output(fresh, "echo x > made")
    assert (spec.worktree / "made").stat().st_uid == sandbox_uid()


async def test_only_its_own_places_can_be_written(shared: Sandbox) -> None:
    """The worktree, /tmp, the home and /dev/shm can be written; nothing else can."""
    probe = """for d in /workspace /tmp ~ /dev/shm; do (: > $d/probe) 2>/dev/null && rm $d/probe && echo $d; done
    echo --
    for d in / /etc /usr /usr/bin /usr/local /bin /lib /run /run/mimo /run/mimo/base-objects /var /var/tmp /home /dev \
             /proc /proc/sys/kernel /sys /sys/fs/cgroup /opt /mnt /root; do
        (echo > $d/probe) 2>/dev/null && echo $d; done
    for f in /run/mimo/supervisor /etc/passwd /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname \
             /proc/sysrq-trigger /proc/1/oom_score_adj; do (: >> $f) 2>/dev/null && echo $f; done; true"""
    assert await output(shared, probe) == "/workspace\n/tmp\n/home/agent\n/dev/shm\n--\n"


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


async def test_no_environment_of_the_host(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the program's environment reaches a command, through whatever process."""
    word = canary()
    monkeypatch.setenv("OPENAI_API_KEY", word)
    monkeypatch.setenv("MIMO_CANARY", word)
    async with backend.open(make_spec(tmp_path)) as sandbox:
        names = await output(sandbox, "env | cut -d= -f1 | sort")
        everywhere = await output(sandbox, "cat /proc/[0-9]*/environ")
    assert set(names.split()) <= {"HOME", "HOSTNAME", "LANG", "PATH", "PWD", "SHLVL", "TERM", "_"}
    assert word not in everywhere


async def test_no_files_of_the_host(fresh: Sandbox, tmp_path: Path) -> None:
    """Neither a file beside the worktree, nor the home of who runs the program, nor the engine's socket is there."""
    word = canary()
    (tmp_path / "secret").write_text(word)
    paths = f"{tmp_path} {tmp_path}/secret /workspace/../secret {Path.home()}/.ssh {Path.home()}/.cache"
    found = await output(
        fresh, f"ls -d {paths} /var/run/docker.sock /run/docker.sock /run/user /etc/shadow 2>/dev/null"
    )
    assert set(found.split()) <= {"/etc/shadow"}  # an image's own, which its user can't read
    assert await output(fresh, "cat /etc/shadow") == ""
    assert await output(fresh, f"grep -rls {word} /tmp /home /run /workspace /dev/shm /mnt 2>/dev/null") == ""


async def test_no_other_processes(shared: Sandbox) -> None:
    """Only the sandbox's own processes can be seen: the supervisor and the command."""
    assert (await output(shared, "echo /proc/[0-9]*")).count("/proc/") <= 2
    assert await output(shared, "cat /proc/1/comm") == "supervisor\n"


async def test_the_supervisor_is_out_of_reach(shared: Sandbox) -> None:
    """Commands can't read or touch the supervisor's memory, descriptors, environment or limits, nor trace it."""
    attack = """for f in mem maps environ auxv syscall stack; do head -c 1 /proc/1/$f && echo $f; done
    ls /proc/1/fd/ && echo fd; echo attack > /proc/1/fd/1 && echo wrote; readlink /proc/1/exe && echo exe
    python3 - <<'END'
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, 1, 0, 0) == 0: print("traced")
if libc.prlimit(1, 7, 0, ctypes.create_string_buffer(16)) == 0: print("limits")
if libc.setpriority(0, 1, 19) == 0: print("priority")
try: os.sched_setaffinity(1, {0}); print("affinity")
except OSError: pass
try:
    os.pidfd_open(1) and libc.syscall(438, os.pidfd_open(1), 1, 0) >= 0 and print("descriptor")
except OSError: pass
END
    true"""
    assert await output(shared, f"({attack}) 2>/dev/null") == ""


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
END"""
    expected = [f"{name} -1 1" for name in SYSTEM_CALLS]
    assert (await output(shared, script)).splitlines() == [*expected, "clone3 -1 38", "clone -1 1", "x32 -1 38"]


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


async def test_no_network(shared: Sandbox) -> None:
    """There is no route: neither the world, the metadata address, a bridge nor the host's loopback can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        hosts = [("127.0.0.1", port), ("169.254.169.254", 80), ("172.17.0.1", port), ("192.0.2.1", 80), ("8.8.8.8", 53)]
        script = f"""cat /proc/net/route | tail -n +2; cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' '
python3 - <<'END'
import socket
for host in {hosts}:
    try:
        socket.create_connection(host, timeout=3); print("reached", host)
    except OSError: pass
try:
    print(socket.getaddrinfo("example.org", 80))
except OSError: pass
END"""
        assert await output(shared, script) == "lo\n"


async def test_no_abstract_socket_of_the_host(shared: Sandbox) -> None:
    """A socket that the host holds by name alone, without a file, can't be reached."""
    name = canary()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{name}")
        listener.listen()
        script = f"""python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("\\0{name}"); print("reached")'"""
        assert await output(shared, script) == ""


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

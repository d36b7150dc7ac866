"""The rows of the promise table as attacks on a sandbox of the `Ground`: each gives what broke, nothing where it held.

They are for the suite, for sandboxes of an ordinary user, and for those that lack a protection: there they must break.
An attack opens and never writes what is not its own, and takes no more than its limits leave room for.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from sandbox.git_settings import GIT_SETTINGS
from sandbox.identity import sandbox_uid
from sandbox.sandbox import Command, CommandResult, LimitHit, Sandbox
from tests.contracts.sandbox.ground import MEGABYTE, Ground

Wall = Callable[[Sandbox, Ground], Awaitable[list[str]]]
"""An attack on one promise."""

WRITABLE = ("/workspace", "/tmp", "/home/agent", "/dev/shm")
OTHERS = (
    "/ /etc /usr /usr/bin /usr/local /bin /lib /run /run/mimo /run/mimo/base-objects /var /var/tmp /home /dev /dev/pts "
    "/proc /proc/sys/kernel /sys /sys/fs/cgroup /sys/fs/cgroup/* /opt /mnt /media /srv /boot /root"
)
FILES = "/run/mimo/supervisor /run/mimo/base-objects/object /etc/passwd /etc/hosts /etc/resolv.conf /etc/ld.so.cache"
KNOBS = (
    "/proc/sysrq-trigger /proc/kcore /proc/kmsg /proc/mtrr /proc/timer_list /proc/scsi/scsi /proc/bus/pci/*/* "
    "/proc/1/mem /proc/1/oom_score_adj /proc/1/uid_map /proc/1/gid_map /proc/1/setgroups /proc/1/attr/current "
    "/proc/1/clear_refs /proc/1/coredump_filter /proc/1/comm /proc/self/uid_map /proc/self/gid_map "
    "/proc/irq/*/smp_affinity /proc/sys/*/* /proc/sys/*/*/* /proc/sys/net/*/*/* "
    "/sys/kernel/* /sys/kernel/*/* /sys/power/* /sys/module/*/parameters/* /sys/firmware/efi/efivars/* "
    "/sys/fs/cgroup/* /sys/fs/cgroup/*/* /sys/block/*/* /sys/class/net/*/* /sys/devices/system/cpu/*/online "
    "/sys/fs/bpf /sys/fs/selinux/* /sys/kernel/security/*/* /sys/kernel/debug/*"
)
"""What steers the kernel, in whole families: `core_pattern` and `modprobe` name programs that run as root."""

OPEN_TO_ALL = {"/proc/self/uid_map", "/proc/self/gid_map", "/proc/1/attr/current"}
"""What the kernel lets everybody open, and asks for privileges, or for its owner, when it is written."""

DEVICES = {
    *("console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout"),
    *("tty", "urandom", "zero"),
}


async def run(sandbox: Sandbox, script: str, *, seconds: float = 60) -> CommandResult:
    """A command of an attack."""
    return await sandbox.execute(Command(script=script, timeout_seconds=seconds))


async def said(sandbox: Sandbox, script: str) -> list[str]:
    """The lines that an attack prints, errors left out."""
    return (await run(sandbox, f"{{ {script}\n}} 2>/dev/null")).stdout.text().splitlines()


async def no_privileges(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """A command is an ordinary user without capabilities and without the host's groups."""
    status = await status_of(sandbox)
    expected = {name: ["0" * 16] for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")}
    expected |= {"Uid": [str(sandbox_uid())] * 4}
    groups = {str(sandbox_uid()), str(os.getgid() or sandbox_uid())}
    broken = [f"{name}: {status[name]}" for name, value in expected.items() if status[name].split() != value]
    return broken + [f"group {group}" for group in {*status["Gid"].split(), *status["Groups"].split()} - groups
                     if group != "65534"]  # fmt: skip


async def no_new_privileges(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """No program can give a command more than it has, whatever bits its file bears."""
    allowed = (await status_of(sandbox))["NoNewPrivs"]
    return [] if allowed == "1" else [f"NoNewPrivs: {allowed}"]


async def filtered(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """System calls go through a filter."""
    mode = (await status_of(sandbox))["Seccomp"]
    return [] if mode == "2" else [f"Seccomp: {mode}"]


async def status_of(sandbox: Sandbox) -> dict[str, str]:
    """What the kernel says of a command."""
    return dict(line.split(":\t", 1) for line in await said(sandbox, "cat /proc/self/status"))


async def only_its_own_places(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """The worktree, /tmp, the home and /dev/shm can be written; no other directory and no file of the host's can."""
    its_own = await said(sandbox, f"for d in {' '.join(WRITABLE)}; do (: > $d/probe) && rm $d/probe && echo $d; done")
    others = f"for d in {OTHERS}; do (echo > $d/probe) && rm $d/probe && echo $d; done"
    files = f"for f in {FILES}; do [ -e $f ] && (: >> $f) && echo $f; done"
    missing = [f"{place} can't be written" for place in WRITABLE if place not in its_own]
    return missing + await said(sandbox, f"{others}; {files}; true")


async def no_knobs(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """Nothing that steers the kernel can be opened for writing. It is only opened: nothing is written to it."""
    opened = "(exec 3>> $f) && [ ! -c $f ] && echo $f"  # an engine hides some behind /dev/null
    found = await said(sandbox, f"bash -c 'shopt -s nullglob; for f in {KNOBS}; do [ -d $f ] || {{ {opened}; }}; done'")
    return [knob for knob in found if knob not in OPEN_TO_ALL]


async def no_devices(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """There are no devices but those that hold nothing: no disk, no memory, no input, no virtual machine."""
    return [name for name in await said(sandbox, "ls /dev") if name not in DEVICES]


async def no_files_of_the_host(sandbox: Sandbox, ground: Ground) -> list[str]:
    """Nothing beside the worktree, of the user's home, or of the engine is there."""
    places = f"{ground.outside} {ground.outside}/secret {ground.spec.worktree} {Path.home()}/.ssh {Path.home()}/.cache"
    engine = "/var/run/docker.sock /run/docker.sock /run/containerd /run/user /run/systemd /run/dbus"
    found = await said(sandbox, f"ls -d {places} {engine} /workspace/../secret; cat /etc/shadow; true")
    word = await said(sandbox, f"grep -rls {ground.word} /tmp /home /run /workspace /dev/shm /mnt /var/tmp; true")
    return found + word


async def no_environment_of_the_host(sandbox: Sandbox, ground: Ground) -> list[str]:
    """No variable of the program's environment reaches a command, through whatever process."""
    names = set(await said(sandbox, "env | cut -d= -f1"))
    given = {"HOME", "HOSTNAME", "LANG", "PATH", "PWD", "SHLVL", "TERM", "_", *GIT_SETTINGS}
    leaked = [line for line in await said(sandbox, "cat /proc/[0-9]*/environ | tr '\\0' '\\n'") if ground.word in line]
    return sorted(names - given) + leaked


async def no_socket_of_the_host(sandbox: Sandbox, ground: Ground) -> list[str]:
    """A local socket of the host's can't be reached, neither by its file nor by its name alone."""
    return await said(
        sandbox,
        f"""python3 - <<'END'
import socket
for address in ("{ground.outside}/socket", "\\0{ground.abstract}"):
    try:
        with socket.socket(socket.AF_UNIX) as one: one.connect(address); print("reached", repr(address))
    except OSError: pass
END""",
    )


async def no_network(sandbox: Sandbox, ground: Ground) -> list[str]:
    """There is no route, no interface but the loopback, no name, and nobody of the host's on the loopback."""
    return await said(
        sandbox,
        f"""tail -n +2 /proc/net/route; cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' ' | grep -v '^lo$'
python3 - <<'END'
import socket
for host in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
    try:
        socket.create_connection((host, {ground.port}), timeout=3).close(); print("reached", host)
    except OSError: pass
END
true""",
    )


async def no_other_processes(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """Only the sandbox's own processes can be seen: the supervisor and the command."""
    seen = await said(sandbox, "echo /proc/[0-9]*")
    return [f"{' '.join(seen)[:200]}"] if " ".join(seen).count("/proc/") > 2 else []


async def own_namespaces(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """Processes, messages, names, network and mounts are in namespaces of the sandbox's own."""
    return await shared_namespaces(sandbox, "pid", "ipc", "uts", "net", "mnt")


async def own_users_and_cgroups(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """Users and cgroups are, too, where no engine decides about that."""
    return await shared_namespaces(sandbox, "user", "cgroup")


async def shared_namespaces(sandbox: Sandbox, *kinds: str) -> list[str]:
    """Which namespaces of the host's a command is in."""
    ours = {str(link.readlink()) for link in map(Path("/proc/self/ns").joinpath, kinds)}
    inside = await said(sandbox, "".join(f"readlink /proc/self/ns/{kind}; " for kind in kinds))
    return ["not every one can be read"] * (len(inside) != len(kinds)) + [seen for seen in inside if seen in ours]


async def no_new_namespaces(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """A command can't become root of a namespace that it makes, where the kernel has most of its holes."""
    kinds = ("user", "user --map-root-user", "user --net", "user --mount", "user --pid --fork")
    return await said(sandbox, "".join(f"unshare --{kind} true && echo {kind!r}; " for kind in kinds) + "true")


async def supervisor_out_of_reach(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """Commands can't read or touch the supervisor's memory, descriptors or environment, nor starve or trace it."""
    return await said(
        sandbox,
        """for f in mem maps environ auxv syscall stack; do head -c 1 /proc/1/$f > /dev/null && echo $f; done
    ls /proc/1/fd/ > /dev/null && echo fd; (exec 3>> /proc/1/fd/1) && echo output; readlink /proc/1/exe
    python3 - <<'END'
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(0x4206, 1, 0, 0) == 0: print("traced")
if libc.prlimit(1, 7, 0, ctypes.create_string_buffer(16)) == 0: print("limits")
if libc.setpriority(0, 1, 19) == 0: print("priority")
try: os.sched_setaffinity(1, {0}); print("affinity")
except OSError: pass
try:
    if libc.syscall(438, os.pidfd_open(1), 1, 0) >= 0: print("descriptor")
except OSError: pass
END
    true""",
    )


async def nothing_runs_between(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """When a command is over nothing of it runs, whatever it left: files are read while nobody writes them."""
    await run(sandbox, "setsid bash -c 'setsid sleep 987654 &' > /dev/null 2>&1; setsid sleep 987654 & echo up")
    seen = await said(sandbox, "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o 'sleep 98765[4]'; true")
    await run(sandbox, "kill -9 -1")
    return seen


async def no_planted_repository(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """A directory made to look like a repository brings no programs to a git that was sent there."""
    planted = """mkdir -p planted/objects planted/refs; echo ref: refs/heads/main > planted/HEAD
    printf '[core]\\nbare = true\\n[alias]\\nstate = !echo its program ran\\n' > planted/config"""
    return await said(sandbox, f"{planted}; git -C planted state; cd planted; git state; cd ..; rm -r planted; true")


async def memory_is_bounded(sandbox: Sandbox, ground: Ground) -> list[str]:
    """What takes more memory than there is to be is ended, and the limit is named."""
    size = ground.spec.limits.memory_bytes + 30 * MEGABYTE
    result = await run(sandbox, f"python3 -c 'x = bytearray({size}); import time; time.sleep(3)'")
    return not_named(result, LimitHit.MEMORY)


async def processes_are_bounded(sandbox: Sandbox, ground: Ground) -> list[str]:
    """No more processes than the limit are there at once, and the limit is named."""
    result = await run(
        sandbox,
        f"""python3 -c '
import os, time
count = 0
try:
    while count < {ground.spec.limits.pids + 20}:
        if os.fork() == 0:
            time.sleep(30); os._exit(0)
        count += 1
except OSError: pass
print(count, flush=True); time.sleep(3)'""",
    )
    count = int(result.stdout.text() or 0)
    return not_named(result, LimitHit.PROCESSES) + ([f"{count} at once"] if count >= ground.spec.limits.pids else [])


async def open_files_are_bounded(sandbox: Sandbox, ground: Ground) -> list[str]:
    """No process holds more files open than the limit, nor can it raise that, and the limit is named."""
    limit = ground.spec.limits.open_files
    result = await run(
        sandbox,
        f"""python3 - <<'END'
import resource, sys, time
try: resource.setrlimit(resource.RLIMIT_NOFILE, ({limit + 9}, {limit + 9}))
except (OSError, ValueError): pass
held = []
try:
    while len(held) < {limit}: held.append(open("/dev/null"))
    print(len(held), "open")
except OSError: pass
time.sleep(3)  # long enough to be looked at, on a slow machine too
sys.exit(1)
END""",
    )
    return [*not_named(result, LimitHit.OPEN_FILES), *result.stdout.text().splitlines()]


async def a_file_is_bounded(sandbox: Sandbox, ground: Ground) -> list[str]:
    """A file that grows beyond the disk's limit ends its writer, and the limit is named."""
    size = ground.spec.limits.disk_bytes + MEGABYTE
    result = await run(sandbox, f"exec head -c {size} /dev/zero > big")
    await run(sandbox, "rm -f big")
    return not_named(result, LimitHit.DISK)


async def places_in_memory_are_bounded(sandbox: Sandbox, ground: Ground) -> list[str]:
    """/tmp, the home and /dev/shm take no more than their limits, and who fills one is told which limit that was."""
    size = ground.spec.limits.tmp_bytes + MEGABYTE
    fill = [f"head -c {size} /dev/zero > {place}/big" for place in ("/tmp", "~")]
    fill.append("for i in $(seq 16); do head -c 5M /dev/zero > /dev/shm/$i || exit 1; done")
    broken = []
    for script in fill:
        broken += not_named(await run(sandbox, script), LimitHit.DISK)
        await run(sandbox, "rm -f /tmp/big ~/big /dev/shm/*")
    return broken


async def cpu_time_is_bounded(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """A quota of CPU time stands over the sandbox, and the kernel holds it to that."""
    quota = await said(sandbox, "cd /sys/fs/cgroup; cat cpu.max cpu/cpu.cfs_quota_us | cut -d' ' -f1; true")
    return [] if quota and quota[0].isdecimal() else [f"quota {quota}"]


async def time_is_bounded(sandbox: Sandbox, _ground: Ground) -> list[str]:
    """A command that will not end is ended at its time limit, children and all, and the limit is named."""
    result = await run(sandbox, "trap '' TERM; sleep 8 & wait", seconds=0.3)
    return not_named(result, LimitHit.TIME)


async def output_is_bounded(sandbox: Sandbox, ground: Ground) -> list[str]:
    """Of a flood only so much is kept, the rest is counted, and the limit is named."""
    result = await run(sandbox, "head -c 2M /dev/zero")
    kept = len(result.stdout.head) + len(result.stdout.tail)
    return not_named(result, LimitHit.OUTPUT) + ([f"{kept} kept"] if kept > ground.spec.limits.output_bytes else [])


def not_named(result: CommandResult, limit: LimitHit) -> list[str]:
    """Whether a result names another limit than the one that was to be hit."""
    return [] if result.limit is limit else [f"{limit} was not hit: {result.limit}, exit {result.exit_code}"]


WALLS: tuple[Wall, ...] = (
    no_privileges,
    no_new_privileges,
    filtered,
    only_its_own_places,
    no_knobs,
    no_devices,
    no_files_of_the_host,
    no_environment_of_the_host,
    no_socket_of_the_host,
    no_network,
    no_other_processes,
    own_namespaces,
    no_new_namespaces,
    supervisor_out_of_reach,
    nothing_runs_between,
    no_planted_repository,
    memory_is_bounded,
    processes_are_bounded,
    open_files_are_bounded,
    a_file_is_bounded,
    places_in_memory_are_bounded,
    time_is_bounded,
    output_is_bounded,
)
"""Kept by every backend; `cpu_time_is_bounded` where there is a cgroup, `own_users_and_cgroups` under bubblewrap."""

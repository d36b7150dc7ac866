"""Escapes by exhaustion. Each is bounded by itself, has a sandbox of its own, and must leave that one usable."""

from __future__ import annotations

from functools import partial

from sandbox.attacks.escape import Escape, Group
from sandbox.attacks.scene import Scene
from sandbox.sandbox import Command, CommandResult, LimitHit, Limits, Sandbox

MEGABYTE = 1024**2
SMALL = Limits(
    memory_bytes=100 * MEGABYTE,
    pids=40,
    open_files=300,
    tmp_bytes=8 * MEGABYTE,
    disk_bytes=4 * MEGABYTE,
    output_bytes=64 * 1024,
    timeout_seconds=60,
)
"""Little of everything, so that reaching it takes a moment."""

_Bomb = partial(Escape, group=Group.RESOURCES, limits=SMALL)

_LEFT = "for at in /proc/[0-9]*; do [ ${at#/proc/} = 1 ] || [ ${at#/proc/} = $$ ] || echo $at; done"


async def _outlived(scene: Scene, sandbox: Sandbox, result: CommandResult) -> str | None:
    left = (await sandbox.execute(Command(script=_LEFT))).stdout.text().split()
    return f"{len(left)} of its processes run on" if left else None


async def _flooded(scene: Scene, sandbox: Sandbox, result: CommandResult) -> str | None:
    kept = len(result.stdout.head) + len(result.stdout.tail)
    return f"{kept} bytes were kept" if kept > SMALL.output_bytes else None


RESOURCES = (
    _Bomb(
        name="fork-bomb",
        tries="start processes without end",
        python=True,
        script="""
import time
count = 0
try:
    while count < 150:
        if os.fork() == 0:
            time.sleep(50)
            os._exit(0)
        count += 1
except OSError:
    time.sleep(2)  # the supervisor looks ten times a second
    held(f"stopped at {count} processes")
through(f"{count} processes run")
""",
        contained_by=LimitHit.PROCESSES,
    ),
    _Bomb(
        name="memory-bomb",
        tries="take memory without end in one process",
        python=True,
        script="""
import time
hoard = bytearray(160_000_000)
time.sleep(10)
through("it has 160 MB")
""",
        contained_by=LimitHit.MEMORY,
    ),
    _Bomb(
        name="memory-bomb-of-many",
        tries="take memory without end in many small processes",
        python=True,
        script="""
import time
for _ in range(5):
    if os.fork() == 0:
        hoard = bytearray(40_000_000)
        time.sleep(10)
        os._exit(0)
for _ in range(5):
    os.wait()
through("they have 200 MB")
""",
        contained_by=LimitHit.MEMORY,
    ),
    _Bomb(
        name="large-file",
        tries="fill the disk with one file",
        script="need head; exec head -c 12582912 /dev/zero > /workspace/large",
        contained_by=LimitHit.DISK,
    ),
    _Bomb(
        name="full-tmp",
        tries="fill the memory behind /tmp, the home and /dev/shm",
        script="""need head
for at in /tmp "$HOME"; do head -c 12582912 /dev/zero > "$at/large" 2> /dev/null && through "$at has no bound"; done
held "no space left on device" """,
    ),
    _Bomb(
        name="open-files",
        tries="open files without end",
        python=True,
        script="""
opened = []
try:
    while len(opened) < 1000:
        opened.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error:
    held(f"{os.strerror(error.errno).lower()} after {len(opened)}")
through("1000 files are open")
""",
    ),
    _Bomb(
        name="raise-limits",
        tries="lift the bounds that were set on it",
        python=True,
        script="""
import resource
for name in ("RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE"):
    soft, hard = resource.getrlimit(getattr(resource, name))
    if hard == resource.RLIM_INFINITY:
        through(f"{name} has no bound")
    try:
        resource.setrlimit(getattr(resource, name), (hard, hard + 1))
    except (OSError, ValueError) as error:
        met.append(str(error).lower())
    else:
        through(f"{name} was raised")
""",
    ),
    _Bomb(
        name="output-flood",
        tries="flood the program with output",
        script="need head; exec head -c 20000000 /dev/zero",
        afterwards=_flooded,
        contained_by=LimitHit.OUTPUT,
    ),
    _Bomb(
        name="endless",
        tries="run for ever, deaf to being asked to stop",
        script="trap '' TERM INT HUP; while :; do sleep 1; done",
        contained_by=LimitHit.TIME,
        timeout_seconds=0.5,
    ),
    _Bomb(
        name="outlive-the-command",
        tries="leave a process behind that outlives its command",
        python=True,
        script="""
import signal
if os.fork() == 0:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    if os.fork() == 0:
        for descriptor in (0, 1, 2):
            os.close(descriptor)
        import time
        time.sleep(60)
    os._exit(0)
os.wait()
held("it ended with the command")
""",
        afterwards=_outlived,
    ),
    _Bomb(
        name="kill-everything",
        tries="kill the sandbox's first process, and all others",
        script="""read -r first < /proc/1/comm; [ "$first" = supervisor ] || through "the first process is $first"
trap '' TERM; kill -TERM 1; kill -KILL 1; kill -TERM -1; held "it lives on" """,
    ),
)

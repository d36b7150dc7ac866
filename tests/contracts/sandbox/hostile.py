"""Scripts of hostile commands that are too long to stand in a test; each is a program for `python3 -c`."""

from __future__ import annotations

FORGED_TERM = """
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
sigqueue = {'x86_64': 129, 'aarch64': 138}[os.uname().machine]
def send(pid, number):
    info = (ctypes.c_int * 32)(number, 0, -1)  # SI_QUEUE, from a process without a number
    return libc.syscall(sigqueue, pid, number, info) == 0
print(send(1, signal.SIGTERM))
"""
"""A SIGTERM to PID 1 whose sender claims to be none of the sandbox."""

FORGETFUL_TERM = (
    FORGED_TERM
    + """
signal.pthread_sigmask(signal.SIG_BLOCK, range(34, 64))
def fill(pid, most):
    return next((number for number in range(most) if not send(pid, 40)), most)
print(fill(os.getpid(), 200_000))
fill(1, 200_000)
send(1, signal.SIGTERM)
"""
)
"""The same with the queue of signals as full as it gets: of what has no place there the kernel forgets the sender."""

STARVE = """
import os
def refused(change, *arguments):
    try:
        change(*arguments)
    except PermissionError:
        return True
    return False
print(refused(os.setpriority, os.PRIO_PROCESS, 1, 19), refused(os.setpriority, os.PRIO_USER, 0, 19),
      refused(os.setpriority, os.PRIO_PROCESS, 0, 19))
"""
"""Takes PID 1's share of the processor: by its number, and among all processes of the user; then its own, as it may."""

EVERY_SIGNAL = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for number in range(1, 65):
    for target in (1, -1):
        try:
            os.kill(target, number)
        except ProcessLookupError:
            pass  # nobody else is there
print('sent')
"""
"""Every signal, to PID 1 and to everything."""

ZOMBIES = """
import os
for _ in range(100):
    if os.fork() == 0:
        os._exit(0)
print('done', flush=True)
"""
"""100 children that are dead and not waited for when their parent ends."""

ALL_BYTES = """
import sys
sys.stdout.buffer.write(bytes(range(256)) * 100 + b'\\xff\\xfe\\x80')
sys.stderr.buffer.write(b'\\x00\\xc3\\x28' * 100)
"""

WRITES_TO_THE_SUPERVISOR = """
import os
def opens(path):
    try:
        os.close(os.open(path, os.O_RDWR))
    except OSError:
        return False
    return True
print([path for path in ('/proc/1/fd/0', '/proc/1/fd/1', '/proc/1/fd/2', '/proc/1/mem', '/run/mimo/supervisor')
       if opens(path)])
"""
"""The ways to speak in the supervisor's place, or to change it; gives those that are open."""

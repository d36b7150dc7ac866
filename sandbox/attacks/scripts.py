"""What every script of an escape begins and ends with: the words by which it says what it met.

A script says one word, behind a number that only this attempt knows: `through` and what it got, `held` and what
refused it, or `lacking` and what it would have needed. Who says nothing has not held.
"""

from __future__ import annotations

import shlex

from sandbox.attacks.escape import Escape, Verdict
from sandbox.sandbox import CommandResult

_WORDS = {"through": Verdict.BROKEN, "held": Verdict.HELD, "lacking": Verdict.NOT_TRIED}

_SHELL = r"""
say() { printf '\n%s %s %s\n' "$NONCE" "$1" "$2"; exit 0; }
through() { say through "$1"; }
held() { say held "$1"; }
lacking() { say lacking "$1"; }
need() { for tool; do command -v "$tool" > /dev/null || lacking "the image has no $tool"; done; }
opens() { for at; do head -c 1 -- "$at" > /dev/null 2>&1 && through "$at can be read"; done; true; }
leaks() { for at; do cat -- "$at" 2> /dev/null && through "$at can be read"; done; true; }
writes() { for at; do (: >> "$at") 2> /dev/null && through "$at can be opened for writing"; done; true; }
makes() {
    for at; do (: > "$at/mimo-$NONCE") 2> /dev/null && { rm -f "$at/mimo-$NONCE"; through "$at can be written"; }; done
    true
}
same() { [ "$(stat -L -c %d:%i -- "$1" 2> /dev/null)" = "$2" ] && through "$1 is this machine's own"; true; }
sockets() { for at; do [ -S "$at" ] && through "$at is there"; done; true; }
runs() { "$@" < /dev/null > /dev/null 2>&1 && through "$* succeeds"; true; }
"""

_PYTHON = r"""
import errno, os, sys
def say(word, text):
    print("\n" + os.environ["NONCE"], word, text, flush=True)
    os._exit(0)
def through(text): say("through", text)
def held(text): say("held", text)
def lacking(text): say("lacking", text)
met = []
def attempt(what, call, *arguments, through_by=()):
    "Call what has to be refused; an error of `through_by` shows that it was not."
    try:
        call(*arguments)
    except OSError as error:
        if error.errno in through_by:
            through(what)
        met.append((os.strerror(error.errno) if error.errno else str(error)).lower())
    else:
        through(what)
try:
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
except (ImportError, OSError):
    libc = None
def checked(got):
    if got < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return got
NUMBERS = {
    "x86_64": dict(
        clone=56, ptrace=101, setns=308, unshare=272, mount=165, umount2=166, pivot_root=155, chroot=161, fsopen=430,
        open_tree=428, process_vm_readv=310, pidfd_open=434, pidfd_getfd=438, keyctl=250, add_key=248, bpf=321,
        userfaultfd=323, io_uring_setup=425, perf_event_open=298, name_to_handle_at=303, open_by_handle_at=304,
        init_module=175, kexec_load=246, sethostname=170, clone3=435),
    "aarch64": dict(
        clone=220, ptrace=117, setns=268, unshare=97, mount=40, umount2=39, pivot_root=41, chroot=51, fsopen=430,
        open_tree=428, process_vm_readv=270, pidfd_open=434, pidfd_getfd=438, keyctl=219, add_key=217, bpf=280,
        userfaultfd=282, io_uring_setup=425, perf_event_open=241, name_to_handle_at=264, open_by_handle_at=265,
        init_module=105, kexec_load=104, sethostname=161, clone3=435),
}
def syscall(name, *arguments):
    if libc is None:
        lacking("this python has no ctypes")
    numbers = NUMBERS.get(os.uname().machine) or lacking("no table of system calls for this processor")
    ctypes.set_errno(0)
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    return checked(libc.syscall(ctypes.c_long(numbers[name]), *words))
def routes():
    "Ways out of this network namespace."
    found = [row.split()[0] for row in open("/proc/net/route").read().splitlines()[1:]]
    try:
        found += [row.split()[-1] for row in open("/proc/net/ipv6_route")]
    except OSError:
        pass
    return sorted(set(found) - {"lo"})
def no_way_out():
    "Say that there is a route, before anything is sent along it."
    if routes():
        through("there is a route: " + ", ".join(routes()))
"""

_PYTHON_END = """
held(", ".join(sorted(set(met)))) if met else lacking("there was nothing to try")
"""


def script_of(escape: Escape) -> str:
    """The command that runs inside."""
    if not escape.python:
        return f"{_SHELL}\n{escape.script}"
    # Isolated, so that nothing an image or a worktree holds is imported in place of a library.
    return f"exec python3 -I -B -c {shlex.quote(_PYTHON + escape.script + _PYTHON_END)}"


def said(result: CommandResult, nonce: str) -> tuple[Verdict, str] | None:
    """What the script said of itself; None if it said nothing."""
    for line in result.stdout.text().splitlines():
        number, _, rest = line.partition(" ")
        word, _, text = rest.partition(" ")
        if number == nonce and word in _WORDS:
            return _WORDS[word], text
    return None


def silence(result: CommandResult) -> str:
    """How a script ended that said nothing."""
    last = result.stderr.text().strip().rpartition("\n")[2]
    how = f"exit code {result.exit_code}" if result.signal is None else f"signal {result.signal}"
    return f"the script ended before it could tell ({how}{f': {last}' if last else ''})"

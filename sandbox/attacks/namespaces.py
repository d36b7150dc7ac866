"""Escapes by system calls: other namespaces, mounts, other processes, and the parts of the kernel that escapes use."""

from __future__ import annotations

from functools import partial

from sandbox.attacks.escape import Escape, Group

_Call = partial(Escape, group=Group.NAMESPACES, python=True)

NAMESPACES = (
    _Call(
        name="unshare",
        tries="make a namespace, in which one would be root",
        script="""
for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x02000000):
    attempt("a namespace was made", syscall, "unshare", flag)
""",
    ),
    _Call(
        name="clone",
        tries="start a process in a namespace of its own",
        script="""
def start(flag):
    if syscall("clone", flag | 17, 0, 0, 0, 0) == 0:
        os._exit(0)
for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x02000000):
    attempt("a process in a namespace of its own was started", start, flag)
def start3():
    words = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, 17, 0, 0, 0)
    if syscall("clone3", words, ctypes.sizeof(words)) == 0:
        os._exit(0)
attempt("a process in a namespace of its own was started", start3)
""",
    ),
    _Call(
        name="enter-namespaces",
        tries="enter the namespaces of another process",
        script="""
for name in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"):
    attempt(f"/proc/1/ns/{name} was opened", os.open, f"/proc/1/ns/{name}", os.O_RDONLY)
    attempt("a namespace was entered", lambda: syscall("setns", os.open(f"/proc/self/ns/{name}", os.O_RDONLY), 0))
attempt("a process's namespaces were entered", lambda: syscall("setns", os.pidfd_open(1), 0x10000000))
""",
    ),
    _Call(
        name="mount",
        tries="mount, remount or unmount something",
        script="""
attempt("a file system was mounted", syscall, "mount", b"none", b"/tmp", b"tmpfs", 0, None)
attempt("a directory was bound", syscall, "mount", b"/workspace", b"/tmp", None, 4096, None)
attempt("the root was made writable", syscall, "mount", None, b"/", None, 32 | 4096, None)
attempt("/tmp was unmounted", syscall, "umount2", b"/tmp", 2)
attempt("a file system was opened", syscall, "fsopen", b"tmpfs", 0)
attempt("a tree was opened", syscall, "open_tree", -100, b"/", 1)
""",
    ),
    _Call(
        name="another-root",
        tries="change the root directory",
        script="""
attempt("chroot succeeded", syscall, "chroot", b"/tmp")
attempt("pivot_root succeeded", syscall, "pivot_root", b"/tmp", b"/tmp")
""",
    ),
    _Call(
        name="user-map",
        tries="map the host's root into the sandbox",
        script="""
def write(name, text):
    with open(f"/proc/self/{name}", "w") as file:
        file.write(text)
for name in ("uid_map", "gid_map"):
    attempt(f"{name} was written", write, name, "0 0 1")
""",
    ),
    _Call(
        name="become-root",
        tries="become root, or join its groups",
        script="""
attempt("the user id was set to 0", os.setuid, 0)
attempt("the user ids were set to 0", os.setresuid, 0, 0, 0)
attempt("the group id was set to 0", os.setgid, 0)
attempt("groups were set", os.setgroups, [0])
""",
    ),
    _Call(
        name="trace-supervisor",
        tries="trace the sandbox's first process",
        script="""
for request in (16, 0x4206):  # ATTACH, SEIZE
    attempt("it is traced", syscall, "ptrace", request, 1, 0, 0)
""",
    ),
    _Call(
        name="read-supervisor",
        tries="read the memory of the sandbox's first process by a call",
        script="""
class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
buffer = ctypes.create_string_buffer(16)
here, there = Part(ctypes.addressof(buffer), 16), Part(4096, 16)
attempt("its memory is open", syscall, "process_vm_readv", 1, ctypes.byref(here), 1, ctypes.byref(there), 1, 0,
        through_by=(errno.EFAULT,))
""",
    ),
    _Call(
        name="steal-descriptor",
        tries="take a descriptor of the sandbox's first process",
        script="""
attempt("a descriptor was taken", lambda: syscall("pidfd_getfd", syscall("pidfd_open", 1, 0), 1, 0))
""",
    ),
    _Call(
        name="stop-supervisor",
        tries="starve or stop the sandbox's first process",
        script="""
import resource, signal
attempt("its limits were changed", resource.prlimit, 1, resource.RLIMIT_NOFILE, (3, 3))
attempt("its priority was changed", os.setpriority, os.PRIO_PROCESS, 1, 19)
attempt("it may run nowhere", os.sched_setaffinity, 1, {0})
for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGSEGV, signal.SIGKILL):
    os.kill(1, number)
""",
    ),
    _Call(
        name="kernel-keyring",
        tries="use the keys that the kernel holds for the host's user",
        script="""
attempt("the session's keys are there", syscall, "keyctl", 0, -3, 1)
attempt("a key was added", syscall, "add_key", b"user", b"mimo", b"x", 1, -3)
""",
    ),
    _Call(
        name="bpf",
        tries="load a program into the kernel",
        script="""
words = (ctypes.c_uint32 * 32)(2, 4, 4, 1)
attempt("a map was made", syscall, "bpf", 0, words, ctypes.sizeof(words))
""",
    ),
    _Call(
        name="userfaultfd",
        tries="hold the kernel up in the middle of a copy",
        script='attempt("page faults can be handled", syscall, "userfaultfd", 1)',
    ),
    _Call(
        name="io-uring",
        tries="hand the kernel work past the filter of system calls",
        script="""
words = (ctypes.c_uint32 * 30)()
attempt("a ring was set up", syscall, "io_uring_setup", 1, words)
""",
    ),
    _Call(
        name="performance-events",
        tries="watch the processor's counters",
        script="""
words = (ctypes.c_uint64 * 14)(1 | (112 << 32), 0, 0, 0, 0, 1 << 5 | 1 << 6)
attempt("a counter was opened", syscall, "perf_event_open", words, 0, -1, -1, 0)
""",
    ),
    _Call(
        name="file-handles",
        tries="open a file of the host's by its number",
        script="""
handle = (ctypes.c_uint32 * 34)(128)
mount = ctypes.c_int()
attempt("a handle was made", syscall, "name_to_handle_at", -100, b"/workspace", handle, ctypes.byref(mount), 0)
attempt("a handle was opened", syscall, "open_by_handle_at", -100, handle, 0, through_by=(errno.ESTALE,))
""",
    ),
    _Call(
        name="kernel-modules",
        tries="load a module or another kernel",
        script="""
attempt("a module was loaded", syscall, "init_module", b"", 0, b"", through_by=(errno.ENOEXEC,))
attempt("a kernel was loaded", syscall, "kexec_load", 0, 0, None, 0)
""",
    ),
    _Call(
        name="host-name",
        tries="rename the machine",
        script='attempt("it was renamed", syscall, "sethostname", b"owned", 5)',
    ),
)

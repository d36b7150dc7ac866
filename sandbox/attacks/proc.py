"""Escapes through /proc and /sys: the supervisor, the host's processes, the kernel's knobs, which are never written."""

from __future__ import annotations

from functools import partial

from sandbox.attacks.escape import Escape, Group

_Proc = partial(Escape, group=Group.PROC)

PROC = (
    _Proc(
        name="supervisor-memory",
        tries="read or write the memory of the sandbox's first process",
        script="""opens /proc/1/mem /proc/1/maps /proc/1/auxv /proc/1/syscall /proc/1/stack; writes /proc/1/mem
held "permission denied" """,
    ),
    _Proc(
        name="supervisor-descriptors",
        tries="read or write the channel between the program and the sandbox",
        script="""for at in /proc/1/fd/*; do [ -e "$at" ] && through "$at can be seen"; done
writes /proc/1/fd/0 /proc/1/fd/1 /proc/1/fd/2; opens /proc/1/fd/0; held "permission denied" """,
    ),
    _Proc(
        name="supervisor-environment",
        tries="read the environment that the sandbox was started with",
        script='opens /proc/1/environ; held "permission denied"',
    ),
    _Proc(
        name="supervisor-settings",
        tries="change how the kernel treats the sandbox's first process",
        script="""writes /proc/1/oom_score_adj /proc/1/oom_adj /proc/1/clear_refs /proc/1/coredump_filter \
    /proc/1/uid_map /proc/1/gid_map /proc/1/setgroups
held "permission denied" """,
    ),
    _Proc(
        name="supervisor-root",
        tries="walk out through the root or the directory of the first process",
        script="""for at in root cwd exe; do
    ls -d "/proc/1/$at/" > /dev/null 2>&1 && through "/proc/1/$at can be entered"
    readlink "/proc/1/$at" > /dev/null 2>&1 && through "/proc/1/$at can be read"
done; leaks "/proc/1/root$BESIDE" "/proc/self/root$BESIDE"; held "permission denied" """,
    ),
    _Proc(
        name="host-processes",
        tries="see a process of the host's",
        script="""for at in /proc/[0-9]*/cmdline; do
    case "$(tr '\\0' ' ' < "$at" 2> /dev/null)" in *"$MARK"*) through "${at%/*} is a process of the host's";; esac
done; read -r first < /proc/1/comm; [ "$first" = supervisor ] || through "the first process is $first"
held "only its own can be seen" """,
    ),
    _Proc(
        name="kill-host-process",
        tries="kill a process of the host's by its number",
        script='[ "$HOST_PROCESS" = $$ ] || kill -9 "$HOST_PROCESS" 2> /dev/null; held "it is alive"',
    ),
    _Proc(
        name="core-pattern",
        tries="have the kernel run a program on the host: core dumps, modules, hot plugging, formats",
        script="""writes /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/kernel/hotplug \
    /sys/kernel/uevent_helper /proc/sys/fs/binfmt_misc/register /proc/sys/kernel/usermodehelper/inheritable
held "none can be opened for writing" """,
    ),
    _Proc(
        name="sysrq-trigger",
        tries="open the switch that restarts the machine",
        script='writes /proc/sysrq-trigger /proc/sys/kernel/sysrq; held "it can\'t be opened for writing"',
    ),
    _Proc(
        name="kernel-settings",
        tries="find a setting of the kernel that can be written",
        script="""need find
find /proc/sys -maxdepth 0 -writable > /dev/null 2>&1 || lacking "this find knows no -writable"
for at in $(find /proc/sys -type f -writable 2> /dev/null); do writes "$at"; done; held "none can be written" """,
    ),
    _Proc(
        name="system-files",
        tries="find a file of /sys that can be written: control groups, devices, firmware",
        script="""need find; [ -d /sys/kernel ] || held "there is no /sys"
find /sys -maxdepth 0 -writable > /dev/null 2>&1 || lacking "this find knows no -writable"
for at in $(find /sys -type f -writable 2> /dev/null); do writes "$at"; done; held "none can be written" """,
    ),
    _Proc(
        name="kernel-memory",
        tries="read the memory of the kernel",
        script="""opens /proc/kcore /proc/kmem /proc/kpagecount /proc/kpageflags /proc/vmcore /dev/mem /dev/kmem
held "permission denied" """,
    ),
    _Proc(
        name="kernel-addresses",
        tries="learn where the kernel lies in memory",
        script="""[ -r /proc/kallsyms ] || held "the list can't be read"
while read -r address _; do [ -z "$(echo "$address" | tr -d 0)" ] || through "the list has addresses"; break
done < /proc/kallsyms; held "the addresses are hidden" """,
    ),
    _Proc(
        name="kernel-log",
        tries="read the kernel's log",
        script="opens /proc/kmsg /dev/kmsg; command -v dmesg > /dev/null && runs dmesg; held 'permission denied'",
    ),
)

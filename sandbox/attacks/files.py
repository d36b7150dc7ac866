"""Escapes that go for files: the host's, other tasks', the sandbox's own foundations, and rights over them."""

from __future__ import annotations

from functools import partial

from sandbox.attacks.escape import Escape, Group

_File = partial(Escape, group=Group.FILES)

FILES = (
    _File(
        name="file-beside-worktree",
        tries="read a file that lies beside the worktree on the host",
        script='leaks "$BESIDE" "/workspace/../${BESIDE##*/}" "/workspace/../../..$BESIDE"; held "it is not there"',
    ),
    _File(
        name="other-tasks-files",
        tries="read a file in the worktree of another task",
        script='leaks "$OTHER" "/workspace/../../other/worktree/${OTHER##*/}"; held "it is not there"',
    ),
    _File(
        name="search-for-host-files",
        tries="find a file of the host's anywhere by its name",
        script="""need find
for at in $(find / \\( -path /proc -o -path /sys -o -path /usr \\) -prune -o -name "${BESIDE##*/}" -print 2> /dev/null)
do leaks "$at"; done; held "it is nowhere" """,
    ),
    _File(
        name="home-of-the-host",
        tries="reach the home of the user who runs the program",
        script='same "$HOST_HOME" "$HOST_HOME_ID"; held "it is not there"',
    ),
    _File(
        name="host-environment",
        tries="read a variable of the program's environment, from any process",
        script='env; cat /proc/[0-9]*/environ 2> /dev/null; held "no variable of the host is there"',
    ),
    _File(
        name="host-passwords",
        tries="read the host's password hashes and host keys",
        script="""same /etc/shadow "$HOST_SHADOW_ID"; opens /etc/shadow /etc/gshadow /etc/ssh/ssh_host_*_key
held "they are not there, or not readable" """,
    ),
    _File(
        name="host-shared-memory",
        tries="read a file that the host has in /dev/shm",
        script='leaks "$SHARED"; held "it is not there"',
    ),
    _File(
        name="read-only-root",
        tries="write outside of the worktree, /tmp and the home",
        script="""makes / /bin /boot /dev /etc /home /lib /media /mnt /opt /root /run /run/lock /run/mimo /sbin /srv \
    /usr /usr/bin /usr/local/bin /var /var/cache /var/tmp
while read -r _ at _ options _; do [ "$at" = / ] && mode="$options"; done < /proc/mounts
case ",$mode," in *,ro,*) ;; *) through "the root is mounted for writing";; esac
held "it is mounted read-only" """,
    ),
    _File(
        name="base-objects",
        tries="change, remove or replace an object of the base store, which all tasks share",
        script="""[ -r "$OBJECT" ] || lacking "the base's objects are not shown"
writes "$OBJECT"; makes "${OBJECT%/*}"; runs chmod 777 "$OBJECT"; runs mv "$OBJECT" "${OBJECT%/*}/moved"
runs rm -f "$OBJECT"; held "it is read-only" """,
    ),
    _File(
        name="supervisor-binary",
        tries="open the supervisor's program for writing",
        script="""[ -r /run/mimo/supervisor ] || lacking "it is not shown at its usual place"
writes /run/mimo/supervisor; runs chmod 777 /run/mimo/supervisor; held "it is read-only" """,
    ),
    _File(
        name="root-rights",
        tries="be root, or have one of its capabilities",
        script="""[ "$(id -u)" = 0 ] && through "commands run as root"
while read -r key value _; do case $key in
    Cap*:) [ -z "$(echo "$value" | tr -d 0)" ] || through "$key $value";;
esac; done < /proc/self/status; held "an ordinary user without capabilities" """,
    ),
    _File(
        name="setuid-programs",
        tries="gain rights through a setuid program",
        script="""while read -r key value _; do [ "$key" = NoNewPrivs: ] && bound="$value"; done < /proc/self/status
[ "$bound" = 1 ] || through "programs may gain privileges"
for tool in "su -c true" "sudo -n true" "doas true" "pkexec true"; do
    command -v "${tool%% *}" > /dev/null && runs $tool; done; held "programs gain no privileges" """,
    ),
    _File(
        name="device-nodes",
        tries="make a device node, or find one of a disk or of the memory",
        script="""for at in /dev/* /dev/mapper/*; do [ -b "$at" ] && through "$at is there"; done
opens /dev/mem /dev/kmem /dev/port /dev/kmsg; writes /dev/mem /dev/fuse /dev/kvm /dev/vhost-net /dev/net/tun
command -v mknod > /dev/null && { runs mknod /tmp/disk b 8 0; runs mknod /workspace/memory c 1 1; }
held "none is there, and none can be made" """,
    ),
)

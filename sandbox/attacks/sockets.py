"""Escapes over sockets and descriptors of this machine's."""

from __future__ import annotations

from functools import partial

from sandbox.attacks.escape import Escape, Group

_Socket = partial(Escape, group=Group.SOCKETS)

SOCKETS = (
    _Socket(
        name="engine-socket",
        tries="reach the socket of a container engine",
        script="""for at in /var/run /run /host /mnt; do
sockets $at/docker.sock $at/podman/podman.sock $at/containerd/containerd.sock $at/crio/crio.sock; done
held "there is none" """,
    ),
    _Socket(
        name="session-sockets",
        tries="reach the agent for SSH keys, D-Bus, a display or the system log",
        script="""sockets "$SSH_AUTH_SOCK" /run/dbus/system_bus_socket /run/user/*/bus /run/user/*/*/S.* \
    /run/user/*/wayland-* /tmp/.X11-unix/* /tmp/ssh-*/* /run/systemd/private /dev/log \
    /run/systemd/journal/socket /var/run/nscd/socket
[ -z "$DISPLAY$SSH_AUTH_SOCK$DBUS_SESSION_BUS_ADDRESS" ] || through "a variable leads to the session"
held "there is none" """,
    ),
    _Socket(
        name="any-socket",
        tries="find any socket file at all",
        script="""need find
for at in $(find / \\( -path /proc -o -path /sys -o -path /usr \\) -prune -o -type s -print 2> /dev/null)
do through "$at is there"; done; held "there is none" """,
    ),
    _Socket(
        name="socket-of-the-host",
        tries="connect to a socket that this program listens on, by its path",
        python=True,
        script="""
import socket
attempt("it was reached", lambda: socket.socket(socket.AF_UNIX).connect(os.environ["SOCKET"]))
""",
    ),
    _Socket(
        name="abstract-socket",
        tries="connect to a socket of the host's that has a name and no path",
        python=True,
        script="""
import socket
def reach():
    with socket.socket(socket.AF_UNIX) as reached:
        reached.connect("\\0" + os.environ["ABSTRACT"])
        reached.sendall(os.environ["NONCE"].encode())
attempt("it was reached", reach)
""",
    ),
    _Socket(
        name="list-of-sockets",
        tries="read the names of the host's sockets",
        script="""[ -r /proc/net/unix ] || held "the list can't be read"
while read -r slot _ _ _ _ _ _ path; do case $path in ?*) [ "$path" = Path ] || through "$path is listed";; esac
done < /proc/net/unix; held "the list is empty" """,
    ),
    _Socket(
        name="kernel-sockets",
        tries="open sockets to the hypervisor, the kernel's crypto and raw frames",
        python=True,
        script="""
import socket
for name in ("AF_VSOCK", "AF_ALG", "AF_PACKET", "AF_BLUETOOTH", "AF_CAN", "AF_TIPC", "AF_RDS", "AF_KEY"):
    family = getattr(socket, name, {"AF_KEY": 15}.get(name))
    if family is not None:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW):
            attempt(f"a socket of {name} was made", socket.socket, family, kind)
""",
    ),
    _Socket(
        name="inherited-descriptors",
        tries="use a descriptor that was left open for the command",
        script="""for at in /proc/self/fd/*; do case ${at##*/} in
0|1|2) ;; *) [ -e "$at" ] && through "descriptor ${at##*/} leads to $(readlink "$at")";; esac; done
held "its own three only" """,
    ),
    _Socket(
        name="controlling-terminal",
        tries="type into the terminal that the program was started from",
        python=True,
        script="""
import fcntl
attempt("there is a terminal", os.open, "/dev/tty", os.O_RDWR)
for descriptor in (0, 1, 2):
    for request in (0x5412, 0x541C):  # TIOCSTI, TIOCLINUX
        attempt("a key was typed", fcntl.ioctl, descriptor, request, b"\\n")
""",
    ),
)

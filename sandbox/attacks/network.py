"""Escapes over the network. Listeners are this program's own; to anything else nothing is sent where a route exists."""

from __future__ import annotations

from functools import partial

from sandbox.attacks.escape import Escape, Group

_Network = partial(Escape, group=Group.NETWORK, python=True)

_CONNECT = """
import socket
def reach(address, port, kind=socket.SOCK_STREAM):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as reached:
        reached.settimeout(3)
        reached.connect((address, port))
        reached.send(os.environ["NONCE"].encode())
"""

_DATAGRAM = """
# To send is no proof, as the listener may be another one: that it heard shows on the host.
try:
    reach("127.0.0.1", int(os.environ["UDP"]), socket.SOCK_DGRAM)
except OSError as error:
    held(os.strerror(error.errno).lower())
held("nobody heard it")
"""

NETWORK = (
    _Network(
        name="host-loopback",
        tries="connect to a server on this machine's loopback",
        script=_CONNECT + 'attempt("it was reached", reach, "127.0.0.1", int(os.environ["TCP"]))',
    ),
    _Network(
        name="host-loopback-ipv6",
        tries="connect to a server on this machine's IPv6 loopback",
        script=_CONNECT
        + """
os.environ["TCP6"] or lacking("this machine has no IPv6 loopback")
attempt("it was reached", reach, "::1", int(os.environ["TCP6"]))
""",
    ),
    _Network(
        name="host-datagram",
        tries="send a datagram to a server on this machine's loopback",
        script=_CONNECT + _DATAGRAM,
    ),
    _Network(
        name="engine-bridge",
        tries="connect to a server on the engine's bridge",
        script=_CONNECT
        + """
os.environ["BRIDGE"] or lacking("this machine has no bridge of an engine")
attempt("it was reached", reach, os.environ["BRIDGE"], int(os.environ["BRIDGE_PORT"]))
""",
    ),
    _Network(
        name="metadata-address",
        tries="reach the address where clouds hand out credentials",
        script=_CONNECT
        + """
no_way_out()
for address in ("169.254.169.254", "169.254.170.2", "fd00:ec2::254"):
    attempt(f"{address} was reached", reach, address, 80)
""",
    ),
    _Network(
        name="world",
        tries="reach any address of the world",
        script=_CONNECT
        + """
no_way_out()
for address in ("192.0.2.1", "2001:db8::1"):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        attempt(f"{address} was reached", reach, address, 443, kind)
""",
    ),
    _Network(
        name="name-resolution",
        tries="carry words out in the name that is looked up",
        script="""
import socket
no_way_out()
def look_up():
    try:
        socket.getaddrinfo("example.org", 443)
    except socket.gaierror as error:
        raise OSError(None, error.strerror)
try:
    look_up()
except OSError as error:
    held(str(error.args[1]).lower())
through("a name was resolved")
""",
    ),
    _Network(
        name="raw-socket",
        tries="make packets by hand",
        script="""
import socket
for family, protocol in ((socket.AF_INET, 1), (socket.AF_INET, 255), (socket.AF_INET6, 58)):
    attempt("a raw socket was made", socket.socket, family, socket.SOCK_RAW, protocol)
attempt("a socket for frames was made", socket.socket, getattr(socket, "AF_PACKET", 17), socket.SOCK_RAW, 3)
""",
    ),
    _Network(
        name="interfaces",
        tries="find an interface besides the loopback, or a route",
        script="""
names = [row.split(":")[0].strip() for row in open("/proc/net/dev").read().splitlines()[2:]]
# Tunnels that the kernel shows in every namespace are down and lead nowhere.
idle = ("tunl", "sit", "ip6tnl", "gre", "erspan", "ip_vti", "ip6_vti", "ip6gre")
if {name for name in names if not name.startswith(idle)} != {"lo"}:
    through("there is " + ", ".join(names))
no_way_out()
held("the loopback is all there is")
""",
    ),
    _Network(
        name="make-an-interface",
        tries="make an interface, or give one an address or a route",
        script="""
import fcntl, socket, struct
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
address = struct.pack("16sH2s4s8x", b"lo", socket.AF_INET, b"", socket.inet_aton("127.0.0.2"))
attempt("an address was given", fcntl.ioctl, control, 0x8916, address)
attempt("a flag was set", fcntl.ioctl, control, 0x8914, struct.pack("16sH14x", b"lo", 0x49))
def link():
    route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    body = struct.pack("BxHiII", 0, 0, 0, 0, 0) + struct.pack("HH5s3x", 9, 3, b"mimo")
    info = struct.pack("HH", 16, 18) + struct.pack("HH5s3x", 9, 1, b"dummy")
    route.send(struct.pack("IHHII", 16 + len(body + info), 16, 0x605, 1, 0) + body + info)
    code = struct.unpack("i", route.recv(4096)[16:20])[0]
    if code:
        raise OSError(-code, "refused")
attempt("an interface was made", link)
""",
    ),
)

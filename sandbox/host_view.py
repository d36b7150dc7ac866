"""What a bubblewrap sandbox sees of this machine: its programs and the little of `/etc` that they need, read-only."""

from __future__ import annotations

from pathlib import Path

_PROGRAMS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SETTINGS = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
    "/etc/localtime",
    "/etc/mime.types",
)
"""No passwd, no host names, no keys: those the sandbox gets of its own."""


def host_arguments() -> list[str]:
    """Arguments of `bwrap` that show the machine's programs; a link (`/bin` -> `usr/bin`) stays a link."""
    arguments = []
    for place in _PROGRAMS:
        path = Path(place)
        if path.is_symlink():
            arguments += ["--symlink", str(path.readlink()), place]
        elif path.is_dir():
            arguments += ["--ro-bind", place, place]
    for place in (*_SETTINGS, *map(str, sorted(Path("/etc").glob("python3*")))):
        if Path(place).exists():
            arguments += ["--ro-bind", place, place]
    return arguments


def etc_files(uid: int, gid: int, home: str) -> dict[str, str]:
    """Files of `/etc` that are made for the sandbox."""
    return {
        "/etc/passwd": f"root:x:0:0:root:/:/bin/sh\nagent:x:{uid}:{gid}:agent:{home}:/bin/bash\n"
        "nobody:x:65534:65534:nobody:/:/bin/sh\n",
        "/etc/group": f"root:x:0:\nagent:x:{gid}:\nnogroup:x:65534:\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
        "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    }

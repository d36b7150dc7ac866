"""All escapes that need nothing but a sandbox; those of git and terminals need more of the program, and are there."""

from __future__ import annotations

from sandbox.attacks.escape import Escape
from sandbox.attacks.files import FILES
from sandbox.attacks.links import LINKS
from sandbox.attacks.namespaces import NAMESPACES
from sandbox.attacks.network import NETWORK
from sandbox.attacks.proc import PROC
from sandbox.attacks.resources import RESOURCES
from sandbox.attacks.sockets import SOCKETS

ESCAPES: tuple[Escape, ...] = (*FILES, *LINKS, *SOCKETS, *NETWORK, *PROC, *NAMESPACES, *RESOURCES)
"""In the order of the groups. A new escape is an entry in the file of its group."""

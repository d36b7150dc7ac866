"""Names and addresses as this machine knows them, with name servers and answers that mean harm."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from typing import Any

import anyio
import pytest

from sandbox.network.resolving import resolve_here

OWN = "8.8.8.8"
"""In a network namespace of the test's own, where it is the loopback's and nobody else is."""

IN_A_NAMESPACE = f"""
import fcntl, socket, struct
import anyio
from ipaddress import ip_address
from sandbox.network.allow_list import AllowList
from sandbox.network.judging import judged
from sandbox.network.network import Network
from sandbox.network.request import RequestRefused, Target

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    address = struct.pack("16sH2s4s8x", b"lo", socket.AF_INET, b"", socket.inet_aton("{OWN}"))
    fcntl.ioctl(control, 0x8916, address)  # SIOCSIFADDR
    fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", b"lo", 1))  # SIOCSIFFLAGS: up

async def told(_): ...
async def resolve(_): return [ip_address("{OWN}")]

async def ask(entry, host):
    network = Network(allow=AllowList.of([entry]), told=told, resolve=resolve)
    try:
        print(*await judged(network, Target(host=host, port=443)))
    except RequestRefused as refused:
        print(refused.why)

for entry in ("good.test", "{OWN}", "private:good.test", "private:{OWN}"):
    anyio.run(ask, entry, entry.removeprefix("private:"))
"""


def test_a_public_address_of_this_machine_is_private() -> None:
    """What a name server says is not to lead to what listens here, unless it is listed as such."""
    words = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", IN_A_NAMESPACE]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    if "unshare" in ran.stderr:
        pytest.skip("this user can't make a network namespace")
    assert ran.stderr == ""
    refused = "its address is a private one, and the list does not say private: of it"
    assert ran.stdout.splitlines() == [refused, refused, OWN, OWN]


async def test_silent_name_servers_hold_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names are looked up in vain, the program's own look-ups go on."""
    known, answered = socket.getaddrinfo, threading.Event()

    def looked_up(host: str | bytes, *more: Any, **named: Any) -> Any:
        silent = host in {"silent.test", b"silent.test"}
        if silent:
            answered.wait()
        return known("127.0.0.1" if silent else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(resolve_here, "silent.test")
        await anyio.wait_all_tasks_blocked()
        try:
            with anyio.fail_after(60):
                await anyio.getaddrinfo("127.0.0.1", 80)
        finally:
            answered.set()

"""The proxy of one sandbox: listens on a socket that only this sandbox is shown, for as long as it lives."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import ByteStream, SocketListener, TaskGroup

from sandbox.errors import SandboxUnavailable
from sandbox.identity import sandbox_uid
from sandbox.network.exchange import serve
from sandbox.network.ledger import Ledger
from sandbox.network.network import Network

SOCKET = "proxy"

MOST_CONNECTIONS = 32
"""Connections of one sandbox at once, two descriptors each; more wait their turn."""

_BACKLOG = 128
_PAUSE_SECONDS = 0.2


@asynccontextmanager
async def proxying(directory: Path, network: Network, *, sandbox: str) -> AsyncIterator[None]:
    """Serve a sandbox at SOCKET in a directory of its own, which only its user may use; raises SandboxUnavailable."""
    ledger = Ledger(sandbox, network.told)
    try:
        listener = await SocketListener.from_socket(_listening(directory))
    except OSError as error:
        raise SandboxUnavailable(
            f"the proxy of a sandbox could not listen in {directory} ({error})", "see that the state directory is local"
        ) from error
    async with listener:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_accept, listener, network, ledger, tasks)
                try:
                    yield
                finally:
                    tasks.cancel_scope.cancel()
        except BaseExceptionGroup as raised:
            # What goes wrong in the sandbox is the caller's to tell apart, as if there were no proxy beside it.
            first = raised.exceptions[0]
            raise first from first.__cause__
        finally:
            with anyio.CancelScope(shield=True):
                await ledger.close()


def _listening(directory: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    place = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # By way of its descriptor, for a socket's address is short and the directory may lie deep.
        listening.bind(f"/proc/self/fd/{place}/{SOCKET}")
        os.chmod(SOCKET, 0o600, dir_fd=place)
        os.chown(SOCKET, sandbox_uid(), -1, dir_fd=place)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    finally:
        os.close(place)
    return listening


async def _accept(listener: SocketListener, network: Network, ledger: Ledger, tasks: TaskGroup) -> None:
    free = anyio.Semaphore(MOST_CONNECTIONS)

    async def handle(stream: ByteStream) -> None:
        try:
            async with stream:
                await serve(stream, network, ledger)
        finally:
            free.release()

    while True:
        await free.acquire()
        try:
            tasks.start_soon(handle, await listener.accept())
        except OSError:  # no descriptor left in the whole program: others give theirs back
            free.release()
            await anyio.sleep(_PAUSE_SECONDS)

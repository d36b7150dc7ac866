"""One connection of a sandbox to the proxy: each request on it is judged anew, then served or refused."""

from __future__ import annotations

import contextlib

import anyio
import h11
from anyio.abc import ByteStream

from sandbox.network.judging import judged
from sandbox.network.ledger import Ledger
from sandbox.network.network import Network
from sandbox.network.peer import STREAM_ERRORS, Peer
from sandbox.network.request import RequestRefused, Target, passed_back, passed_on, target_of
from sandbox.network.tunnel import tunnel
from sandbox.network.upstream import Upstream, reach

HEAD_SECONDS = 60.0
"""How long a client may take for the head of a request, or lie still between two."""

LINGER_SECONDS = 2.0
MOST_METHOD_CHARS = 20


async def serve(stream: ByteStream, network: Network, ledger: Ledger) -> None:
    """Serve a client until it is done or refused something; raises what telling the journal does."""
    exchange = _Exchange(Peer(stream, h11.SERVER), network, ledger)
    with contextlib.suppress(*STREAM_ERRORS, h11.ProtocolError):
        while await exchange.serve_one():
            exchange.client.http.start_next_cycle()


class _Exchange:
    def __init__(self, client: Peer, network: Network, ledger: Ledger) -> None:
        self.client = client
        self._network = network
        self._ledger = ledger

    async def serve_one(self) -> bool:
        """Serve the next request; False where it was the last."""
        method, target = "?", None
        try:
            request = await self._head()
            if request is None:
                return False
            method = request.method.decode()[:MOST_METHOD_CHARS]
            target = target_of(request)
            addresses = await judged(self._network, target)
        except RequestRefused as refused:
            await self._tell_refusal(method, target, refused.why)
            await self._refuse(refused)
            return False
        await self._ledger.ask(method, target.host, target.port, addresses=tuple(map(str, addresses)))
        try:
            upstream = await reach(addresses, target.port, self._ledger)
        except RequestRefused as refused:
            await self._refuse(refused)
            return False
        async with upstream:
            with upstream.idle:
                return await self._pass(request, target, upstream)
        return False

    async def _head(self) -> h11.Request | None:
        with anyio.move_on_after(HEAD_SECONDS):
            try:
                event = await self.client.receive()
            except h11.RemoteProtocolError as error:
                raise RequestRefused(error.error_status_hint, "it is no HTTP request that could be read") from None
            return event if isinstance(event, h11.Request) else None
        return None

    async def _tell_refusal(self, method: str, target: Target | None, why: str) -> None:
        host, port = (target.host, target.port) if target is not None else ("", 0)
        await self._ledger.ask(method, host, port, why=why)

    async def _refuse(self, refused: RequestRefused) -> None:
        """Answer a request that is not served; the connection is over with it."""
        words = f"mimo-orchestrate: {refused.why}\n".encode()
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(words))), ("Connection", "close")]
        reason = refused.why.encode("ascii", errors="replace")
        await self.client.send(h11.Response(status_code=refused.status, headers=headers, reason=reason))
        if self.client.http.our_state is h11.SEND_BODY:
            with contextlib.suppress(h11.LocalProtocolError):  # a HEAD has none
                await self.client.send(h11.Data(data=words))
        await self._linger()

    async def _linger(self) -> None:
        """Take what is still being sent: closed at once, the client might never read the answer."""
        with anyio.move_on_after(LINGER_SECONDS):
            await self.client.stream.send_eof()
            while True:
                await self.client.stream.receive()

    async def _pass(self, request: h11.Request, target: Target, upstream: Upstream) -> bool:
        if target.is_tunnel:
            if (why := await tunnel(self.client, upstream)) is not None:
                await self._tell_refusal("CONNECT", target, why)
            return False
        server = Peer(upstream, h11.CLIENT)
        with contextlib.suppress(*STREAM_ERRORS):
            await server.send(passed_on(request, target))
        broke = False
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._upload, server, tasks.cancel_scope)
            broke = await self._download(server)
            tasks.cancel_scope.cancel()
        if broke and self.client.http.our_state is h11.SEND_RESPONSE:
            await self._refuse(RequestRefused(502, "it is allowed, but gave no answer that could be read"))
        states = self.client.http.states
        return not broke and states[h11.CLIENT] is h11.DONE and states[h11.SERVER] is h11.DONE

    async def _upload(self, server: Peer, exchange: anyio.CancelScope) -> None:
        """The request's body, while the answer may already come; what breaks at the server shows in the answer."""
        try:
            while isinstance(event := await self.client.receive(), h11.Data):
                with contextlib.suppress(*STREAM_ERRORS, h11.ProtocolError):
                    await server.send(h11.Data(data=event.data))
        except (*STREAM_ERRORS, h11.ProtocolError):
            exchange.cancel()
        with contextlib.suppress(*STREAM_ERRORS, h11.ProtocolError):
            await server.send(h11.EndOfMessage())

    async def _download(self, server: Peer) -> bool:
        """Pass the answer on; gives whether it broke off, or was none."""
        try:
            while not isinstance(event := await server.receive(), h11.EndOfMessage):
                if isinstance(event, h11.Response):
                    await self.client.send(passed_back(event))
                elif isinstance(event, h11.Data):
                    await self.client.send(h11.Data(data=event.data))
                elif not isinstance(event, h11.InformationalResponse):
                    raise h11.RemoteProtocolError("it ended before its answer did")
            await self.client.send(h11.EndOfMessage())
        except (*STREAM_ERRORS, h11.ProtocolError):
            return True
        return False

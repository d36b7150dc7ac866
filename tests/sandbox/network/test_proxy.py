"""The proxy by itself, against real servers on loopback: what it serves, what it refuses, and what it tells."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

import anyio
import h11
import pytest
from anyio.abc import SocketStream

from sandbox.errors import SandboxLost
from sandbox.network import exchange, ledger, proxy, tunnel, upstream
from sandbox.network.network import Asked, Network, Used
from sandbox.network.peer import Peer
from sandbox.network.proxy import SOCKET, proxying
from tests.sandbox.network.hostile import requests
from tests.sandbox.network.servers import NAME, Watched, certificate, http_server, raw_server

WAIT_SECONDS = 90.0
REFUSED = b"HTTP/1.1 4"


@asynccontextmanager
async def opened(place: Path, network: Network) -> AsyncIterator[Path]:
    """A proxy, and where it listens."""
    async with proxying(place, network, sandbox="box"):
        yield place / SOCKET


class Client:
    """A connection to a proxy; the test's time is bounded."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(WAIT_SECONDS)
        self._path = path
        self._read = b""

    async def __aenter__(self) -> Client:
        directory = os.open(self._path.parent, os.O_PATH)
        try:
            self._socket.connect(f"/proc/self/fd/{directory}/{self._path.name}")
        finally:
            os.close(directory)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._socket.close()

    async def send(self, data: bytes, *, end: bool = False) -> None:
        """Send all of it, and with `end` nothing more."""
        await anyio.to_thread.run_sync(self._socket.sendall, data)
        if end:
            self._socket.shutdown(socket.SHUT_WR)

    async def until(self, mark: bytes) -> bytes:
        """What comes, up to and with `mark`."""
        while mark not in self._read:
            more = await self._some()
            assert more, (mark, self._read)
            self._read += more
        head, found, self._read = self._read.partition(mark)
        return head + found

    async def rest(self) -> bytes:
        """What comes until the other end closes."""
        while more := await self._some():
            self._read += more
        rest, self._read = self._read, b""
        return rest

    async def secured(self, context: ssl.SSLContext, request: bytes) -> bytes:
        """Speak TLS from here on, send a request and read what comes."""

        def talk() -> bytes:
            with context.wrap_socket(self._socket.dup(), server_hostname=NAME) as secure:
                secure.settimeout(WAIT_SECONDS)
                secure.sendall(request)
                heard = b""
                while more := secure.recv(65536):
                    heard += more
                return heard

        return await anyio.to_thread.run_sync(talk)

    async def _some(self) -> bytes:
        return await anyio.to_thread.run_sync(self._socket.recv, 65536)


async def answer(path: Path, request: bytes) -> bytes:
    """What the proxy answers to one request on a connection of its own."""
    async with Client(path) as client:
        await client.send(request)
        return await client.rest()


def get(port: int, path: str = "/", *, host: str = NAME, more: str = "", close: bool = True) -> bytes:
    """A request for a URL, the last of its connection with `close`."""
    end = "Connection: close\r\n" if close else ""
    return f"GET http://{host}:{port}{path} HTTP/1.1\r\nHost: {host}\r\n{more}{end}\r\n".encode()


async def test_an_allowed_host_is_served_and_told(tmp_path: Path) -> None:
    """By whatever way of writing it: the server sees a request for itself, and each is told before it is served."""
    with http_server() as seen:
        watched = Watched([f"private:{NAME}:{seen.port}"])
        async with opened(tmp_path, watched.network) as path:
            for host in (NAME, "GOOD.Test", "good.test."):
                assert (await answer(path, get(seen.port, "/a?b", host=host))).endswith(b"\r\n\r\nhello\n")
    assert seen.lines == ["GET /a?b HTTP/1.1"] * 3
    assert {headers["host"] for headers in seen.headers} == {f"{NAME}:{seen.port}"}
    assert watched.asked == [
        Asked(sandbox="box", method="GET", host=NAME, port=seen.port, allowed=True, addresses=("127.0.0.1",))
    ] * 3  # fmt: skip
    last = watched.told[-1]
    assert isinstance(last, Used)
    assert (last.requests, last.refused, last.hosts) == (3, 0, {f"{NAME}:{seen.port}": 3})
    assert min(last.sent_bytes, last.received_bytes) > 100


async def test_hostile_requests_are_refused(tmp_path: Path) -> None:
    """Each with an answer, and told with a reason; no server and no look-up of a name ever hears of it."""
    with http_server() as seen:
        watched = Watched([f"private:{NAME}:{seen.port}"])
        hostile = requests(seen.port)
        async with opened(tmp_path, watched.network) as path:
            answers = {what: await answer(path, request) for what, request in hostile.items()}
    served = {what: got[:60] for what, got in answers.items() if not got.startswith((REFUSED, b"HTTP/1.1 50"))}
    assert served == {}
    assert (seen.lines, watched.looked_up) == ([], [])
    used = watched.told[-1]
    assert isinstance(used, Used)
    assert (used.requests, used.refused, used.hosts) == (len(hostile), len(hostile), {})
    assert all(asked.why and not asked.allowed for asked in watched.asked)


async def test_every_request_of_a_connection_is_judged(tmp_path: Path) -> None:
    """A second one to another host goes to that host or nowhere, never to the first one's."""
    with http_server("first\n") as first, http_server("second\n") as second:
        watched = Watched([f"private:{NAME}:{first.port}", f"private:other.test:{second.port}"])
        async with opened(tmp_path, watched.network) as path, Client(path) as client:
            await client.send(get(first.port, close=False))
            assert (await client.until(b"first\n")).startswith(b"HTTP/1.1 200")
            await client.send(get(second.port, host="other.test", close=False))
            assert (await client.until(b"second\n")).startswith(b"HTTP/1.1 200")
            await client.send(get(first.port, host="bad.test", close=False) + get(first.port))
            assert (await client.rest()).startswith(REFUSED)
    assert (len(first.lines), len(second.lines)) == (1, 1)


async def test_requests_sent_at_once_are_served_one_by_one(tmp_path: Path) -> None:
    """What is pipelined is judged in its turn."""
    with http_server() as seen:
        watched = Watched([f"private:{NAME}:{seen.port}"])
        async with opened(tmp_path, watched.network) as path, Client(path) as client:
            await client.send(get(seen.port, close=False) * 2 + get(seen.port, host="bad.test"))
            got = await client.rest()
    assert (got.count(b"hello\n"), got.count(b"HTTP/1.1 403")) == (2, 1)


async def test_what_is_between_neighbours_is_not_passed_on(tmp_path: Path) -> None:
    """Neither hop-by-hop headers, nor an upgrade, nor a Host that is not the judged one; nor back."""
    more = (
        "Proxy-Authorization: x\r\nProxy-Connection: y\r\nX-Named: z\r\nTE: trailers\r\n"
        "Upgrade: h2c\r\nHTTP2-Settings: a\r\nKept: yes\r\nConnection: Upgrade, X-Named\r\n"
    )
    with http_server() as seen:
        watched = Watched([f"private:{NAME}:{seen.port}"])
        request = get(seen.port, more=more).replace(b"Host: good.test", b"Host: bad.test")
        async with opened(tmp_path, watched.network) as path:
            got = await answer(path, request)
    assert set(seen.headers[0]) == {"host", "kept", "connection"}
    assert seen.headers[0]["host"] == f"{NAME}:{seen.port}"
    assert got.startswith(b"HTTP/1.1 200")
    assert b"X-Secret" not in got


async def test_bodies_of_every_kind(tmp_path: Path) -> None:
    """With a length, in chunks, after a word that it is wanted; none of HEAD; and as large as they come."""
    with http_server() as seen:
        watched = Watched([f"private:{NAME}:{seen.port}"])
        url = f"http://{NAME}:{seen.port}".encode()
        head = b"POST " + url + b"/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        async with opened(tmp_path, watched.network) as path:
            assert (await answer(path, head + b"Content-Length: 5\r\n\r\nabcde")).endswith(b"\r\n\r\nabcde")
            chunks = b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            assert (await answer(path, head + chunks)).endswith(b"\r\n\r\nabcde")
            async with Client(path) as client:
                await client.send(head + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                assert (await client.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
                await client.send(b"ok")
                assert (await client.rest()).endswith(b"\r\n\r\nok")
            assert (await answer(path, get(seen.port).replace(b"GET", b"HEAD"))).endswith(b"\r\n\r\n")
            assert (await answer(path, get(seen.port, "/chunked"))).endswith(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
            old = get(seen.port, "/chunked").replace(b"HTTP/1.1", b"HTTP/1.0")
            assert (await answer(path, old)).endswith(b"\r\n\r\nonetwo")
            large = await answer(path, get(seen.port, "/size/5000000"))
            assert large.partition(b"\r\n\r\n")[2] == b"x" * 5_000_000


async def test_tls_through_a_tunnel(tmp_path: Path) -> None:
    """The client and the server speak TLS with each other: whose certificate is shown is theirs to see."""
    trusted, context = certificate(tmp_path)
    with http_server(tls=context) as seen:
        watched = Watched([f"private:{NAME}:{seen.port}"])
        async with opened(tmp_path, watched.network) as path, Client(path) as client:
            await client.send(f"CONNECT {NAME}:{seen.port} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert (await client.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            believing = ssl.create_default_context(cafile=str(trusted))
            got = await client.secured(believing, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert got.endswith(b"hello\n")
    assert [asked.method for asked in watched.asked] == ["CONNECT"]


@pytest.mark.parametrize(
    "words",
    [
        b"CONNECT bad.test:443 HTTP/1.1\r\nHost: bad.test\r\n\r\n",
        b"GET http://bad.test/ HTTP/1.1\r\nHost: bad.test\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x05\x01\x00\x03\x08bad.test\x01\xbb",
        b"\x16\x03",
        b"\x16\x03\x01\x00\x05\x02\x00",
    ],
)
async def test_a_tunnel_carries_tls_alone(tmp_path: Path, words: bytes) -> None:
    """A request to relay, to an allowed host that is a proxy itself, does not reach it; nor SSH, nor half a hello."""
    with raw_server(b"HTTP/1.1 200 relayed\r\n\r\n") as raw:
        watched = Watched([f"private:{NAME}:{raw.port}"])
        async with opened(tmp_path, watched.network) as path, Client(path) as client:
            await client.send(f"CONNECT {NAME}:{raw.port} HTTP/1.1\r\nHost: x\r\n\r\n".encode() + words, end=True)
            await client.until(b"\r\n\r\n")
            assert await client.rest() == b""
    assert set(raw.heard) <= {b""}
    assert [(asked.allowed, asked.why) for asked in watched.asked] == [(True, None), (False, tunnel.NOT_TLS)]


async def test_a_relay_is_not_asked_by_a_url_either(tmp_path: Path) -> None:
    """A CONNECT as the body of a plain request is its body: the server sees one request, with the judged name."""
    with http_server() as seen:
        watched = Watched([f"private:{NAME}:{seen.port}"])
        inner = b"CONNECT bad.test:443 HTTP/1.1\r\nHost: bad.test\r\n\r\n"
        more = f"Content-Length: {len(inner)}\r\n"
        request = get(seen.port, more=more).replace(b"GET", b"POST") + inner
        async with opened(tmp_path, watched.network) as path:
            assert (await answer(path, request)).endswith(inner)
    assert seen.lines == ["POST / HTTP/1.1"]


async def test_an_address_is_looked_up_once_and_kept(tmp_path: Path) -> None:
    """A name that has another address at the next look is connected to at the one that was judged."""
    with http_server("judged\n") as judged, http_server("other\n", at="127.0.0.2") as other:
        watched = Watched([f"private:{NAME}:{judged.port}"])
        network, looks = watched.network, iter(["127.0.0.1", "127.0.0.2"])

        async def rebinding(host: str) -> list[object]:
            watched.answers[host] = [next(looks)]
            return list(await network.resolve(host))

        rebound = Network(allow=network.allow, told=network.told, resolve=rebinding)  # type: ignore[arg-type]
        async with opened(tmp_path, rebound) as path:
            assert (await answer(path, get(judged.port))).endswith(b"judged\n")
    assert (len(watched.looked_up), other.lines) == (1, [])


async def test_a_private_address_has_to_be_listed_as_such(tmp_path: Path) -> None:
    """A name that turns out to be this machine's loopback is refused, and nobody is asked."""
    with http_server() as seen:
        watched = Watched([f"{NAME}:{seen.port}"], answers={NAME: ["127.0.0.1", "10.0.0.1", "::1"]})
        async with opened(tmp_path, watched.network) as path:
            got = await answer(path, get(seen.port))
    assert got.startswith(b"HTTP/1.1 403")
    assert b"private:" in got
    assert (seen.lines, [asked.allowed for asked in watched.asked]) == ([], [False])


async def test_a_host_that_does_not_answer(tmp_path: Path) -> None:
    """Nobody there, no such name, an answer that is no HTTP, none at all: each is an answer with words."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with raw_server(b"nonsense\r\n\r\n") as raw, raw_server(b"") as silent:
        hosts = [f"private:{NAME}:{number}" for number in (port, raw.port, silent.port)]
        watched = Watched([*hosts, f"none.test:{port}"], answers={"none.test": []})
        async with opened(tmp_path, watched.network) as path:
            for number in (port, raw.port, silent.port):
                assert (await answer(path, get(number))).startswith(b"HTTP/1.1 502")
            assert (await answer(path, get(port, host="none.test"))).startswith(b"HTTP/1.1 403")


async def test_an_answer_that_makes_no_sense_while_a_body_is_sent(tmp_path: Path) -> None:
    """A server that does not wait for the request's end is one that gave no answer, and the proxy lives."""
    with raw_server(b"nonsense\r\n\r\n") as raw:
        watched = Watched([f"private:{NAME}:{raw.port}"])
        head = f"POST http://{NAME}:{raw.port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        async with opened(tmp_path, watched.network) as path:
            async with Client(path) as client:
                await client.send(head.encode() + b"half")
                assert (await client.until(b"could be read\n")).startswith(b"HTTP/1.1 502")
            assert (await answer(path, get(raw.port))).startswith(b"HTTP/1.1 502")


async def test_a_client_is_told_to_go_on_while_it_is_answered() -> None:
    """Both are said whole, one after the other."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        async with await SocketStream.from_socket(ours) as stream:
            peer = Peer(stream, h11.SERVER)
            await peer.receive()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(peer.receive)
                tasks.start_soon(peer.send, h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                theirs.sendall(b"body")
        assert re.findall(rb"HTTP/1.1 \d+", theirs.recv(4096)) == [b"HTTP/1.1 100", b"HTTP/1.1 200"]


async def test_an_answer_that_breaks_off_ends_the_connection(tmp_path: Path) -> None:
    """Half an answer is not made a whole one."""
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") as raw:
        watched = Watched([f"private:{NAME}:{raw.port}"])
        async with opened(tmp_path, watched.network) as path:
            got = await answer(path, get(raw.port, close=False))
    assert got.endswith(b"half")
    assert b"chunked" not in got


async def test_who_is_slow_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a head, a tunnel without a word, a connection in which nothing moves: each comes to an end."""
    for module, name in ((exchange, "HEAD_SECONDS"), (tunnel, "FIRST_SECONDS"), (upstream, "IDLE_SECONDS")):
        monkeypatch.setattr(module, name, 0.1)
    with ExitStack() as sockets:
        mute = sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = mute.getsockname()[1]
        watched = Watched([f"private:{NAME}:{port}"])
        connect = f"CONNECT {NAME}:{port} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        async with opened(tmp_path, watched.network) as path:
            for words in (b"GET http://", b"", connect, connect + b"\x16\x03\x01\x00\x05\x01", get(port)):
                async with Client(path) as client:
                    await client.send(words)
                    await client.rest()


async def test_more_connections_than_are_served_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They wait their turn, and all are served."""
    monkeypatch.setattr(proxy, "MOST_CONNECTIONS", 3)
    with http_server() as seen:
        watched = Watched([f"private:{NAME}:{seen.port}"])
        async with opened(tmp_path, watched.network) as path, anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(answer, path, get(seen.port))
    assert len(seen.lines) == 20


async def test_a_flood_is_counted_and_not_told_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command in a loop fills no journal; the sum has them all, and allowed requests are told beside refused ones."""
    monkeypatch.setattr(ledger, "MOST_REFUSED_TOLD", 5)
    with http_server() as seen:
        watched = Watched([f"private:{NAME}:{seen.port}"])
        async with opened(tmp_path, watched.network) as path:
            for _ in range(12):
                await answer(path, get(seen.port, host="bad.test"))
            await answer(path, get(seen.port))
    assert [asked.allowed for asked in watched.asked] == [False] * 5 + [True]
    used = watched.told[-1]
    assert isinstance(used, Used)
    assert (used.requests, used.refused) == (13, 12)


async def test_what_goes_wrong_beside_the_proxy_is_not_wrapped(tmp_path: Path) -> None:
    """Whoever opened a sandbox tells a lost one from others by its class, with a network as without."""

    async def losing() -> None:
        async with opened(tmp_path, Watched([NAME]).network):
            raise SandboxLost("box", "gone") from OSError("the cause")

    with pytest.raises(SandboxLost) as caught:
        await losing()
    assert str(caught.value.__cause__) == "the cause"


async def test_a_request_that_can_not_be_told_is_not_served(tmp_path: Path) -> None:
    """A journal that can't be written ends the sandbox, before the server hears anything."""

    async def failing(_: Asked | Used) -> None:
        raise RuntimeError("no journal")

    with http_server() as seen:
        network = Watched([f"private:{NAME}:{seen.port}"]).network
        deaf = Network(allow=network.allow, told=failing, resolve=network.resolve)
        with pytest.raises(RuntimeError, match="no journal"):
            await _ask_and_wait(tmp_path, deaf, get(seen.port))
    assert seen.lines == []


async def _ask_and_wait(place: Path, network: Network, request: bytes) -> None:
    async with opened(place, network) as path:
        await answer(path, request)
        await anyio.sleep_forever()


async def test_nothing_is_left_open(tmp_path: Path) -> None:
    """However a connection ends, and with connections that are in the middle of something when the proxy goes."""
    with raw_server() as raw, http_server() as seen:
        watched = Watched([f"private:{NAME}:{raw.port}", f"private:{NAME}:{seen.port}"])
        before = descriptors()
        async with AsyncExitStack() as clients:
            async with opened(tmp_path, watched.network) as path:
                connect = f"CONNECT {NAME}:{seen.port} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
                for words in (get(seen.port), get(seen.port, host="bad.test"), b"nonsense\r\n\r\n"):
                    await answer(path, words)
                midst = [await clients.enter_async_context(Client(path)) for _ in range(5)]
                for client in midst:
                    await client.send(connect + b"\x16\x03\x01\x00\x05\x01")
                    await client.until(b"\r\n\r\n")
            assert [await client.rest() for client in midst] == [b""] * 5
        with anyio.fail_after(WAIT_SECONDS):
            while descriptors() > before:  # noqa: ASYNC110 - the servers' threads close theirs when they get to it
                await anyio.sleep(0.02)


def descriptors() -> int:
    """How many files this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

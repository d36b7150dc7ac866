"""A sandbox with a list of hosts: it reaches those and nothing else. All servers are the test's own, on loopback."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import pytest

from sandbox.network import ledger
from sandbox.network.network import Used
from sandbox.sandbox import Backend, Command, CommandResult, Limits, Sandbox
from tests.contracts.sandbox.conftest import make_spec
from tests.sandbox.network.hostile import requests
from tests.sandbox.network.servers import NAME, Seen, Watched, certificate, http_server

WAIT_SECONDS = 90


@dataclass(frozen=True, slots=True)
class World:
    """What a sandbox can reach, by plain HTTP and by TLS, what it can't, and what is told of it."""

    plain: Seen
    secure: Seen
    forbidden: Seen
    watched: Watched


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Three servers; the certificate of the second is one that this machine trusts."""
    trusted, context = certificate(tmp_path_factory.mktemp("trusted"))
    with (
        http_server("plain\n") as plain,
        http_server("secure\n", tls=context) as secure,
        http_server("forbidden\n") as forbidden,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(ledger, "MOST_REFUSED_TOLD", 10_000)
        patch.setenv("SSL_CERT_FILE", str(trusted))
        hosts = [f"private:{NAME}:{plain.port}", f"private:{NAME}:{secure.port}"]
        yield World(plain, secure, forbidden, Watched(hosts))


@pytest.fixture(scope="module")
async def walled(backend: Backend, world: World, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    """A sandbox that may reach the two."""
    spec = replace(make_spec(tmp_path_factory.mktemp("walled")), network=world.watched.network)
    async with backend.open(spec) as sandbox:
        yield sandbox


async def python(sandbox: Sandbox, script: str) -> str:
    """What a script for the sandbox's own Python prints."""
    result = await sandbox.execute(Command(script=f"python3 - <<'END'\n{script}\nEND", timeout_seconds=WAIT_SECONDS))
    assert result.ok, result
    return result.stdout.text()


ASK = """
import urllib.error, urllib.request
def ask(url, body=None):
    try:
        with urllib.request.urlopen(url, data=body, timeout=60) as answer:
            return answer.read().decode().strip()
    except OSError as error:
        return f"{type(error).__name__} {error}"
"""

RAW = """
import os, socket
def raw(words):
    with socket.create_connection(("127.0.0.1", int(os.environ["HTTP_PROXY"].rpartition(":")[2]))) as proxy:
        proxy.settimeout(60)
        proxy.sendall(words)
        heard = b""
        while more := proxy.recv(65536):
            heard += more
    return heard
"""


async def test_allowed_hosts_are_reached(walled: Sandbox, world: World) -> None:
    """By plain HTTP and through a tunnel, with what the environment says alone, trusting what this machine trusts."""
    urls = [f"http://{NAME}:{world.plain.port}/", f"https://{NAME}:{world.secure.port}/"]
    assert await python(walled, f"{ASK}\nfor url in {urls}: print(ask(url))") == "plain\nsecure\n"
    asked = {(told.method, told.host, told.port) for told in world.watched.asked if told.allowed}
    assert asked >= {("GET", NAME, world.plain.port), ("CONNECT", NAME, world.secure.port)}


async def test_the_certificates_can_be_read_and_not_written(walled: Sandbox) -> None:
    """They are those of this machine, in one file that every variable names."""
    script = """
    for name in SSL_CERT_FILE CURL_CA_BUNDLE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS GIT_SSL_CAINFO PIP_CERT; do
        [ "$(grep -c BEGIN ${!name})" = 1 ] && ! (: >> ${!name}) 2>/dev/null && echo $name; done | wc -l
    rm -f /run/mimo/network/* 2>/dev/null; touch /run/mimo/network/x 2>/dev/null; ls /run/mimo/network"""
    result = await walled.execute(Command(script=script))
    assert result.stdout.text() == "6\ncertificates.pem\nproxy\n"


async def test_a_certificate_that_nobody_trusts_is_not_trusted(walled: Sandbox, world: World) -> None:
    """The tunnel changes nothing of what TLS promises."""
    script = f"unset SSL_CERT_FILE; python3 - <<'END'\n{ASK}\nprint(ask('https://{NAME}:{world.secure.port}/'))\nEND"
    result = await walled.execute(Command(script=script, timeout_seconds=WAIT_SECONDS))
    assert "CERTIFICATE_VERIFY_FAILED" in result.stdout.text()


async def test_other_hosts_are_refused(walled: Sandbox, world: World) -> None:
    """By name, by address and by port, with words that say why."""
    port = world.forbidden.port
    urls = [f"http://bad.test:{port}/", f"http://{NAME}:{port}/", f"https://bad.test:{port}/"]
    said = await python(walled, f"{ASK}\nfor url in {urls}: print(ask(url))")
    assert said.count("not on the list of hosts") == 3
    assert world.forbidden.lines == []


async def test_hostile_requests_are_refused(walled: Sandbox, world: World) -> None:
    """What could be taken for an allowed host, sent as it is to the proxy: nothing of it is served."""
    hostile = requests(world.plain.port)
    before = len(world.plain.lines)
    script = f"import json\nprint(json.dumps({{what: raw(words)[:12].decode() for what, words in {hostile}.items()}}))"
    answers = json.loads(await python(walled, f"{RAW}\n{script}"))
    assert {what for what, got in answers.items() if not got.startswith(("HTTP/1.1 4", "HTTP/1.1 5"))} == set()
    assert len(answers) == len(hostile)
    assert len(world.plain.lines) == before


async def test_a_redirect_is_judged_anew(walled: Sandbox, world: World) -> None:
    """An allowed host that sends a client elsewhere sends it to the list again."""
    away, back = f"http://bad.test:{world.forbidden.port}/", f"http://{NAME}:{world.plain.port}/"
    urls = [f"{back}?to={away}", f"{back}?to={back}", f"{back}?to=http://127.0.0.1:{world.forbidden.port}/"]
    first, second, third = (await python(walled, f"{ASK}\nfor url in {urls}: print(ask(url))")).splitlines()
    assert "403" in first
    assert second == "plain"
    assert third.startswith("URLError")  # not by way of the proxy, and so nowhere
    assert world.forbidden.lines == []


async def test_a_kept_connection_does_not_reach_another_host(walled: Sandbox, world: World) -> None:
    """A second request over one connection goes where it says or nowhere."""
    head = "GET http://{}:{}/ HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
    good, bad = head.format(NAME, world.plain.port), head.format("bad.test", world.plain.port)
    said = await python(walled, f"{RAW}\nprint(raw(b'{good}{good}{bad}{good}').decode())")
    assert (said.count("plain\n"), said.count("HTTP/1.1 403")) == (2, 1)


async def test_a_relayed_connect_goes_nowhere(walled: Sandbox, world: World) -> None:
    """Neither through an allowed host, nor through the proxy itself."""
    port = world.plain.port
    relayed = f"CONNECT bad.test:{world.forbidden.port} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
    outer = f"CONNECT {NAME}:{port} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
    own = "CONNECT 127.0.0.1:61080 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
    before = len(world.plain.lines)
    said = await python(walled, f"{RAW}\nfor w in (b'{outer}{relayed}', b'{own}{relayed}'): print(raw(w).decode())")
    assert (said.count("HTTP/1.1 200"), said.count("HTTP/1.1 403")) == (1, 1)
    assert len(world.plain.lines) == before
    assert any(told.why and "TLS" in told.why for told in world.watched.asked)


async def test_there_is_no_way_beside_the_proxy(walled: Sandbox, world: World) -> None:
    """No route, no names, no packets, no raw socket: not this machine, nor its bridge, nor a metadata address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("0.0.0.0", 0))
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        own = socket.gethostbyname(socket.gethostname())
        hosts = [
            *(
                ("127.0.0.1", world.plain.port),
                ("172.17.0.1", world.plain.port),
                (own, world.plain.port),
            ),
            *(("169.254.169.254", 80), ("fd00:ec2::254", 80), ("192.0.2.1", 80), ("8.8.8.8", 53)),
        ]
        script = f"""
import socket
for host in {hosts}:
    try: socket.create_connection(host, timeout=3); print("reached", host)
    except OSError: pass
for kind, number in ((socket.SOCK_RAW, 1), (socket.SOCK_RAW, 255)):
    try: socket.socket(socket.AF_INET, kind, number); print("raw", kind, number)
    except OSError: pass
try: socket.socket(socket.AF_PACKET, socket.SOCK_RAW); print("packets")
except OSError: pass
for host in ("{NAME}", "example.org", "localhost.example.org"):
    try: print(socket.getaddrinfo(host, 80))
    except OSError: pass
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    for host in ("127.0.0.1", "172.17.0.1", "{own}", "8.8.8.8", "255.255.255.255"):
        for number in ({port}, 53):
            try: sender.sendto(b"out", (host, number))
            except OSError: pass
print(open("/proc/net/route").read().count("\\n"), [line.split(":")[0].strip() for line in open("/proc/net/dev")][2:])
"""
        assert await python(walled, script) == "1 ['lo']\n"
        with pytest.raises(TimeoutError):
            listener.recv(16)


async def test_large_bodies_both_ways(walled: Sandbox, world: World) -> None:
    """Nothing is lost of what is much, also for a client that reads slowly."""
    url = f"http://{NAME}:{world.plain.port}"
    script = f"""{ASK}
import time
print(len(ask("{url}/size/20000000")), len(ask("{url}/", b"y" * 20_000_000)))
with urllib.request.urlopen("{url}/size/3000000") as answer:
    time.sleep(0.3)
    print(len(answer.read(1000)), len(answer.read()))"""
    assert await python(walled, script) == "20000000 20000000\n1000 2999000\n"


async def test_many_connections_at_once(walled: Sandbox, world: World) -> None:
    """More than the forwarder or the proxy carries at once: all are served."""
    script = f"""{ASK}
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(100) as pool:
    print(set(pool.map(ask, ["http://{NAME}:{world.plain.port}/"] * 150)))"""
    assert await python(walled, script) == "{'plain'}\n"


async def test_the_forwarder_is_no_part_of_a_command(walled: Sandbox, world: World) -> None:
    """It keeps no command from its end, can't be looked into, and whoever kills it harms their own command alone."""
    find = "for p in /proc/[0-9]*; do [ $p != /proc/1 ] && grep -q supervisor $p/comm && break; done"
    look = "cat $p/environ $p/maps; ls -l $p/fd/; echo x > $p/fd/1"
    script = f"{find}; ({look}) 2>/dev/null; cat $p/comm; kill -9 ${{p#/proc/}}; exit 3"
    result = await walled.execute(Command(script=script))
    assert (result.exit_code, result.stdout.text()) == (3, "supervisor\n")
    taken = "import socket; socket.socket().bind(('127.0.0.1', 61080))"
    assert (await walled.execute(Command(script=f'python3 -c "{taken}"'))).exit_code == 1
    assert await python(walled, f"{ASK}\nprint(ask('http://{NAME}:{world.plain.port}/'))") == "plain\n"


async def test_a_server_of_the_command_is_reached_past_the_proxy(walled: Sandbox) -> None:
    """Tests that talk to a server of their own on loopback work as without a network."""
    script = f"""{ASK}
import http.server, threading
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("kept.txt" in ask(f"http://localhost:{{server.server_address[1]}}/"))"""
    assert (await python(walled, script)) == "True\n"


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
async def test_curl(walled: Sandbox, world: World) -> None:
    """Another client with another way to read the environment; where the sandbox has none, there is nothing to see."""
    script = f"""command -v curl > /dev/null || exit 0
    curl -sSf http://{NAME}:{world.plain.port}/ && curl -sSf https://{NAME}:{world.secure.port}/ &&
    ! curl -sSf http://bad.test:{world.plain.port}/ 2>/dev/null && ! curl -sSf https://bad.test/ 2>/dev/null"""
    result = await walled.execute(Command(script=script, timeout_seconds=WAIT_SECONDS))
    assert result.exit_code == 0, result
    assert result.stdout.text() in {"", "plain\nsecure\n"}


async def test_a_network_ends_with_its_sandbox(backend: Backend, world: World, tmp_path: Path) -> None:
    """Nothing of it is left beside the worktree, and what was asked for in all is told."""
    watched = Watched(world.watched.hosts)
    spec = replace(make_spec(tmp_path), network=watched.network, env={"NO_PROXY": "mine"})
    async with backend.open(spec) as sandbox:
        assert "mine" in (await sandbox.execute(Command(script="echo $NO_PROXY"))).stdout.text()
        assert await python(sandbox, f"{ASK}\nprint(ask('http://{NAME}:{world.plain.port}/'))") == "plain\n"
        assert (tmp_path / f"{sandbox.name}.network").is_dir()
    assert sorted(os.listdir(tmp_path)) == ["objects", "worktree"]  # noqa: PTH208
    used = watched.told[-1]
    assert isinstance(used, Used)
    assert (used.sandbox, used.requests, used.refused) == (sandbox.name, 1, 0)


async def test_a_sandbox_without_a_list_has_none_of_it(backend: Backend, world: World, tmp_path: Path) -> None:
    """No variable, no certificates, no forwarder, no proxy, though a sandbox beside it has one."""
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    one = replace(make_spec(tmp_path / "with"), network=world.watched.network)
    script = "env | grep -ci 'proxy\\|cert'; ls /run/mimo; (: < /dev/tcp/127.0.0.1/61080) 2>/dev/null && echo reached"
    async with backend.open(one), backend.open(make_spec(tmp_path / "without")) as other:
        assert (await other.execute(Command(script=script))).stdout.text() == "0\nbase-objects\nsupervisor\n"


async def test_the_forwarder_does_not_count_to_the_limits(backend: Backend, world: World, tmp_path: Path) -> None:
    """What it uses is not the command's, and few open files are enough for it."""
    spec = make_spec(tmp_path, limits=Limits(open_files=32, pids=40))
    async with backend.open(replace(spec, network=world.watched.network)) as sandbox:
        result: CommandResult = await sandbox.execute(Command(script="ulimit -n"))
        assert (result.stdout.text(), result.limit) == ("32\n", None)
        assert await python(sandbox, f"{ASK}\nprint(ask('http://{NAME}:{world.plain.port}/'))") == "plain\n"


async def test_the_watch_of_the_disk_does_not_stumble_over_the_forwarder(
    backend: Backend, world: World, tmp_path: Path
) -> None:
    """What others write to the same disk is not the sandbox's, with a network as without."""
    spec = replace(make_spec(tmp_path, limits=Limits(disk_bytes=8 * 1024**2)), network=world.watched.network)

    async def others() -> None:
        await anyio.sleep(0.5)  # until a command runs; written before that, it would prove nothing, and break nothing
        await anyio.to_thread.run_sync((tmp_path / "theirs").write_bytes, bytes(32 * 1024**2))

    async with backend.open(spec) as sandbox, anyio.create_task_group() as tasks:
        tasks.start_soon(others)
        result = await sandbox.execute(Command(script="sleep 3"))
    assert (result.exit_code, result.limit) == (0, None)

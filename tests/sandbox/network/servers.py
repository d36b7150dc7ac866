"""Real servers on this machine's loopback, and the names that a test gives them."""

from __future__ import annotations

import contextlib
import http.server
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from sandbox.network.allow_list import AllowList
from sandbox.network.hosts import Address
from sandbox.network.network import Asked, Network, Used

NAME = "good.test"


@dataclass
class Seen:
    """What a server was asked: each request's line, and its headers in lower case."""

    port: int
    lines: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: Seen
    words: bytes

    def do_GET(self) -> None:
        self._note()
        where = self.path.partition("?to=")[2]
        self.send_response(302 if where else 200)
        if where:
            self.send_header("Location", where)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
            return
        body = b"x" * int(self.path.removeprefix("/size/")) if self.path.startswith("/size/") else self.words
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "Keep-Alive, X-Secret")
        self.send_header("X-Secret", "between neighbours")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self._note()
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _note(self) -> None:
        self.seen.lines.append(self.requestline)
        self.seen.headers.append({name.lower(): value for name, value in self.headers.items()})

    def log_message(self, *_: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        pass  # a client that goes away is part of what is tested


@contextmanager
def http_server(words: str = "hello\n", *, at: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[Seen]:
    """A server that answers `words`; every thread and socket of it is gone at the end."""
    handler = type("Handler", (_Handler,), {"words": words.encode(), "timeout": 60})
    with _Server((at, 0), handler) as server:
        handler.seen = seen = Seen(server.server_address[1])  # type: ignore[attr-defined]
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield seen
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Raw:
    """Takes connections and keeps what comes over them."""

    port: int
    heard: list[bytes] = field(default_factory=list)


@contextmanager
def raw_server(answer: bytes = b"") -> Iterator[Raw]:
    """A server that says `answer` to the first words of each connection and then closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        raw = Raw(listener.getsockname()[1])

        def run() -> None:
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    if (heard := connection.recv(65536)) == b"the end":
                        return
                    raw.heard.append(heard)
                    connection.sendall(answer)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield raw
        finally:
            with socket.create_connection(("127.0.0.1", raw.port)) as last:
                last.sendall(b"the end")
            thread.join()


def certificate(place: Path, name: str = NAME) -> tuple[Path, ssl.SSLContext]:
    """A certificate for a name that nobody trusts yet, and what a server needs to show it."""
    file, key = place / "certificate.pem", place / "key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run([*words, "-keyout", key, "-out", file], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return file, context


@dataclass
class Watched:
    """A network whose names all lie on loopback, unless `answers` has others; and what was told of it."""

    hosts: list[str]
    answers: dict[str, list[str]] = field(default_factory=dict)
    told: list[Asked | Used] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)

    @property
    def network(self) -> Network:
        """For a sandbox."""
        return Network(allow=AllowList.of(self.hosts), told=self._tell, resolve=self._resolve)

    @property
    def asked(self) -> list[Asked]:
        """The requests that were told one by one."""
        return [told for told in self.told if isinstance(told, Asked)]

    async def _tell(self, traffic: Asked | Used) -> None:
        self.told.append(traffic)

    async def _resolve(self, host: str) -> list[Address]:
        self.looked_up.append(host)
        return [ip_address(text) for text in self.answers.get(host, ["127.0.0.1"])]

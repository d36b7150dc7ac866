"""An engine that answers and says of itself that it can't do what a sandbox needs."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

WHOLE: dict[str, Any] = {
    "ServerVersion": "20.10.24",
    "OSType": "linux",
    "CgroupVersion": "2",
    "SecurityOptions": ["name=seccomp,profile=default"],
    "MemoryLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
}


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = False
    block_on_close = True
    about: dict[str, Any]
    asked: list[str]


class _Answers(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """What it is; anything else is not there."""
        self.server.asked.append(self.path)
        what = self.path.rpartition("/")[2]
        known = {"version": {"ApiVersion": "1.41", "Version": "20.10.24"}, "info": self.server.about}
        body = json.dumps(known.get(what, {"message": "it does nothing"})).encode()
        self.send_response(200 if what in known else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def address_string(self) -> str:
        """A local socket has none."""
        return "local"

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def weak_engine(place: Path, **lacks: Any) -> Iterator[tuple[str, list[str]]]:
    """A DOCKER_HOST where an engine answers that differs from a whole one in `lacks`, and what it was asked."""
    with _Server(str(place / "weak.sock"), _Answers) as server:
        server.about, server.asked = {**WHOLE, **lacks}, []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"unix://{place}/weak.sock", server.asked
        finally:
            server.shutdown()
            thread.join(timeout=60)

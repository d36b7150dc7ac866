"""A setup reaches the hosts of `setup_network`, and the agents of the same run do not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import uuid4

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.scripting import plan

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

LOOPBACK = "127.0.0.2"
"""This machine, by an address that programs don't leave their proxy out for."""

FETCH = """import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=60).read().decode())
"""


class Greeting(BaseHTTPRequestHandler):
    """Says one word to whoever asks."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"welcome")

    def log_message(self, *_: object) -> None:
        """Be silent."""


@pytest.fixture
def port() -> Iterator[int]:
    """Where a server listens."""
    server = ThreadingHTTPServer((LOOPBACK, 0), Greeting)
    with closing(server.socket):
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_setup_has_a_network_of_its_own(make: MakeProgram, port: int) -> None:
    """What it fetched is kept; later commands are refused the same host: the plan lists it for the setup alone."""
    host = f"{LOOPBACK}:{port}"
    policy = f"version: 1\nextends: standard\nnetwork: {{allow: ['{host}']}}\n"
    program = make({".mimo/policy.yaml": policy, "fetch.py": FETCH})
    path = program.repository.parent / "plan.yaml"
    setup = [f"python3 fetch.py http://{host}/ > /opt/fetched # {uuid4().hex}"]
    verify = ["grep welcome /opt/fetched", f"! python3 fetch.py http://{host}/"]
    path.write_text(plan(verify=verify, sandbox={"setup": setup, "setup_network": [host]}))
    assert program.json("check", path)["sandbox"]["setup_network"] == [host]
    program.run("run", "--backend", "bubblewrap", path)
    asked = [(event["host"], event["allowed"]) for event in program.events() if event["kind"] == "network asked"]
    assert asked == [(LOOPBACK, True)]
    ran = [(event["source"], event["exit_code"]) for event in program.events() if event["kind"] == "command run"]
    assert ran[0] == ("setup", 0)
    assert ran[1:] == [("verify", 0)] * len(ran[1:])
    assert len(ran) > 2

"""The conversations about the port off a dependency."""

from __future__ import annotations

from tests.integration.scripting import APPROVE, PASS, Turn, done, edit, found, shell, talk

_HTTP = '''"""The little of HTTP that the forecast needs."""

import json
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen


class Refused(Exception):
    """The server answered with an error; `status` is its code."""

    def __init__(self, status):
        self.status = status
        super().__init__(f"the server answered {status}")


def get_json(url, params, timeout):
    """Return the parsed body of an answer; raise Refused for an error."""
    try:
        with urlopen(f"{url}?{urlencode(params)}", timeout=timeout) as answer:
            return json.load(answer)
    except HTTPError as error:
        raise Refused(error.code) from None
'''

_TEST_HTTP = """import unittest

from forecast.http import Refused, get_json
from tests.server import serving


class TestHttp(unittest.TestCase):
    def test_a_body_is_parsed(self):
        with serving() as server:
            self.assertEqual(get_json(f"{server}/today", {"city": "Oslo"}, timeout=5)["low"], -4)

    def test_an_error_carries_its_status(self):
        with serving() as server, self.assertRaises(Refused) as raised:
            get_json(f"{server}/today", {"city": "Atlantis"}, timeout=5)
        self.assertEqual(raised.exception.status, 404)
"""

_TEST_CONTRACT = """import unittest

from forecast.client import today
from tests.server import serving


class TestContract(unittest.TestCase):
    def test_spaces_and_umlauts_reach_the_server(self):
        with serving() as server:
            self.assertEqual(today(server, "Bad Köln"), {"high": 9, "low": 2})

    def test_an_unknown_city_is_a_lookup_error(self):
        with serving() as server, self.assertRaises(LookupError):
            today(server, "Atlantis")

    def test_a_broken_server_is_another_error(self):
        with serving() as server, self.assertRaises(Exception) as raised:
            today(server, "Nowhere")
        self.assertNotIsInstance(raised.exception, LookupError)
"""

_OLD_CALL = """    response = requests.get(f"{server}/today", params={"city": city}, timeout=5)
    if response.status_code == 404:
        raise LookupError(city)
    response.raise_for_status()
    return response.json()
"""

_NEW_CALL = """    try:
        return get_json(f"{server}/today", {"city": city}, timeout=5)
    except Refused as refused:
        if refused.status == 404:
            raise LookupError(city) from None
        raise
"""

_PARAGRAPH = "`vendor/requests` is a copy that somebody made years ago. It lacks what has been mended since.\n\n"


def play() -> list[Turn]:
    """Tests that hold the port, the module, the port itself, and the end of the dependency."""
    return [
        talk(
            "tester",
            "Write tests/test_contract.py",
            shell("cat forecast/client.py tests/server.py"),
            edit("tests/test_contract.py", "", _TEST_CONTRACT),
            shell("python3 -m unittest -q tests.test_contract"),
            PASS,
        ),
        talk(
            "editor",
            "Add forecast/http.py",
            edit("forecast/http.py", "", _HTTP),
            edit("tests/test_http.py", "", _TEST_HTTP),
            shell("python3 -m unittest -q tests.test_http"),
            done("get_json and Refused, on top of urllib."),
        ),
        talk(
            "editor",
            "Let forecast/client.py use forecast.http",
            edit("forecast/client.py", "from vendor import requests", "from forecast.http import Refused, get_json"),
            edit("forecast/client.py", _OLD_CALL, _NEW_CALL),
            shell("python3 -m unittest -q"),
            done("The client stands on forecast.http."),
        ),
        talk(
            "editor",
            "Remove vendor/requests",
            shell("git rm -rq vendor"),
            edit("README.md", _PARAGRAPH, ""),
            done("vendor is gone."),
        ),
        talk("tester", "", shell("python3 -m unittest -v"), PASS),
        talk("reviewer", "", shell("git log --oneline"), APPROVE),
    ]


def asking() -> list[Turn]:
    """An investigator who wants to do something that a human has to allow."""
    wanted = shell("python3 -c 'import forecast.client'")
    look = talk("investigator", "Find out which exceptions", wanted, found("LookupError, and HTTPError of requests."))
    return [look, *play()]

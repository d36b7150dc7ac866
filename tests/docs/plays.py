"""What the models say in the examples, and on the pages whose commands are run in them."""

from __future__ import annotations

from typing import Any

from tests.integration.scripting import APPROVE, PASS, changes, done, edit, found, shell, talk

Play = list[dict[str, Any]]

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

_SHARE = "        self.assertEqual(share(999, 50.1), 500)"
_HALF = "        self.assertEqual(share(1, 50), 1)"
_NO_TEST = "Half a cent used to go to the even number, and goes up now. Say so in a test."

_ITEMS = """ITEMS = {
    "A1": {"name": "anvil", "cents": 9900},
    "B2": {"name": "bolt", "cents": 15},
    "C3": {"name": "chain", "cents": 1250},
}
"""
_TYPED_ITEMS = """from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    \"\"\"What lies on a shelf.\"\"\"

    name: str
    cents: int


ITEMS = {
    "A1": Item("anvil", 9900),
    "B2": Item("bolt", 15),
    "C3": Item("chain", 1250),
}
"""


def tutorial() -> Play:
    """One editor, refused one command; its tester and its reviewer let it pass."""
    goal = "Make the items of stock/shelf.py a dataclass"
    use = (
        "sed -i 's/\\[.cents.\\]/.cents/; s/\\[.name.\\]/.name/' orders/basket.py reports/weekly.py tests/test_shelf.py"
    )
    return [
        talk(
            "editor",
            goal,
            shell("pip install attrs"),
            edit("stock/shelf.py", _ITEMS, _TYPED_ITEMS),
            shell(use),
            shell("python3 -m unittest -q"),
            done("Items are a frozen dataclass with a name and a price in cents."),
        ),
        talk("tester", goal, shell("python3 -m unittest -v"), PASS),
        talk("reviewer", goal, shell("git diff --stat"), APPROVE),
    ]


def rename() -> Play:
    """An investigator looks, and is refused one command; the new name, two packages side by side, the old name goes."""
    return [
        talk(
            "investigator",
            "List every use of get_item",
            shell("git grep -n get_item"),
            shell("""python3 -c 'import reports.weekly; print(reports.weekly.line("A1"))'"""),
            shell("git grep -n 'get_'"),
            found(
                "Defined in stock/shelf.py:10, used in orders/basket.py, named in README.md; reports/weekly.py:11 "
                "builds the name from text: f'get_{KIND}'."
            ),
        ),
        talk(
            "editor",
            "Keep get_item as an alias",
            shell("sed -i 's/get_item/find_item/' stock/shelf.py tests/test_shelf.py"),
            shell("printf '\\n\\nget_item = find_item\\n' >> stock/shelf.py && python3 -m unittest -q"),
            done("find_item is there; get_item is an alias of it."),
        ),
        talk(
            "editor",
            "Use find_item in the package orders.",
            shell("sed -i 's/get_item/find_item/' orders/basket.py && python3 -m unittest -q tests.test_basket"),
            done("orders uses find_item."),
        ),
        talk(
            "editor",
            "Use find_item in the package reports.",
            edit("reports/weekly.py", 'f"get_{KIND}"', 'f"find_{KIND}"'),
            done("reports builds the new name."),
        ),
        talk(
            "editor",
            "Remove the alias get_item",
            edit("stock/shelf.py", "\n\nget_item = find_item\n", ""),
            shell("sed -i 's/get_item/find_item/' README.md"),
            done("The alias is gone."),
        ),
        talk("tester", "", shell("python3 -m unittest -v"), PASS),
        talk("reviewer", "", shell("git grep -n _item"), APPROVE),
    ]


def two_models() -> Play:
    """The first model of a chain is not known for a moment."""
    first, *rest = rename()[1]["turns"]
    editor = talk("editor", "Keep get_item as an alias", {**first, "faults": ["404"]}, *rest)
    return [editor, talk("reviewer", "", APPROVE)]


def asking() -> Play:
    """An investigator who wants to do something that a human has to allow."""
    wanted = shell("python3 -c 'import forecast.client'")
    look = talk("investigator", "Find out which exceptions", wanted, found("LookupError, and HTTPError of requests."))
    return [look, *port()]


def port() -> Play:
    """Tests that hold the port, the module, the port itself, and the end of the dependency."""
    return [
        talk(
            "tester",
            "Write tests/test_contract.py",
            shell("cat forecast/client.py tests/server.py"),
            edit("tests/test_contract.py", "", _TEST_CONTRACT),
            shell("python3 -m unittest -q tests.test_contract"),
            {
                **PASS,
                "finish": {
                    "verdict": "pass",
                    "evidence": [
                        {
                            "command": "python3 -m unittest -q",
                            "what_happened": "Three tests hold what the client does now.",
                        }
                    ],
                },
            },
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


def monorepo() -> Play:
    """Two editors under a policy of the repository's own: one is refused a command, one is sent back."""
    use = "\nfrom libs.money import round_cents\n\n\n"
    half = "test_half_a_cent_goes_up"
    return [
        talk(
            "editor",
            "Use libs.money.round_cents in services/billing.",
            shell("cat services/billing/invoice.py libs/money/__init__.py"),
            edit("services/billing/invoice.py", "\n\ndef _rounded(amount):\n    return int(amount + 0.5)\n\n\n", use),
            edit("services/billing/invoice.py", "_rounded(", "round_cents("),
            shell("git commit -qam 'one rounding'"),
            shell("python3 tools/check.py billing"),
            done("Billing rounds with libs.money."),
        ),
        talk(
            "editor",
            "Use libs.money.round_cents in services/payroll.",
            edit("services/payroll/slip.py", "\n\ndef share(", f"{use}def share("),
            edit("services/payroll/slip.py", "round(", "round_cents("),
            done("Payroll rounds with libs.money."),
            edit("services/payroll/test_slip.py", _SHARE, f"{_SHARE}\n\n    def {half}(self):\n{_HALF}"),
            done("Payroll rounds with libs.money, and a test says what becomes of half a cent."),
        ),
        talk("tester", "", shell("python3 tools/check.py all"), PASS),
        talk("reviewer", "services/payroll", changes(_NO_TEST, "services/payroll/slip.py"), lacks=(half,)),
        talk("reviewer", "", shell("git grep -n round"), APPROVE),
    ]

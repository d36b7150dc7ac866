"""The conversation of the tutorial."""

from __future__ import annotations

from tests.integration.scripting import APPROVE, PASS, Turn, done, edit, shell, talk

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


def play() -> list[Turn]:
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

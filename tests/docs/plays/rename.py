"""The conversations about renaming a function in three packages."""

from __future__ import annotations

from tests.integration.scripting import APPROVE, PASS, Turn, done, edit, found, shell, talk


def play() -> list[Turn]:
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


def learning() -> list[Turn]:
    """The investigator proposes to remember something; the rest is the example's."""
    survey, *rest = play()
    *looked, finish = survey["turns"]
    learnt = {"finish": {**finish["finish"], "learnt": ["reports/weekly.py builds names of functions from text"]}}
    return [{**survey, "turns": [*looked, learnt]}, *rest]


def drafting() -> list[Turn]:
    """A coordinator drafts a plan of two tasks; the rest is the example's."""
    rename = {"id": "rename", "role": "editor", "goal": "Rename get_item to find_item", "paths": ["**/*.py"]}
    tell = {"id": "tell", "role": "editor", "goal": "Say what it returns", "needs": ["rename"], "paths": ["stock/**"]}
    why = "The docstring needs the new name first."
    drafted = {"finish": {"decision": "tasks", "why": why, "tasks": [rename, tell]}}
    return [talk("coordinator", "", shell("git grep -n get_item"), drafted), *play()]


def two_models() -> list[Turn]:
    """The first model of a chain is not known for a moment."""
    first, *rest = play()[1]["turns"]
    editor = talk("editor", "Keep get_item as an alias", {**first, "faults": ["404"]}, *rest)
    return [editor, talk("reviewer", "", APPROVE)]

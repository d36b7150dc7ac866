"""Policies are loaded with what they extend, and refused with places."""

from __future__ import annotations

import pytest

from policies.document import DocumentError
from policies.loader import PRESETS, load_policy, preset
from policies.policy import Policy
from policies.verdict import Verdict


def _load(files: dict[str, str], start: str = "main.yaml") -> Policy:
    def reader(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[path].encode()

    return load_policy(start, reader=reader)


def _refusal(files: dict[str, str], start: str = "main.yaml") -> str:
    with pytest.raises(DocumentError) as caught:
        _load(files, start)
    return str(caught.value)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_load_and_keep_the_hard_denials(name: str) -> None:
    """All presets bear out their own examples, and none of them lets the hard denials go."""
    policy = preset(name)
    for command in ("curl x", "sudo ls", "git push", "rm -rf /", "cat ~/.ssh/id_rsa", "LD_PRELOAD=x ls"):
        assert policy.judge_command(command, role="editor").verdict is Verdict.DENY, command


def test_extends_is_relative_to_its_own_file() -> None:
    """A chain through directories ends in a preset, nearest first."""
    policy = _load(
        {
            ".mimo/policy.yaml": "version: 1\nextends: team/base.yaml\n",
            ".mimo/team/base.yaml": "version: 1\nextends: ../root.yaml\n",
            ".mimo/root.yaml": "version: 1\nextends: strict\n",
        },
        ".mimo/policy.yaml",
    )
    assert list(policy.layers) == [".mimo/policy.yaml", ".mimo/team/base.yaml", ".mimo/root.yaml", "strict", "standard"]


def test_a_policy_is_rebuilt_from_its_layers() -> None:
    """The texts that a run recorded give the same policy again, by hash and by verdict."""
    policy = _load({"main.yaml": "version: 1\nextends: standard\ncommands: [{allow: make}]\n"})
    again = Policy.from_layers(policy.layers)
    assert again.hash == policy.hash
    assert again.judge_command("make", role="editor") == policy.judge_command("make", role="editor")


def test_a_circle_is_refused_at_the_extends_that_closes_it() -> None:
    """Policies that extend each other name the whole circle."""
    shown = _refusal({"main.yaml": "version: 1\nextends: b.yaml\n", "b.yaml": "version: 1\nextends: main.yaml\n"})
    assert shown.startswith("b.yaml:2:10: policies extend each other in a circle: main.yaml -> b.yaml -> main.yaml")


def test_an_unreadable_policy_is_named_where_it_is_asked_for() -> None:
    """A missing file, or a preset misspelt, is shown at `extends` with the presets as a hint."""
    shown = _refusal({"main.yaml": "version: 1\nextends: standart\n"})
    assert "main.yaml:2:10: the policy 'standart' can't be read" in shown
    assert "did you mean 'standard'?" in shown
    assert _refusal({}, "nowhere.yaml").startswith("nowhere.yaml:1:1: the policy 'nowhere.yaml' can't be read")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 2\n", "1:10: must be 1, not 2"),
        ("extends: standard\n", "1:1: 'version' is missing"),
        ("version: 1\ndefault: allow\n", "2:10: must be 'ask' or 'deny', not 'allow'"),
        ("version: 1\ncomands: []\n", "2:1: unknown key 'comands'"),
        ("version: 1\ncommands:\n  - alow: ls\n", "3:5: unknown key 'alow'"),
        ("version: 1\ncommands:\n  - {allow: ls, deny: ls}\n", "3:5: a rule has exactly one of allow, ask and deny"),
        ("version: 1\ncommands:\n  - allow: [ls, 'a \"b']\n", "3:17: the pattern 'a \"b' has a quote"),
        ("version: 1\ncommands:\n  - allow: 'a $ b'\n", "3:12: in the pattern 'a $ b' `$` stands elsewhere"),
        ("version: 1\ncommands:\n  - {allow: ls, roles: [edtor]}\n", "3:25: must be "),
        ("version: 1\nchanges:\n  - secrets: no\n", "3:14: must be "),
        ("version: 1\nchanges:\n  - max: {files: 0}\n", "3:18: must be greater than 0"),
        ("version: 1\npaths: {write: {alow: [x]}}\n", "2:17: unknown key 'alow'"),
        ("version: 1\npaths: {write: [x]}\n", "2:16: must be a mapping, not a list"),
        (
            "version: 1\npaths: {write: {deny: [src/]}}\n",
            "2:24: no path is like 'src/': a path has no slash",
        ),
        (
            "version: 1\npaths: {write: {deny: [a/../b]}}\n",
            "2:24: no path is like 'a/../b': paths are compared",
        ),
        ("version: 1\npaths: {read: {deny: [a**b]}}\n", "2:23: no path is like 'a**b': `**` is a whole segment"),
        ("version: 1\npaths: {read: {deny: [~ada/x]}}\n", "2:23: no path is like '~ada/x': `~` is the agent's home"),
        ("version: 1\npaths: {read: {deny: [*.py]}}\n", "2:23: anchors and aliases are not read here"),
        ("version: 1\nenv: {deny: [LD PRELOAD]}\n", "2:14: must be the name of a variable"),
        ("version: 1\nnetwork: {allow: ['https://example.com']}\n", "2:19: must be a host such as"),
        ("version: 1\nnetwork: {allow: ['example.com:99999']}\n", "2:19: must have a port between 1 and 65535"),
        ("version: 1\ncommands: ls\n", "2:11: must be a list, not 'ls'"),
        ("version: 1\ncommands: [ls]\n", "2:12: must be a mapping, not 'ls'"),
        ("version: 1\ncommands: [{why: x}]\n", "2:12: a rule has exactly one of allow, ask and deny"),
        ("version: 1\ncommands: [{allow: []}]\n", "2:12: a rule has at least one pattern"),
        ("version: 1\ncommands: [{allow: ['']}]\n", "2:21: must not be empty"),
        ("version: 1\ncommands: [{allow: ' '}]\n", "2:20: the pattern ' ' names no command"),
        ("version: 1\ncommands: [{allow: ls, allow: cat}]\n", "2:24: duplicate key 'allow'"),
        ("version: 1\ncommands: [{allow: ls, roles: []}]\n", "2:31: must not be empty"),
        ("version: 1\ncommands: [{allow: ls, roles: editor}]\n", "2:31: must be a list, not 'editor'"),
        ("version: 1\nextends: ''\n", "2:10: must not be empty"),
        ("version: '1'\n", "1:10: must be 1, not '1'"),
    ],
)
def test_what_does_not_fit_is_shown_where_it_stands(text: str, expected: str) -> None:
    """Each mistake has its line and column."""
    assert f"main.yaml:{expected}" in _refusal({"main.yaml": text})


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("version: 1\ncomands: []\n", "did you mean 'commands'?"),
        ("version: 1\ncommands: [{alow: ls}]\n", "did you mean 'allow'?"),
        ("version: 1\ndefault: denny\n", "did you mean 'deny'?"),
        ("version: 1\ncommands: [{allow: ls, roles: [edtor]}]\n", "did you mean 'editor'?"),
        ("version: 1\ncommands: [{allow: ls, roles: editor}]\n", "in brackets: [editor]"),
        ("version: 1\ncommands: [ls]\n", "known here: accepts, allow, ask, deny, instead, rejects, roles, unless, why"),
        ("version: '1'\n", "without quotes"),
    ],
)
def test_a_mistake_comes_with_what_was_meant(text: str, hint: str) -> None:
    """The line, a caret under the place, and a hint."""
    first, line, caret, said = _refusal({"main.yaml": text}).split("\n")
    assert said == f"  {hint}"
    _, number, column, _ = first.split(":", 3)
    assert line == f"  {text.splitlines()[int(number) - 1]}"
    assert caret.index("^") == int(column) + 1


def test_a_policy_that_fails_its_own_examples_is_refused() -> None:
    """`accepts` and `rejects` are held against the policy when it is loaded, and all that fail are named."""
    text = (
        "version: 1\nextends: standard\ncommands:\n  - allow: make\n    accepts: [make test, ls, make $X]\n"
        "    rejects:\n      - make x\n"
    )
    shown = _refusal({"main.yaml": text})
    assert "main.yaml:5:30: the example 'make $X' should be allow, but it is ask by 'dynamic-argument'" in shown
    assert "main.yaml:7:9: the example 'make x' should be not allow, but it is allow by 'allow: make'" in shown


def test_a_stricter_layer_does_not_break_the_examples_of_what_it_extends() -> None:
    """Examples hold for their own layer and below it."""
    policy = _load({"main.yaml": "version: 1\nextends: standard\ncommands: [{deny: git}]\n"})
    assert policy.judge_command("git status", role="editor").verdict is Verdict.DENY


def test_what_loosens_standard_is_named() -> None:
    """Allows that standard has not, wider paths and hosts are listed with their places; a tighter policy lists none."""
    own = (
        "version: 1\nextends: standard\ncommands: [{allow: [make, ls]}]\n"
        "paths: {write: {allow: [/etc/**]}}\nnetwork: {allow: ['a.test:443']}\n"
    )
    lines = _load({"main.yaml": own}).looser_than_standard()
    assert [line.partition(" (")[0] for line in lines] == [
        "allow: make",
        "paths.write allow: /etc/**",
        "network allow: a.test:443",
    ]
    assert preset("standard").looser_than_standard() == ()
    assert preset("strict").looser_than_standard() == ()
    bare = _load({"main.yaml": "version: 1\n"}).looser_than_standard()
    assert bare == ("main.yaml does not extend standard: its denials are gone",)

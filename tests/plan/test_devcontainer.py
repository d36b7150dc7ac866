"""A devcontainer.json is read as people write them, and nothing of it is taken that could reach out."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.plan.devcontainer import PLACES, Devcontainer, DevcontainerProblem, read_devcontainer

WHERE = PLACES[0]


def read(text: str) -> Devcontainer:
    """The file, in its usual place."""
    return read_devcontainer(text, WHERE)


def test_comments_and_trailing_commas() -> None:
    """They are left out, and what looks like one within a text is kept."""
    found = read(
        """\ufeff// for all of us
        {
          "name": "x", /* several
          lines */ "image": "registry.example.org:5000/a//b",  // not a comment before this one
          "containerEnv": {"A": "/* , ] */", "B": "\\"//,}",},
          "postCreateCommand": ["make", "it, }",],
        }"""
    )
    assert found.image == "registry.example.org:5000/a//b"
    assert found.env == {"A": "/* , ] */", "B": '"//,}'}
    assert found.setup == ("make 'it, }'",)
    assert found.ignored == ()


@pytest.mark.parametrize(
    ("text", "dockerfile", "context"),
    [
        ('{"build": {"dockerfile": "Dockerfile"}}', ".devcontainer/Dockerfile", ".devcontainer"),
        ('{"build": {"dockerfile": "../docker/Dev", "context": ".."}}', "docker/Dev", ""),
        ('{"dockerFile": "Dockerfile", "context": "../src"}', ".devcontainer/Dockerfile", "src"),
    ],
)
def test_paths_are_relative_to_the_file(text: str, dockerfile: str, context: str) -> None:
    """A Dockerfile and its context are found from where the file is, in the old spelling too."""
    found = read(text)
    assert (found.dockerfile, found.context, found.ignored) == (dockerfile, context, ())


def test_every_form_of_a_command() -> None:
    """A line is for a shell, a list is words, an object is several of them in their order."""
    assert read('{"postCreateCommand": "a && b"}').setup == ("a && b",)
    assert read('{"postCreateCommand": ["a", "b c", "$d"]}').setup == ("a 'b c' '$d'",)
    assert read('{"postCreateCommand": {"one": "a", "two": ["b", "c"], "none": ""}}').setup == ("a", "b c")
    assert read('{"postCreateCommand": "cd ${containerWorkspaceFolder}/x"}').setup == ("cd /workspace/x",)


def test_what_is_not_taken_is_named() -> None:
    """Mounts, arguments of the engine, features and the host's variables stay out, each under its name."""
    found = read(
        """{"image": "a", "privileged": true, "mounts": ["source=/,target=/host"], "runArgs": ["--privileged"],
        "features": {}, "build": {"args": {"T": "${localEnv:TOKEN}", "P": "1"}, "options": []},
        "remoteEnv": {"TOKEN": "${localEnv:TOKEN}", "PLAIN": "1", "bad name": "x"}, "forwardPorts": [1]}"""
    )
    assert found.env == {"PLAIN": "1"}
    assert found.arguments == {"P": "1"}
    assert found.ignored == (
        *("build.args.T", "build.options", "features", "forwardPorts", "mounts", "privileged"),
        *("remoteEnv.TOKEN", "remoteEnv.bad name", "runArgs"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"image": 1}',
        '{"image": "a\\nb"}',
        '{"image": ""}',
        '{"build": []}',
        '{"build": {"dockerfile": "../../x"}}',
        '{"build": {"dockerfile": "/etc/passwd"}}',
        '{"build": {"dockerfile": "D", "context": "../.."}}',
        '{"build": {"args": {"a": 1}}}',
        '{"containerEnv": []}',
        '{"postCreateCommand": 1}',
        '{"postCreateCommand": [1]}',
        '{"postCreateCommand": "a\\u0000b"}',
        "[" * 100_000,
    ],
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    """A file that is wrong is an error with words, never half taken."""
    with pytest.raises(DevcontainerProblem, match=r".+"):
        read(text)


@given(st.text(alphabet='{}[]",:/*\\\n $ab', max_size=60))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Whatever stands there is read or refused."""
    with suppress(DevcontainerProblem):
        assert read(text).where == WHERE


@pytest.mark.parametrize("text", ["/* " * 60_000, '"' + '\\"' * 60_000, '"' + '\\"' * 60_000 + "\\"])
def test_what_is_never_closed_takes_no_time(text: str) -> None:
    """A text that begins many comments or strings and ends none is refused at once, not after hours."""
    with pytest.raises(DevcontainerProblem, match="no JSON"):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        r'{"image": "\ud800"}',
        r'{"containerEnv": {"A": "\udfff"}}',
        r'{"postCreateCommand": "\ud800"}',
        r'{"postCreateCommand": ["a\u0000b"]}',
    ],
)
def test_what_no_command_can_have_is_refused(text: str) -> None:
    """Half characters and NULs are named here, not met by whoever writes the journal or starts the command."""
    with pytest.raises(DevcontainerProblem):
        read(text)

"""The tutorial and the guides are true: their commands run, in order, and print what the pages show."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from sybil.example import SybilFailure

from tests.docs.images import images_removed
from tests.docs.pages import Block, blocks, pages
from tests.docs.plays import monorepo, port, rename, tutorial
from tests.docs.sessions import FILE, HOME, NOT_RUN, calls_of, compared, play_page, shell
from tests.integration.program import SCRIPT
from tests.integration.scripting import Turn
from tests.server.fixture import ScriptedServer
from tests.tree import TOP

GUIDES = ("docs/tutorial", "docs/how-to")
LANGUAGES = frozenset({"sh", "console", "yaml", "python", "dockerfile", "json", "text"})
MOST_NOT_RUN = 3
"""Blocks that a test can't run: what needs root or a second machine, takes something from others, or installs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a page is played: in the repository of an example, or in an empty home; `play` is the model's."""

    example: str | None
    play: Callable[[], list[Turn]]
    docker: bool = False


RENAME, PORT, MONOREPO = "rename-across-packages", "dependency-port", "monorepo-tightened"
STAGES = {
    "tutorial/first-run": Stage(example=None, play=tutorial.play),
    "how-to/write-a-plan": Stage(example=RENAME, play=rename.drafting),
    "how-to/tighten-the-policy": Stage(example=MONOREPO, play=monorepo.play),
    "how-to/choose-models": Stage(example=RENAME, play=rename.two_models),
    "how-to/prepare-the-sandbox": Stage(example=MONOREPO, play=monorepo.play, docker=True),
    "how-to/attack-the-sandbox": Stage(example=RENAME, play=rename.play),
    "how-to/review-and-land": Stage(example=MONOREPO, play=monorepo.play),
    "how-to/keep-what-agents-learn": Stage(example=RENAME, play=rename.learning),
    "how-to/go-another-way": Stage(example=RENAME, play=rename.play),
    "how-to/when-it-stopped": Stage(example=PORT, play=port.asking),
    "how-to/run-in-ci": Stage(example=RENAME, play=rename.play),
    "how-to/clean-up": Stage(example=RENAME, play=rename.play),
}


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=[pytest.mark.docker] * stage.docker) for page, stage in STAGES.items()]
)
def test_a_page_is_true(page: str, tmp_path: Path, scripted_server: ScriptedServer) -> None:
    """In an empty home, through the installed program, on a real repository, in a sandbox."""
    stage = STAGES[page]
    home = tmp_path / "home"
    home.mkdir()
    (home / "mimo-orchestrate").symlink_to(TOP)
    scripted_server.play(*stage.play())
    with shell(home, home, environment(home, scripted_server)) as opened:
        if stage.example is not None:
            opened.run(f"cp -r mimo-orchestrate/examples/{stage.example} . && cd {stage.example}/repository")
            opened.run("git init -q -b main && git add . && git commit -qm 'the beginning'")
        path = Path("docs", f"{page}.md")
        with images_removed(path) if stage.docker else nullcontext():
            play_page(TOP / path, opened)


def environment(home: Path, server: ScriptedServer) -> dict[str, str]:
    """What a new user's shell has, and a provider."""
    return {
        "PATH": f"{SCRIPT.parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "You",
        "GIT_AUTHOR_EMAIL": "you@example.org",
        "GIT_COMMITTER_NAME": "You",
        "GIT_COMMITTER_EMAIL": "you@example.org",
        "MIMO_BACKEND": "bubblewrap",
        **({"DOCKER_HOST": os.environ["DOCKER_HOST"]} if "DOCKER_HOST" in os.environ else {}),
        **server.env,
    }


def in_guides() -> list[Block]:
    """The blocks of the tutorial and the guides."""
    return [block for page in pages() if page.as_posix().startswith(GUIDES) for block in blocks(page)]


def test_every_guide_is_played() -> None:
    """A page that is added to the tutorial or the guides has its commands run."""
    found = {page.with_suffix("").relative_to("docs").as_posix() for page in pages() if str(page).startswith(GUIDES)}
    assert found == set(STAGES)


def test_every_block_says_what_it_is() -> None:
    """A block without a language, or of one that nothing is done with, would be believed and never tried."""
    assert {block.language for page in pages() for block in blocks(page)} <= {"", *LANGUAGES}
    assert [str(block) for block in in_guides() if block.language not in LANGUAGES] == []
    assert [str(block) for block in in_guides() if block.language == "python" and not FILE.search(block.text)] == []


def test_few_blocks_are_not_run() -> None:
    """Each says why."""
    assert len([block for block in in_guides() if NOT_RUN.search(block.text)]) <= MOST_NOT_RUN


def test_a_command_is_read_with_its_output() -> None:
    """What stands behind the prompt, with the lines that go on with it, and what it prints."""
    first, second = calls_of("$ cat <<END\n> a\n> END\na\n$ true\n")
    assert (first.command, first.shown) == ("cat <<END\na\nEND", "a\n")
    assert (second.command, second.shown) == ("true", "")


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        ("run-20260401-093012-4f2a done $0.02 3f9b1c2d4e", "run-20261125-230144-3bbf done $0.1234+ 0a1b2c3d4e", True),
        (f"in {HOME}/x: 2.5s", "in /tmp/home/x: 1m05s", True),
        ("one\n...\nfour\n", "one\ntwo\nthree\nfour\n", True),
        ("a   b\n", "a b\n", True),
        ("done", "partial", False),
        ("one\n...\nfour\n", "one\ntwo\n", False),
        ("", "something", False),
        ("something", "", False),
    ],
)
def test_what_is_compared(shown: str, said: str, same: bool) -> None:
    """Ids, times, costs and the home may differ, `...` is anything; a word is a word."""
    assert (compared(shown, said, Path("/tmp/home")) is None) == same


def test_a_page_that_lies_is_found(tmp_path: Path) -> None:
    """Another output, and a failure that is not asked about, stop at their line; what is not run is passed over."""
    page = tmp_path / "page.md"
    with shell(tmp_path, tmp_path, {"PATH": os.environ["PATH"]}) as opened:
        page.write_text("```sh\n# not run: it would fail\nfalse\n```\n```console\n$ false\n$ echo $?\n1\n```\n")
        play_page(page, opened)
        for lie in ("```console\n$ echo one\ntwo\n```\n", "```console\n$ false\n```\n", "```sh\ncd nowhere\n```\n"):
            page.write_text(lie)
            with pytest.raises(SybilFailure, match="line 1"):
                play_page(page, opened)


def test_a_shown_file_is_written(tmp_path: Path) -> None:
    """Where its first line says, from where the shell stands, without that line; a block without a place is not."""
    page = tmp_path / "page.md"
    page.write_text(
        "```yaml\n# ../.mimo/policy.yaml\na: 1\n```\n```yaml\nb: 2\n```\n```console\n$ cat ../.mimo/*\na: 1\n```\n"
    )
    (tmp_path / "deep").mkdir()
    with shell(tmp_path, tmp_path / "deep", {"PATH": os.environ["PATH"]}) as opened:
        play_page(page, opened)

"""stderr that is shared: lines above, the region in its place, a question by itself, and a terminal left whole."""

from __future__ import annotations

import os
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from orchestrator.cli.keys import Echo
from orchestrator.cli.region import Region
from orchestrator.cli.screen import USUAL_SIZE, Screen
from tests.cli.display import Pty, plugged_in

Plug = Callable[[], tuple[Pty, Screen]]


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Iterator[Plug]:
    """Plugs a terminal into stdout and stderr when the test says so: a fixture would before pytest's own capture."""
    with ExitStack() as stack:

        def plug_in() -> tuple[Pty, Screen]:
            pty = stack.enter_context(plugged_in())
            monkeypatch.setattr(sys, "stderr", pty.stream)
            monkeypatch.setattr(sys, "stdout", pty.stream)
            return pty, Screen()

        yield plug_in


def region(pty: Pty) -> Region:
    """A region on the terminal."""
    return Region(Console(file=pty.stream, force_terminal=True, color_system="standard", markup=False, highlight=False))


def draw(screen: Screen, *lines: str) -> bool:
    """Show these lines as the region."""
    return screen.draw(lambda _: Text("\n".join(lines), no_wrap=True))


def test_what_is_said_stands_above_the_region(plug: Plug) -> None:
    """Lines come in their order above, the region stays below; at the end only the lines are left."""
    pty, screen = plug()
    screen.say("before")
    with screen.region(region(pty)):
        draw(screen, "tree", "total")
        screen.say("first")
        screen.say("second\nthird", "red")
        assert pty.look() == "before\nfirst\nsecond\nthird\ntree\ntotal"
        assert not pty.display.cursor_is_shown
        draw(screen, "total")
        assert pty.look() == "before\nfirst\nsecond\nthird\ntotal"
    screen.say("after")
    assert pty.look() == "before\nfirst\nsecond\nthird\nafter"
    assert pty.display.cursor_is_shown


def test_a_region_that_never_was_drawn_leaves_nothing(plug: Plug) -> None:
    """Not even an empty line, nor a sequence."""
    pty, screen = plug()
    with screen.region(region(pty)):
        screen.say("said")
    assert pty.look() == "said"
    assert pty.display.cursor_is_shown


def test_long_lines_are_wrapped_by_the_terminal(plug: Plug) -> None:
    """A command that is said can be copied whole, and what follows stands where it should."""
    pty, screen = plug()
    with screen.region(region(pty)):
        draw(screen, "tree")
        screen.say("x" * 200)
        draw(screen, "tree")
        assert pty.look() == f"{'x' * 80}\n{'x' * 80}\n{'x' * 40}\ntree"


def test_what_libraries_print_stands_above_as_well(plug: Plug) -> None:
    """Whole lines and half ones, on stdout and stderr, are shown as lines, and can't steer the terminal."""
    pty, screen = plug()
    with screen.region(region(pty)):
        draw(screen, "tree")
        sys.stdout.write("half")
        assert pty.look() == "tree"
        sys.stdout.write(" a line \x1b[2J\n")
        sys.stderr.write("a warning\n\nthe rest")
        assert pty.look() == "half a line \\x1b[2J\na warning\n\ntree"
    assert pty.look() == "half a line \\x1b[2J\na warning\n\nthe rest"


def test_every_thread_is_heard_whole(plug: Plug) -> None:
    """Many threads that speak while the region is drawn: each line is there once, in one piece."""
    pty, screen = plug()
    said = [f"{name}{number}: {name * 30}" for name in "abcd" for number in range(25)]

    def speak(name: str) -> None:
        for line in said:
            if line.startswith(name) and name in "ab":
                screen.say(line)
            elif line.startswith(name):
                sys.stdout.write(line)
                sys.stdout.write("\n")

    seen = threading.Thread(target=lambda: [pty.look() for _ in range(20)])
    with screen.region(region(pty)):
        seen.start()
        threads = [threading.Thread(target=speak, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for number in range(50):
            draw(screen, *[f"tree {number}"] * (number % 5 + 1))
        for thread in threads:
            thread.join()
    seen.join()
    assert sorted(pty.look().splitlines()) == sorted(said)


def test_a_resized_terminal_keeps_nothing_of_the_old_region(plug: Plug) -> None:
    """Made narrower, wider, lower or higher in the middle: the region stands there once, below what was said."""
    pty, screen = plug()
    with screen.region(region(pty)):
        screen.say("said")
        for columns, lines in ((80, 24), (33, 24), (20, 8), (120, 40), (50, 10)):
            pty.resize(columns, lines)
            draw(screen, *(f"{name} {'-' * columns}"[:columns] for name in "xyz"))
            text = pty.look().splitlines()
            assert [line[0] for line in text] == ["s", "x", "y", "z"], text


def test_a_region_is_drawn_for_the_terminal_as_it_is_now(plug: Plug) -> None:
    """The size is asked for each time, whatever the environment says; one that is not known is a usual one."""
    pty, screen = plug()
    sizes: list[tuple[int, int]] = []

    def view(size: os.terminal_size) -> Text:
        sizes.append((size.columns, size.lines))
        return Text("x")

    with screen.region(region(pty)):
        for columns, lines in ((100, 30), (0, 0)):
            pty.resize(max(columns, 80), max(lines, 24))
            termios.tcsetwinsize(pty.stream.fileno(), (lines, columns))
            screen.draw(view)
    assert sizes == [(100, 30), tuple(USUAL_SIZE)]


def test_a_question_has_the_terminal_to_itself(plug: Plug) -> None:
    """The region goes, keys are shown, and nothing that others say comes between; all of it comes after."""
    pty, screen = plug()
    with screen.region(region(pty)):
        draw(screen, "tree")
        assert not pty.echoes
        with screen.question(threading.Event()):
            screen.stderr.write("may I? ")
            screen.stderr.flush()
            assert pty.echoes
            screen.say("somebody landed")
            assert not draw(screen, "tree")
            pty.type("no\n")
            assert pty.look() == "may I? no"
            assert pty.display.cursor_is_shown
        assert pty.look() == "may I? no\nsomebody landed"
        assert draw(screen, "tree")
        assert pty.look() == "may I? no\nsomebody landed\ntree"
        assert not pty.echoes
    assert pty.echoes


def test_a_question_that_nobody_waits_for_holds_nothing_back(plug: Plug) -> None:
    """After Ctrl-C the half-typed line ends, what was held back is said, and the run's end is not waited for."""
    pty, screen = plug()
    gone = threading.Event()
    with screen.region(region(pty)), screen.question(gone):
        screen.stderr.write("may I? ")
        screen.stderr.flush()
        screen.say("stopping")
        assert pty.look() == "may I?"
        gone.set()
        assert draw(screen, "tree")
        assert pty.look() == "may I?\nstopping\ntree"
    assert pty.look() == "may I?\nstopping"


def test_without_a_region_a_question_is_as_undisturbed(plug: Plug) -> None:
    """On a plain terminal the lines of others wait as well."""
    pty, screen = plug()
    with screen.question(threading.Event()):
        screen.say("somebody landed")
        assert pty.look() == ""
    assert pty.look() == "somebody landed"


def test_an_error_leaves_a_terminal_that_can_be_used(plug: Plug) -> None:
    """Whatever ends the region, the cursor is shown, keys are too, and the streams are those from before."""
    pty, screen = plug()
    stream = sys.stderr

    def interrupted() -> None:
        with screen.region(region(pty)):
            draw(screen, "tree")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert pty.look() == ""
    assert pty.display.cursor_is_shown
    assert pty.echoes
    assert sys.stderr is stream


def test_a_run_outlasts_its_terminal(plug: Plug) -> None:
    """A window that was closed, where that does not end the program, is no error of the run's."""
    pty, screen = plug()
    with screen.region(region(pty)):
        draw(screen, "tree")
        pty.close()
        for _ in range(3):
            draw(screen, "tree")
            screen.say("said")


def test_keys_that_were_not_shown_before_are_not_shown_after(plug: Plug) -> None:
    """The terminal's own mode stays as its owner has it."""
    pty, _ = plug()
    modes = termios.tcgetattr(pty.stream)
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(pty.stream, termios.TCSANOW, modes)
    echo = Echo(pty.stream.fileno())
    echo.off()
    echo.on()
    assert not pty.echoes


def test_ctrl_c_throws_nothing_away_that_was_said(plug: Plug) -> None:
    """What is on its way to the screen comes: without the way back to its beginning a region would stay for ever."""
    pty, _ = plug()
    before = termios.tcgetattr(pty.stream)[3]
    echo = Echo(pty.stream.fileno())
    echo.off()
    said = "\n".join(f"line {number}" for number in range(1000))  # more than a terminal takes at once
    pty.stream.write(said)
    pty.stream.flush()
    pty.type("\x03")
    assert pty.look() == said
    echo.on()
    assert termios.tcgetattr(pty.stream)[3] == before


steps = st.lists(
    st.one_of(
        st.text("abcdefgh", min_size=1, max_size=200),
        st.integers(1, 8),
        st.tuples(st.integers(10, 150), st.integers(12, 50)),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_the_region_stands_once_below_all_that_was_said(
    monkeypatch: pytest.MonkeyPatch, steps: list[str | int | tuple[int, int]]
) -> None:
    """Whatever is said, drawn and resized, in whatever order: no line of an old region stays, no word is lost."""
    with plugged_in() as pty, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", pty.stream)
        screen, height, said = Screen(), 1, ""
        with screen.region(region(pty)):
            for step in steps:
                if isinstance(step, str):
                    screen.say(step)
                    said += step
                elif isinstance(step, int):
                    height = step
                else:
                    pty.resize(*step)
                draw(screen, *["#" * pty.display.columns] * height)
            draw(screen, *["#" * pty.display.columns] * height)
            lines = pty.look().splitlines()
            assert lines[-height:] == ["#" * pty.display.columns] * height
            assert "".join(lines[:-height]) == said
        assert pty.look().replace("\n", "") == said

"""Lines at the bottom of a terminal that are drawn anew in their place, below all that is said meanwhile."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderResult
from rich.live import Live
from rich.live_render import LiveRender
from rich.segment import ControlType, Segment
from rich.text import Text

from orchestrator.cli.keys import Echo


class Region(Live):
    """A live display that is drawn only when it is told to, and whose cursor rests at its beginning.

    Whatever a terminal does to lines when it is resized (wrap them, cut them, scroll them away), they are behind the
    cursor and are erased with all that is there. Left at the end, as rich has it, the cursor would have to go up by as
    many lines as were drawn, and by then they are more or fewer.
    """

    def __init__(self, console: Console) -> None:
        """Nothing is shown on `console` until it is started."""
        super().__init__(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._drawn = LiveRender("", vertical_overflow="crop")
        self._echo = Echo(console.file.fileno())

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """What is printed, with the region erased before it and drawn after."""
        self._drawn.set_renderable(self.get_renderable())
        return [_Erased(), *renderables, _Unwrapped(), self._drawn, _Risen(self._drawn)]

    def start(self, refresh: bool = False) -> None:
        """Take the terminal: no cursor, and no keys that are shown as they are typed."""
        super().start(refresh)
        self._echo.off()

    def draw(self, renderable: RenderableType, *, columns: int, lines: int) -> None:
        """Show this, on a terminal that has become so large."""
        self.console.size = columns, lines
        self.update(renderable, refresh=True)

    def print(self, text: Text) -> None:
        """Say something above, in lines that the terminal itself wraps."""
        self.console.print(text, soft_wrap=True)

    def stop(self) -> None:
        """Leave nothing behind, and the cursor where the region began."""
        self.update("")
        super().stop()
        self._echo.on()


class _Erased:
    def __rich_console__(self, _: Console, __: ConsoleOptions) -> RenderResult:
        yield _sequence("\r\x1b[J")


class _Unwrapped:
    """A terminal that takes a character for wider than we do must not make two lines of one."""

    def __rich_console__(self, _: Console, __: ConsoleOptions) -> RenderResult:
        yield _sequence("\x1b[?7l")


class _Risen:
    def __init__(self, drawn: LiveRender) -> None:
        self._drawn = drawn

    def __rich_console__(self, _: Console, __: ConsoleOptions) -> RenderResult:
        up = self._drawn.last_render_height - 1
        yield _sequence("\x1b[?7h\r" + (f"\x1b[{up}A" if up > 0 else ""))


def _sequence(codes: str) -> Segment:
    # The kind of control decides nothing where there is a text; there must be one.
    return Segment(codes, None, [(ControlType.CARRIAGE_RETURN,)])

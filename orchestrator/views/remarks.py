"""How what is odd about a policy looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.views.indent import Indented
from orchestrator.views.styles import style_of
from orchestrator.views.words import one_line

_WARNING = "warning: "


def remarks_view(remarks: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    """Each warning with its place, and what to do about it."""
    for remark in remarks:
        place = f"{remark['file']}:{remark['line']}: {remark['rule']}"
        yield Indented(one_line(place, limit=1000), len(_WARNING), Text(_WARNING, style=style_of("ask")))
        yield Indented(one_line(remark["why"], limit=1000), len(_WARNING))
        if remark["instead"]:
            yield Indented(one_line(remark["instead"], limit=1000), len(_WARNING))

"""C under sanitizers: an access beyond a buffer, a leak or undefined behaviour ends the program with a report."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

TOP = Path(__file__).parents[2]
SUPERVISOR = TOP / "sandbox" / "supervisor"
FLAGS = ("-g", "-O1", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-fno-omit-frame-pointer")
SANITIZERS = "address,undefined"


def compile_sanitized(
    sources: Sequence[Path], target: Path, *, compiler: str = "gcc", include: Path = SUPERVISOR, extra: str = ""
) -> subprocess.CompletedProcess[str]:
    """Compile with every finding fatal; `extra` are sanitizers more, as a compiler names them."""
    sanitizers = ",".join(filter(None, (SANITIZERS, extra)))
    command = [compiler, *FLAGS, f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all", "-I", str(include)]
    return subprocess.run(
        [*command, *map(str, sources), "-o", str(target)], capture_output=True, text=True, check=False
    )


@functools.cache
def why_not(compiler: str = "gcc", extra: str = "") -> str | None:
    """What keeps that compiler from making a sanitized program here; None if nothing does."""
    if shutil.which(compiler) is None:
        return f"there is no {compiler}"
    with tempfile.TemporaryDirectory() as place:
        source = Path(place, "nothing.c")
        main = "int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n)" if extra else "int main(void)"
        source.write_text(f"{main} {{ return {'d && n ? 0 : 0' if extra else '0'}; }}\n")
        made = compile_sanitized([source], Path(place, "nothing"), compiler=compiler, extra=extra)
    return None if made.returncode == 0 else f"{compiler} has no sanitizers: {made.stderr.strip()[-200:]}"

"""What judging a command costs, against parsing alone; and the worst that a script of 64 KiB can make of it.

usage: python -m benchmarks.policy_judging [ROUNDS]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import tree_sitter_bash
from tree_sitter import Language, Parser

from benchmarks.figures import Figure, table
from policies.loader import preset
from policies.shell.guard import MAX_BYTES

ROUNDS = 50
BAR_TIMES = 50.0
"""In times of parsing, which takes 4 microseconds for a typical command where the bar was set: 200 microseconds."""

BAR_SECONDS = 1.0

TYPICAL = (
    "ls -la src", "cat -n src/app.py | head -40", "grep -rn 'TODO' --include='*.py' src", "git status --short",
    "git diff HEAD~1 -- src/app.py", 'git commit -q -m "Port the client"', "git log --oneline -5",
    "python -m pytest -q tests/test_app.py", "python -m pytest -q 2>&1 | tail -20", "ruff check src && mypy src",
    "cd src && python -m pytest -k parse || true", "sed -n '10,40p' src/app.py",
    "sed -i 's/requests/httpx/g' src/app.py", "find . -name '*.py' -not -path './.venv/*' | xargs wc -l | sort -n",
    "mkdir -p src/new && touch src/new/__init__.py", "rm -f build/*.o", "cp src/a.py src/b.py", 'echo "exit: $?"',
    "test -f setup.cfg && echo yes", 'for f in $(git ls-files "*.py"); do grep -l foo "$f"; done',
    "diff <(sort a.txt) <(sort b.txt)", "cat > src/new.py <<'EOF'\nimport os\n\nprint(os.getcwd())\nEOF",
    "CI=1 python -m pytest -x", 'x=$(git rev-parse HEAD); echo "$x"', "set -euo pipefail\nruff check .\npytest -q",
    "awk '{print $2}' data.txt", 'while read -r line; do echo "$line"; done < notes.txt',
    "if grep -q foo a.txt; then echo found; fi", "head -c 100 data.bin | xxd", "tree -L 2 -I __pycache__", "npm test",
    "curl -s https://example.org", "pip install httpx",
)  # fmt: skip
"""What agents issue, roughly as often as they do: most is allowed, some asked about, some denied."""

WORST = {
    "one command": "ls -la; ", "words": "a ", "strings": '"a" ', "expansions": 'echo "$x" "${y}";',
    "substitutions": "$(ls) ", "backticks": "`ls` ", "nesting": "$(", "parentheses": "(",
    "braces": "echo {a,b}{c,d}{e,f};", "pipes": "ls|", "failing pipes": "cat <<<a|",
    "failing tests": "[ \\( a \\) ];", "here-documents": "cat <<E\n$x\nE\n", "expanding text": "cat <<E\n$(ls)\nE\n",
    "functions": "f(){ g; };", "calls": "f(){ f; };f;", "directories": "cd a || cd b;",
    "conditions": "if cd a; then cd b; fi;", "loops": "while cd a; do cd b; done;",
    "cases": "x=$(case a in a) ls;; esac);", "redirections": "ls >a <b {c}>d;", "assignments": "a=b c[d]=e ",
    "arithmetic": "echo $((a+1));", "awk": "awk '((((a))))' f;", "backslashes": '"a"\\b ', "quotes": "'",
    "dollars": "$", "paths": "cat ~/a:../b/;", "mixed": 'x="$(ls \'a\' `pwd`)" > f | g;',
}  # fmt: skip
"""What fills a script of the greatest length that is judged."""


def grammar() -> Parser:
    """The grammar's parser, as the policy uses it."""
    return Parser(Language(tree_sitter_bash.language()))


def shortest(rounds: int, work: Callable[[], object]) -> float:
    """The shortest of some times, in seconds: what else the machine does only makes them longer."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """The median over typical commands after a warm-up, and the slowest of the long scripts."""
    policy, parser = preset("standard"), grammar()

    def judge(script: str) -> object:
        return policy.judge_command(script, role="editor")

    for script in TYPICAL:
        judge(script)
    judged = [shortest(rounds, lambda: judge(script)) for script in TYPICAL]  # noqa: B023 - called at once
    parsed = [shortest(rounds, lambda: parser.parse(script.encode())) for script in TYPICAL]  # noqa: B023
    times = statistics.median(each / alone for each, alone in zip(judged, parsed, strict=True))
    long = {name: (piece * MAX_BYTES)[:MAX_BYTES] for name, piece in WORST.items()}
    seconds = {name: shortest(3, lambda: judge(script)) for name, script in long.items()}  # noqa: B023
    slowest = max(seconds, key=lambda name: seconds[name])
    return [
        Figure(name="policy: judging in times of parsing", value=times, bar=BAR_TIMES),
        Figure(
            name="policy: judging a typical command",
            value=statistics.median(judged) * 1e6,
            unit="microseconds",
        ),
        Figure(name="policy: of that, parsing alone", value=statistics.median(parsed) * 1e6, unit="microseconds"),
        Figure(name=f"policy: the slowest 64 KiB ({slowest})", value=seconds[slowest], unit="s", bar=BAR_SECONDS),
    ]


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))

"""Programs written in an argument: what a sed or awk script can do, and what a string of code gives away."""

from __future__ import annotations

import re
from functools import lru_cache

# Between the slashes of an expression, [ ] holds its characters, a slash too; some versions of sed do not know that.
_SED_BRACKET = r"\[\^?\]?(?:\[:[^\]]*:\]|\[\.[^\]]*\.\]|\[=[^\]]*=\]|[^\]])*\]"
_SED_BLANK = re.compile(r"[\s;{}!,0-9$~+]+")
_SED_PLAIN = frozenset("pdqQ=nNDGgHhxPlzF")
_SED_TEXT = frozenset("aic")
_SED_JUMP = frozenset("btT:")
_SED_FLAGS = re.compile(r"[gpiImM0-9]*")
_AWK_WORDS = re.compile(r"\bsystem\b|\bgetline\b|@|/inet")
_AWK_SHOWN = re.compile(r"\bENVIRON\b|\bARGV\b|\bSYMTAB\b")
_AWK_STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
_AWK_REGEX = re.compile(r"(^|[(,{};!~&|=?:<>\[\n]\s*|\b(?:print|return|in|else|do)\s+)/(?:\\.|[^/\\\n])*/")
_AWK_ENDS = re.compile(r"[\n;{}]")
_AWK_COMMENT = re.compile(r"#[^\n]*")
_AWK_BRACKET = re.compile(r"\\.|\[\^?+\]?+(?:\\.|\[:\w*:\]|\[\.[^\].]*\.\]|\[=[^\]=]*=\]|[^\]\\])*+\]", re.DOTALL)
_AWK_JOINED = re.compile(r"\\\r?\n")
_AWK_CONTINUED = re.compile(r"(,|&&|\|\|)\s*\n")
_PARENTHESES = re.compile(r"\([^();{}\n]*\)")
MAX_PARENTHESES = 200
_JQ_STRING = re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)
_JQ_WORDS = re.compile(r"\$ENV\b|(?<![\w.$@])(?:env|import|include|modulemeta)\b(?!\s*:)")


def sed_fault(script: str) -> tuple[str, str] | None:
    """`("deny" | "ask", why)` if a sed script may do more than edit its input, else None."""
    plainly = _sed_fault(script, brackets=False) if "[" in script else None
    return plainly if plainly is not None and plainly[0] == "deny" else _sed_fault(script, brackets=True)


def _sed_fault(script: str, *, brackets: bool) -> tuple[str, str] | None:
    at = 0
    while at < len(script):
        if (end := _after_address(script, at, brackets)) is not None:
            at = end
            continue
        command = script[at]
        if command in "ewWrR":
            return "deny", f"the command {command!r} of sed runs a program, or reads or writes a file"
        after = _after_sed(script, at, brackets)
        if after is None:
            return "ask", f"a sed script that is not understood, from {script[at : at + 20]!r}"
        if command == "s":
            flags = _SED_FLAGS.match(script, after)
            after = flags.end() if flags else after
            if script[after : after + 1] in ("e", "w"):
                return "deny", f"the flag {script[after]!r} of sed's s command runs a program or writes a file"
        if command in "sy" and script[after : after + 1] not in ("", ";", "}", "\n", " ", "\t", "#"):
            return "ask", f"what follows sed's {command} command is not known"
        at = after
    return None


def _after_address(script: str, at: int, brackets: bool) -> int | None:
    """Where blanks, line numbers or an expression that choose lines end; None where none begins."""
    if (blank := _SED_BLANK.match(script, at)) is not None:
        return blank.end()
    if script[at] not in "/\\":
        return None
    start = at if script[at] == "/" else at + 1
    end = _after_part(script, start, script[start : start + 1], brackets)
    if end is None:
        return None
    while script[end : end + 1] in ("I", "M"):
        end += 1
    return end


def _after_sed(script: str, at: int, brackets: bool) -> int | None:
    """Where the sed command at a place ends; None where that is not known."""
    command = script[at]
    if command in _SED_PLAIN:
        return at + 1
    if command in _SED_JUMP:
        found = re.compile(r"[ \t]*[^\s;}]*").match(script, at + 1)
        return found.end() if found else None
    if command == "#" or command in _SED_TEXT:
        end = script.find("\n", at)
        line = script[at : end if end >= 0 else len(script)]
        return None if line.endswith("\\") and command != "#" else at + len(line)
    if command in "sy":
        delimiter = script[at + 1 : at + 2]
        middle = _after_part(script, at + 1, delimiter, brackets and command == "s")
        return _after_part(script, middle - 1, delimiter, False) if middle is not None else None
    return None


def _after_part(script: str, at: int, delimiter: str, brackets: bool) -> int | None:
    """Where the text that begins with a delimiter ends behind the next one."""
    if not delimiter or delimiter in "\\\n[]":
        return None
    found = _part(delimiter, brackets).match(script, at + 1)
    return found.end() if found is not None else None


@lru_cache(maxsize=256)
def _part(delimiter: str, brackets: bool) -> re.Pattern[str]:
    edge = re.escape(delimiter)
    inner = rf"{_SED_BRACKET}|[^\\\[{edge}]" if brackets else rf"[^\\{edge}]"
    return re.compile(rf"(?:\\.|{inner})*{edge}", re.DOTALL)


def awk_fault(program: str) -> tuple[str, str] | None:
    """`("deny" | "ask", why)` if an awk program may do more than compute and print, else None."""
    if (word := _AWK_WORDS.search(_AWK_JOINED.sub("", program))) is not None:
        return "deny", f"it holds {word[0]!r}, by which awk runs a program or opens a file"
    bare = _awk_bare(program)
    if "|" in bare.replace("||", ""):
        return "deny", "it holds '|', by which awk runs a program"
    if any(_prints_to_file(statement) for statement in re.split(r"[;{}\n]", bare)):
        return "deny", "it prints to a file"
    if (word := _AWK_SHOWN.search(program)) is not None:
        return "ask", f"it holds {word[0]!r}, by which awk shows the environment or names further files"
    return None


def _awk_bare(program: str) -> str:
    """An awk program without strings, expressions, comments and line ends that end no statement."""
    joined = _AWK_JOINED.sub(" ", program)
    rest = _AWK_REGEX.sub(r"\1 0 ", joined)
    removed = [found[0] for found in _AWK_REGEX.finditer(joined)]
    strings = _AWK_STRING.findall(rest)
    # A line that is continued might be one of a comment, which is not.
    unclear = joined != program and "#" in program
    if unclear or any(_open_ended(regex) for regex in removed) or any("/" in string for string in strings):
        # What is a string and what an expression is not clear: nothing is left out, and all is one statement.
        return _AWK_ENDS.sub(" ", program)
    rest = _AWK_COMMENT.sub("", _AWK_STRING.sub(" 0 ", rest))
    if "/" in rest:
        # A division, or an expression that was not seen as one, whose parentheses are none.
        return _AWK_ENDS.sub(" ", rest)
    rest = _AWK_CONTINUED.sub(r"\1 ", rest)
    while (plainer := _PARENTHESES.sub(" 0 ", rest)) != rest and rest.count("(") < MAX_PARENTHESES:
        rest = plainer
    return rest


def _open_ended(regex: str) -> bool:
    """Whether what looks like an expression may end elsewhere: to awk, a slash between [ ] is one of its characters."""
    return '"' in regex or "#" in regex or "[" in _AWK_BRACKET.sub("", regex)


def _prints_to_file(statement: str) -> bool:
    printed = re.search(r"\bprintf?\b(.*)", statement, re.DOTALL)
    return printed is not None and ">" in printed[1]


def jq_fault(program: str) -> str | None:
    """Why a program of jq may show more than its input, else None."""
    # A comment may hold one quote, and a string further strings in \( ): then nothing is left out.
    plain = "#" not in program and "\\(" not in program
    found = _JQ_WORDS.search(_JQ_STRING.sub('""', program) if plain else program)
    return f"it holds {found[0]!r}, by which jq shows the environment or takes in a file" if found else None


def strings_in(code: str) -> list[str]:
    """Some code, and each thing in it that stands in quotes: where a command or a path may be named."""
    return [code, *re.findall(r"""["'`]([^"'`\n]+)""", code)]

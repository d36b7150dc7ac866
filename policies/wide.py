"""Patterns that are wider than they look: they allow to run any code there is, which is tried rather than guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from policies.covers import words_of
from policies.engine.catalogue import find_program
from policies.layer import Rule
from policies.pattern import alternatives
from policies.policy import Policy
from policies.verdict import Verdict

_FILE = ("{} x.py", "{} -c x", "{} -m x", "{} - x")
_CODE = ("{} x", "{} -e x", "{} -r x")
_SHELL = ("{} x.sh", "{} -c x")

_WITHIN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("python", "python3", "pypy", "pypy3"), _FILE),
    **dict.fromkeys(("bash", "sh", "dash", "zsh", "ksh", "fish"), _SHELL),
    **dict.fromkeys(("node", "nodejs", "perl", "ruby", "php", "lua", "Rscript", "tclsh", "osascript", "java"), _CODE),
    **dict.fromkeys(("deno", "uv", "poetry", "hatch", "pdm", "pipx", "conda", "docker", "podman"), ("{} run x",)),
    **dict.fromkeys(("npm", "pnpm", "yarn", "bundle"), ("{} exec x",)),
    **dict.fromkeys(("npx", "uvx", "bunx", "env", "nice", "nohup", "setsid", "exec", "command", "time"), ("{} x",)),
    **dict.fromkeys(("sudo", "doas", "xargs", "parallel", "watch", "entr", "busybox", "eval", "source"), ("{} x",)),
    **dict.fromkeys(("vi", "vim", "nvim", "view", "ex"), ("{} -c !x",)),
    **dict.fromkeys(("less", "more", "man", "script", "expect", "gdb", "strace"), ("{} x",)),
    "bun": ("bun x x", "bun run x"),
    "find": ("find . -exec x {{}} +",),
    "fd": ("fd -x x",),
    "git": ("git -c alias.x=!x x", "git bisect run x", "git rebase -x x"),
    "tar": ("tar -I x -cf a.tar a",),
    "awk": ("awk 'BEGIN {{system(1)}}'",),
    "sed": ("sed e a",),
    "rg": ("rg --pre x x",),
    "timeout": ("timeout 1 x",),
    "ssh": ("ssh x x",),
}
"""Commands by which a program runs what it is given, whatever that is; `x` stands for it."""

_ANY_PROGRAM = "x"


def free_run(policy: Policy, rule: Rule) -> str | None:
    """A command that a rule allows and that runs any code there is; None where none is known."""
    if rule.verdict is not Verdict.ALLOW:
        return None
    role = min(rule.roles) if rule.roles else "editor"
    return next((tried for tried in _tries(rule) if _allows(policy, rule, tried, role)), None)


def _tries(rule: Rule) -> Iterator[str]:
    for name in alternatives(words_of(rule.pattern.text)[0]):
        if name.replace("*", "") == "" or ("*" in name and "/" in name):
            yield name.replace("*", _ANY_PROGRAM)
        yield from (form.format(name) for form in _forms(name))
        if "*" in name and name.strip("*"):
            known = (each for each in _WITHIN if fnmatchcase(each, name))
            yield from (form.format(each) for each in known for form in _WITHIN[each])


def _forms(name: str) -> tuple[str, ...]:
    """How a program runs what it is given; a version, such as python3.12, does it as its family does."""
    program = find_program(name) if name not in _WITHIN and "/" not in name else None
    return _WITHIN.get(program.name if program is not None else name, ())


def _allows(policy: Policy, rule: Rule, command: str, role: str) -> bool:
    decision = policy.judge_command(command, role=role)
    by_rule = any((part.rule, part.file, part.line) == (rule.name, rule.file, rule.line) for part in decision.parts)
    return by_rule and decision.verdict is Verdict.ALLOW

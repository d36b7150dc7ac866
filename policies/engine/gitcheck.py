"""What git's own arguments do beyond their options."""

from __future__ import annotations

from policies.engine.call import Call, Services
from policies.engine.pathjudge import is_workspace_path
from policies.engine.saying import asked, denied
from policies.paths import resolve
from policies.rules import Finding, fixed
from policies.shell.words import Word
from policies.verdict import Verdict

_LISTING = (
    "--list", "-l", "--show-current", "--contains", "--no-contains", "--merged", "--no-merged", "--points-at",
)  # fmt: skip
_MESSAGE = ("-m", "--message", "-F", "--file", "-C", "--reuse-message", "--no-edit", "--dry-run", "--fixup")
# Options that run a program, or reach another repository, whichever command of git takes them.
_RUNS = frozenset(
    "--ext-diff --textconv --open-files-in-pager --upload-pack --receive-pack --exec --strategy --gpg-sign".split()
)


def check_git(_: Services, call: Call) -> list[Finding]:
    """git works on the workspace's repository: another one may name programs in its configuration."""
    findings: list[Finding] = []
    cwds = call.context.cwds
    for directory in call.parsed.values("-C"):
        if not directory.static:
            return asked("git -C", "the directory can't be known before it runs")
        cwds = frozenset(resolve(directory.text, cwd) for cwd in cwds)
    if None in cwds:
        findings += asked("git -C", "the directory can't be known before it runs")
    elif not all(is_workspace_path(cwd) for cwd in cwds):
        where = next(str(cwd) for cwd in cwds if not is_workspace_path(cwd))
        findings += denied("git -C", f"{where} lies outside of the workspace")
    for word in call.parsed.operands[1:]:
        if word.text == "--":
            break
        if word.text.partition("=")[0] in _RUNS:
            findings += denied(f"git {word.text.partition('=')[0]}", "it runs a program, or reaches another repository")
    return findings


def check_commit(_: Services, call: Call) -> list[Finding]:
    """A commit says its message itself, or an editor would open."""
    if any(":" in word.text for word in call.parsed.values("--fixup")):
        return asked("git commit --fixup", "it rewrites a commit, or opens an editor")
    if call.parsed.given(*_MESSAGE) or call.parsed.given("--amend"):
        return []
    return [fixed(Verdict.ASK, "git commit", "without a message it opens an editor", instead="git commit -m MESSAGE")]


def check_branch(_: Services, call: Call) -> list[Finding]:
    """`git branch` may list; with a name it makes one."""
    if call.parsed.operands and not call.parsed.given(*_LISTING):
        return asked("git branch", "it makes or moves a branch")
    return []


def check_rm(services: Services, call: Call) -> list[Finding]:
    """`git rm` removes files, unless only from the index; git takes wildcards itself."""
    kept = call.parsed.given("--cached", "-n", "--dry-run")
    magic = [word.text for word in call.parsed.operands if word.text.startswith(":")]
    if magic and not kept:
        return asked("git rm", f"what {magic[0]!r} stands for is not looked into")
    return [
        found
        for word in call.parsed.operands
        for found in services.paths.written(
            Word(word.text, word.known, glob=True), call.context, into=kept, delete=not kept
        )
    ]

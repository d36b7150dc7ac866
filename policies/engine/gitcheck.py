"""What git's own arguments do beyond their options."""

from __future__ import annotations

from policies.engine.call import Call, Services
from policies.engine.pathjudge import is_workspace_path
from policies.paths import resolve
from policies.rules import Finding, fixed
from policies.verdict import Verdict

_LISTING = (
    "--list", "-l", "-a", "--all", "-r", "--remotes", "-v", "-vv", "--verbose", "--show-current", "--contains",
    "--no-contains", "--merged", "--no-merged", "--points-at", "--format", "--sort",
)  # fmt: skip
_MESSAGE = ("-m", "--message", "-F", "--file", "-C", "--reuse-message", "--no-edit", "--dry-run", "--fixup")


def check_git(_: Services, call: Call) -> list[Finding]:
    """`git -C DIRECTORY` stays in the workspace."""
    findings: list[Finding] = []
    for directory in call.parsed.values("-C"):
        if not directory.static:
            findings.append(fixed(Verdict.ASK, "git -C", "the directory can't be known before it runs"))
        elif not all(is_workspace_path(resolve(directory.text, cwd)) for cwd in call.context.cwds):
            findings.append(fixed(Verdict.DENY, "git -C", f"{directory.text} lies outside of the workspace"))
    return findings


def check_commit(_: Services, call: Call) -> list[Finding]:
    """A commit says its message itself, or an editor would open."""
    if call.parsed.given(*_MESSAGE) or call.parsed.given("--amend"):
        return []
    return [fixed(Verdict.ASK, "git commit", "without a message it opens an editor", instead="git commit -m MESSAGE")]


def check_branch(_: Services, call: Call) -> list[Finding]:
    """`git branch` may list; with a name it makes one."""
    if call.parsed.operands and not call.parsed.given(*_LISTING):
        return [fixed(Verdict.ASK, "git branch", "it makes or moves a branch")]
    return []

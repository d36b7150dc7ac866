"""The disposable `.git` of an agent's worktree: all of git works in it, and nothing on the host ever reads it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestrator.airlock.git import Git
from orchestrator.airlock.layout import give_all
from sandbox.sandbox import BASE_OBJECTS

_CONFIG = """\
[core]
\trepositoryformatversion = {version}
\tbare = false
\tfilemode = true
\tlogallrefupdates = true
\ttrustctime = false
\tcheckStat = minimal
[user]
\tname = {name}
\temail = {name}@localhost
[gc]
\tauto = 0
[maintenance]
\tauto = false
[commit]
\tgpgSign = false
"""
# The files are laid out raw, and stay so when the agent's own git writes them.
_RAW = "* !filter -text !eol !ident !working-tree-encoding\n"


def make_private_git(
    hub: Git,
    directory: Path,
    *,
    task: str,
    head: str,
    base: str,
    extra: Sequence[str],
    index: bytes | None,
    owner_uid: int,
) -> None:
    """Make the git directory with HEAD on the branch `task/TASK` at `head`.

    Objects that `base` reaches are seen through the base store; what `head` and the trees in `extra` have beyond
    comes as a pack. Without an `index` the directory has none of its own. Raises GitFailed, OSError.
    """
    sha256 = len(head) == 64
    config = _CONFIG.format(version=1 if sha256 else 0, name=f"agent-{task}")
    files = {
        "HEAD": f"ref: refs/heads/task/{task}\n",
        "config": config + ("[extensions]\n\tobjectFormat = sha256\n" if sha256 else ""),
        "packed-refs": f"# pack-refs with: peeled fully-peeled sorted \n{head} refs/heads/task/{task}\n",
        "info/attributes": _RAW,
        "info/exclude": "",
        "objects/info/alternates": f"{BASE_OBJECTS}\n",
    }
    for name in ("refs/heads", "refs/tags", "objects/info", "objects/pack", "info", "hooks"):
        (directory / name).mkdir(parents=True)
    for name, text in files.items():
        (directory / name).write_text(text)
    wanted = "".join(f"{oid}\n" for oid in [head, *extra]) + f"^{base}\n"
    pack = str(directory / "objects/pack/pack")
    hub.run(["pack-objects", "--quiet", "--revs", "--non-empty", "--delta-base-offset", pack], stdin=wanted.encode())
    if index is not None:
        (directory / "index").write_bytes(index)
    give_all(directory, owner_uid)

"""What git is told in every sandbox, by variables that no repository's own configuration comes before."""

from __future__ import annotations

GIT_SETTINGS = {
    "GIT_CONFIG_COUNT": "1",
    # A directory that looks like a bare repository brings programs to run (an alias, `core.fsmonitor`), and whoever
    # judged `git -C sub status` has read of none of them: only one that is named (`--git-dir`) may be bare.
    "GIT_CONFIG_KEY_0": "safe.bareRepository",
    "GIT_CONFIG_VALUE_0": "explicit",
}
"""A plan whose work needs it otherwise says so in `sandbox.env`."""

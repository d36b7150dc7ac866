"""The airlock: everything that happens between an agent's worktree and the user's repository."""

"""Completion in bash, zsh and fish: what may be typed next, told without writing, waiting or complaining."""

"""Read a shell script without running it: what it would do, or that this can't be known."""

"""Going back in a run: its checkpoints, laid out, gone on from another way, or repeated."""

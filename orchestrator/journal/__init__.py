"""The journal: what happened, chained, and the state of a run that is folded from it."""

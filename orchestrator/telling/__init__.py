"""What is told of a run besides its journal: a log for whoever maintains this, and nothing of it with a secret."""

"""What this machine has and lacks for a run, each with what to do about it."""

"""What past runs say about a policy: which rules were used, which would have been in the way, which are needed."""

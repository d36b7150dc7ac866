"""Short links that end by themselves."""

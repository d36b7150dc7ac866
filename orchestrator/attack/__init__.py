"""`doctor --attack`: the known escapes, those that aim at git and terminals included, in the real sandboxes."""

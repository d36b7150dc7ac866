"""A run: which task goes when, what an agent's work must pass, and how it lands."""

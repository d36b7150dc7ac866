"""Pay slips."""


def share(cents, percent):
    """Return a part of an amount, in cents."""
    return round(cents * percent / 100)

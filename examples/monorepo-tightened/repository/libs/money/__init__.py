"""Amounts of money, in cents."""


def round_cents(amount):
    """Return a whole number of cents; half a cent goes away from zero."""
    whole = int(abs(amount) + 0.5)
    return whole if amount >= 0 else -whole

"""Invoices."""


def _rounded(amount):
    return int(amount + 0.5)


def tax(cents, percent):
    """Return the tax on an amount, in cents."""
    return _rounded(cents * percent / 100)

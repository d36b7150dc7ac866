"""What a customer wants to have."""

from stock.shelf import get_item


def total_cents(codes):
    """Return what the items cost together; codes that nobody knows cost nothing."""
    found = (get_item(code) for code in codes)
    return sum(item["cents"] for item in found if item is not None)

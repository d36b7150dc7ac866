"""What is on the shelves."""

ITEMS = {
    "A1": {"name": "anvil", "cents": 9900},
    "B2": {"name": "bolt", "cents": 15},
    "C3": {"name": "chain", "cents": 1250},
}


def get_item(code):
    """Return the item with this code, None where there is none."""
    return ITEMS.get(code.upper())

"""Addresses of pages."""

from textkit.slug import make_slug


def address(title):
    """Return the address of the page with this title."""
    return "/pages/" + make_slug(title)

"""Turn a title into the last part of an address."""


def make_slug(title):
    """Return the title in lower case with dashes for blanks."""
    return title.strip().lower().replace(" ", "-")

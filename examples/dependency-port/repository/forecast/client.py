"""Asks the forecast's server."""

from vendor import requests


def today(server, city):
    """Return today's forecast of a city, a dictionary; raise LookupError for a city that the server does not know."""
    response = requests.get(f"{server}/today", params={"city": city}, timeout=5)
    if response.status_code == 404:
        raise LookupError(city)
    response.raise_for_status()
    return response.json()

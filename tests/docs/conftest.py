"""Gives these tests the scripted model server."""

from tests.server.fixture import scripted_server

__all__ = ["scripted_server"]

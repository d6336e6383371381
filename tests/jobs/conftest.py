"""The database through both faces, and workers on jobs of the tests' own."""

from tests.faces import db, mode, own_server

__all__ = ["db", "mode", "own_server"]

"""The database through both faces."""

from tests.faces import db, mode, own_server

__all__ = ["db", "mode", "own_server"]

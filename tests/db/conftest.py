"""The database through both faces."""

from tests.faces import db, mode

__all__ = ["db", "mode"]

"""The database through both faces."""

from __future__ import annotations

from tests.faces import db, mode

__all__ = ["db", "mode"]

"""A warehouse for each test; days leave by retention itself."""

from tests.retention.conftest import admin, db, lake, mode, warehouse

__all__ = ["admin", "db", "lake", "mode", "warehouse"]

"""The database through both faces; a warehouse where a test moves days into the cold tier."""

from tests.faces import db, mode, own_server
from tests.retention.conftest import warehouse

__all__ = ["db", "mode", "own_server", "warehouse"]

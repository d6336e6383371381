"""System logs: what the product and its server log, kept in PostgreSQL by day.

    import cryptoscalp.logs

    cryptoscalp.logs.log_to_database(level="INFO")

or `class: cryptoscalp.logs.LogHandler` in a configuration of `logging.config`. Names are imported
when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptoscalp.logs.handler import LogHandler, LogStats
    from cryptoscalp.logs.setup import log_to_database

__all__ = ["LogHandler", "LogStats", "log_to_database"]

_HOMES = {
    "LogHandler": "cryptoscalp.logs.handler",
    "LogStats": "cryptoscalp.logs.handler",
    "log_to_database": "cryptoscalp.logs.setup",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value

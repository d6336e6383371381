"""System logs: what the product and its server log, kept in PostgreSQL by day.

    import cryptoscalp.logs

    cryptoscalp.logs.log_to_database(level="INFO")

or `class: cryptoscalp.logs.LogHandler` in a configuration of `logging.config`.
"""

from cryptoscalp.logs.handler import LogHandler
from cryptoscalp.logs.setup import log_to_database

__all__ = ["LogHandler", "log_to_database"]

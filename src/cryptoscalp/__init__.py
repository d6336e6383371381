"""cryptoscalp: the data layer of a crypto scalping system.

import cryptoscalp

with cryptoscalp.connect() as db:
    quote = db.market.latest("BTCUSDT", "binance")
"""

from cryptoscalp.capture.account import Account
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.database import AsyncDatabase, Database, connect, connect_async
from cryptoscalp.infra.db.errors import (
    AmbiguousSymbol,
    ConnectionLost,
    Contention,
    CryptoscalpError,
    DatabaseError,
    InputError,
    IntegrityRefused,
    NotFound,
    PermissionRefused,
    SchemaMismatch,
    ServerError,
    UnknownFormat,
)

__all__ = [
    "Account",
    "AmbiguousSymbol",
    "AsyncDatabase",
    "ConnectionLost",
    "Contention",
    "Continuity",
    "CryptoscalpError",
    "Database",
    "DatabaseError",
    "InputError",
    "IntegrityRefused",
    "NotFound",
    "PermissionRefused",
    "SchemaMismatch",
    "ServerError",
    "UnknownFormat",
    "connect",
    "connect_async",
]

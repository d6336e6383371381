"""cryptoscalp: the data layer of a crypto scalping system.

    import cryptoscalp

    with cryptoscalp.connect() as db:
        quote = db.market.latest("BTCUSDT", "binance")

Names are imported when first used, so that the command line answers `--help` at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptoscalp.capture.account import Account
    from cryptoscalp.capture.ledger import Continuity
    from cryptoscalp.capture.reports import PartialImport
    from cryptoscalp.database import AsyncDatabase, Database, connect, connect_async
    from cryptoscalp.infra.db.errors import (
        AmbiguousSymbol,
        ArtifactAltered,
        ConnectionLost,
        Contention,
        CryptoscalpError,
        DatabaseError,
        InputError,
        IntegrityRefused,
        JournalError,
        JournalFull,
        JournalInUse,
        MissingRate,
        NotFound,
        PermissionRefused,
        SchemaMismatch,
        ServerError,
        TrackingError,
        UnknownFormat,
    )
    from cryptoscalp.replay.memory import ReplayMemory
    from cryptoscalp.replay.replay_types import Batch, Durability, Mode, Sampling
    from cryptoscalp.replay.tier_types import Condition, Move, Overflow, Tier
    from cryptoscalp.trading.types import Fill

__all__ = [
    "Account",
    "AmbiguousSymbol",
    "ArtifactAltered",
    "AsyncDatabase",
    "Batch",
    "Condition",
    "ConnectionLost",
    "Contention",
    "Continuity",
    "CryptoscalpError",
    "Database",
    "DatabaseError",
    "Durability",
    "Fill",
    "InputError",
    "IntegrityRefused",
    "JournalError",
    "JournalFull",
    "JournalInUse",
    "MissingRate",
    "Mode",
    "Move",
    "NotFound",
    "Overflow",
    "PartialImport",
    "PermissionRefused",
    "ReplayMemory",
    "Sampling",
    "SchemaMismatch",
    "ServerError",
    "Tier",
    "TrackingError",
    "UnknownFormat",
    "connect",
    "connect_async",
]

_HOMES = {
    "Account": "cryptoscalp.capture.account",
    "Continuity": "cryptoscalp.capture.ledger",
    "PartialImport": "cryptoscalp.capture.reports",
    "Fill": "cryptoscalp.trading.types",
    "ReplayMemory": "cryptoscalp.replay.memory",
    **dict.fromkeys(("Batch", "Durability", "Mode", "Sampling"), "cryptoscalp.replay.replay_types"),
    **dict.fromkeys(("Condition", "Move", "Overflow", "Tier"), "cryptoscalp.replay.tier_types"),
    "AsyncDatabase": "cryptoscalp.database",
    "Database": "cryptoscalp.database",
    "connect": "cryptoscalp.database",
    "connect_async": "cryptoscalp.database",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES.get(name, "cryptoscalp.infra.db.errors")), name)
    globals()[name] = value
    return value

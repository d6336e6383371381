"""Models, instruments and tables for the tests of features and predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
import pyarrow as pa

from cryptoscalp import AsyncDatabase
from tests.postgres import Place

TIME: Final = pa.timestamp("us", "UTC")
_TYPES: Final = {
    "timestamp": TIME, "inputs_until": TIME, "features_at": TIME, "available_at": TIME,
    "horizon": pa.duration("us"), "model_id": pa.int64(), "feature_set_id": pa.int64(),
    "symbol": pa.string(), "exchange": pa.string(), "model": pa.string(), "version": pa.string(),
    "fingerprint": pa.binary(), "features": pa.list_(pa.float64()),
}  # fmt: skip
#: A day long past: what is predicted there is a backfill.
PAST: Final = datetime(2024, 8, 8, 12, tzinfo=UTC)


async def instrument(db: AsyncDatabase, symbol: str = "BTCUSDT") -> None:
    """Register an instrument of Binance's."""
    await db.market.add_instrument(symbol, "binance", base=symbol[:3], quote="USDT")


def model(
    place: Place, name: str = "m", *, status: str = "DEPLOYED", feature_set_id: int | None = None
) -> int:
    """A model version that was moved to that status; its number."""
    with psycopg.connect(place.admin_dsn) as connection:
        connection.execute("SET ROLE cryptoscalp_owner")
        connection.execute("INSERT INTO models (model_name) VALUES (%s)", (name,))
        found = connection.execute(
            "INSERT INTO model_versions (model_name, version, version_number, performance_metrics,"
            " feature_set_id) VALUES (%s, '1', 1, '{\"mae\": 1}', %s) RETURNING model_id",
            (name, feature_set_id),
        ).fetchone()
        assert found is not None
        move(connection, found[0], status)
    return int(found[0])


def move(
    connection: psycopg.Connection[Any], model_id: int, status: str, slot: str = "live"
) -> None:
    """Move a version that is in TRAINING on to a status, the legal way."""
    way = ("VALIDATING", "DEPLOYED", "RETIRED")
    for one in way[: way.index(status) + 1] if status != "TRAINING" else ():
        connection.execute(
            "UPDATE model_versions SET status = %s, slot = CASE %s WHEN 'DEPLOYED' THEN %s"
            " ELSE slot END WHERE model_id = %s",
            (one, one, slot, model_id),
        )


def retire(place: Place, model_id: int) -> None:
    """Retire a version, as the owner."""
    with psycopg.connect(place.admin_dsn) as connection:
        connection.execute("SET ROLE cryptoscalp_owner")
        connection.execute(
            "UPDATE model_versions SET status = 'RETIRED' WHERE model_id = %s",
            (model_id,),
        )


def prediction(model_id: int, after_s: float = 0, /, **changes: Any) -> dict[str, Any]:
    """A prediction some seconds past `PAST`, one minute ahead."""
    at = changes.get("timestamp", PAST + timedelta(seconds=after_s))
    return {
        "model_id": model_id, "symbol": "BTCUSDT", "exchange": "binance", "timestamp": at,
        "horizon": timedelta(minutes=1), "prediction": 60_000.5, "confidence": 0.75,
        "latency_ms": 1.5, "inputs_until": at - timedelta(milliseconds=1), **changes,
    }  # fmt: skip


def vector(after_s: float = 0, **changes: Any) -> dict[str, Any]:
    """A vector of features a and b? some seconds past `PAST`."""
    at = PAST + timedelta(seconds=after_s)
    return {"timestamp": at, "symbol": "BTCUSDT", "exchange": "binance", "a": 1.0, "b": 2.0,
            **changes}  # fmt: skip


def table(records: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Records as the Arrow table a caller hands in."""
    return pa.table(
        {
            name: pa.array([one[name] for one in records], _TYPES.get(name, pa.float64()))
            for name in records[0]
        }
    )

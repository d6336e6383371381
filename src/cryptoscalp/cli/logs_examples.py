"""The examples of `logs` and `metrics`: two records of one moment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

#: What differs from run to run, and what the reference shows in its place.
STEADY: Final[Mapping[str, Any]] = {
    "log_id": 1,
    "trade_age_s": 0.25,
    "quote_age_s": 0.25,
    "since": "2024-08-09T06:00:00.000000Z",
    "newest": "2024-08-09T07:00:01.000000Z",
    "host": "trading-1",
    "process": 4711,
}
#: Before this one the records are made.
_FIRST: Final = "logs tail --component bot"
LINES: Final = (
    _FIRST,
    "logs search refused --component bot --level WARNING",
    "metrics export grafana",
)


def prepare(words: str, data_dir: Path) -> None:
    """Make the records that the next line tells of."""
    if words != _FIRST:
        return
    from datetime import UTC, datetime

    from cryptoscalp.database import connect

    now = datetime.now(UTC)
    with connect(data_dir=data_dir) as db:
        db.logs.record("INFO", "bot.orders", "sent o-1", {"symbol": "BTCUSDT"}, at=now)
        db.logs.record("ERROR", "bot.orders", "the venue refused o-1", {"code": -1013}, at=now)

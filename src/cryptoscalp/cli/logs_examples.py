"""The examples of `logs` and `metrics`: two records of one moment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

#: What differs from run to run, and what the reference shows in its place; of `status` too.
STEADY: Final[Mapping[str, Any]] = {
    "log_id": 1,
    "timestamp": "2024-08-09T07:00:01.000000Z",
    "url": "http://127.0.0.1:9877/metrics",
    "metrics": [
        {
            "name": "cryptoscalp_data_age_seconds",
            "about": "Age of the newest event of an exchange",
            "kind": "gauge",
            "labels": ["exchange", "stream"],
            "samples": [[["binance", "trades"], 0.25], [["binance", "quotes"], 0.125]],
        }
    ],
    "seconds": {"data": 0.004, "ingest": 0.002},
    "trade_age_s": 0.25,
    "quote_age_s": 0.125,
    "reckoned_ages_s": {"risk_metrics": 42.5},
    "logs": {
        "since": "2024-08-09T06:00:00.000000Z",
        "levels": {"DEBUG": 0, "INFO": 120, "WARNING": 1, "ERROR": 0, "CRITICAL": 0},
        "dropped": 0,
        "newest": "2024-08-09T07:00:01.000000Z",
    },
}
#: Before this one the records are made.
_FIRST: Final = "logs tail --component bot"
LINES: Final = (
    _FIRST,
    "logs search refused --component bot --level WARNING",
    "metrics show",
    "metrics serve --port 0 --for 1s",
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

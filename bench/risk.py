"""Risk of a portfolio with 20 positions over 720 hours of candles, by every estimator."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa

from bench.figures import Bar, Figure, Section, percentiles
from bench.place import Place
from cryptoscalp import Continuity, Database, Fill
from cryptoscalp.risk.choices import VarEstimator
from cryptoscalp.risk.components import components
from cryptoscalp.risk.measure_types import Components, Doubles
from cryptoscalp.risk.measures import ESTIMATORS, tail_risk

NAME: Final = "risk"
_HOUR: Final = timedelta(hours=1)
_VENUE: Final = "binance"


def measure(place: Place, quick: bool) -> Section:
    """Measure and record through the public API; the estimators alone beside it."""
    positions, hours, times = (3, 100, 3) if quick else (20, 720, 5)
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with place.connect() as db:
        _store(db, positions, hours, at)
        _hold(db, positions, at - hours * _HOUR)
        place.settle()
        method: dict[str, Any] = {"lookback": (hours - 1) * _HOUR}
        found = db.risk.measure("bench", at, **method)
        assert found[0].n == hours - 1, found[0].reasons
        calls: dict[str, Callable[[int], Any]] = {
            "measure, 5 estimators and all parts": lambda _: db.risk.measure("bench", at, **method),
            "measure, the portfolio by one estimator": lambda _: db.risk.measure(
                "bench", at, estimators=["HISTORICAL"], scopes=["PORTFOLIO"], **method
            ),
            "record, 5 estimators and all parts": lambda n: db.risk.record(
                "bench", at - timedelta(minutes=n), **method
            ),
            "measure, 5 estimators and all parts, after a recorded row": lambda _: db.risk.measure(
                "bench", at, **method
            ),
            "history, a row": lambda _: db.risk.history("bench", limit=1),
        }
        taken = {what: _timed(times, call) for what, call in calls.items()}
    lines = np.random.default_rng(1).standard_t(5, (hours, positions))
    for estimator in ESTIMATORS:
        taken[f"{estimator}, {hours} × {positions} in memory, with parts"] = _timed(
            times, partial(_parts, lines, estimator)
        )
    return Section(
        NAME,
        f"db.risk through the product's pool; {positions} positions of as many instruments,"
        f" {hours} hourly candles each, equity since as many hours; {times} calls of each kind",
        "none",
        place.settings(),
        [Figure(f"{what}, p50", percentiles(seconds)["p50"] * 1e3, "ms", bars=(_bar(what),))
         for what, seconds in taken.items()],
        detail={what: percentiles(seconds) for what, seconds in taken.items()},
    )  # fmt: skip


def _bar(what: str) -> Bar:
    """Ten milliseconds for what reads a row or is in memory, a second for what reads candles."""
    quick = what.startswith("history") or "in memory" in what
    return Bar("figure", "≤", 10.0 if quick else 1_000.0)


def _store(db: Database, positions: int, hours: int, at: datetime) -> None:
    """A trade an hour of each instrument, at the prices of a walk: an hourly candle each."""
    chance = random.Random(1)
    rows: list[dict[str, Any]] = []
    for number in range(positions):
        db.market.add_instrument(_symbol(number), _VENUE, base=f"C{number}", quote="USDT")
        price = 100.0
        for n in range(hours):
            price *= 1 + 0.005 * chance.gauss(0, 1)
            rows.append(
                {
                    "timestamp": at - (hours - n) * _HOUR + timedelta(seconds=1),
                    "exchange": _VENUE, "symbol": _symbol(number), "feed": "trade",
                    "sequence": n + 1, "price": f"{price:.8f}", "volume": "1", "side": "BUY",
                }
            )  # fmt: skip
    columns = {name: pa.array([row[name] for row in rows]) for name in rows[0]}
    columns["timestamp"] = columns["timestamp"].cast(pa.timestamp("us", "UTC"))
    columns["received_at"] = pa.nulls(len(rows), pa.timestamp("us", "UTC"))
    db.capture.write_trades(pa.table(columns), continuity=Continuity.CONSECUTIVE_IDS)


def _hold(db: Database, positions: int, since: datetime) -> None:
    db.trading.create_portfolio("bench", "USDT")
    db.trading.deposit("bench", "USDT", Decimal(100_000), reference="one", timestamp=since + _HOUR)
    db.trading.record_fills(
        "bench",
        [
            Fill(_symbol(n), _VENUE, str(n), since + 2 * _HOUR, "BUY", Decimal(10), Decimal(100))
            for n in range(positions)
        ],
    )


def _parts(lines: Doubles, estimator: VarEstimator, _: int) -> Components:
    return components(lines, tail_risk(lines.sum(axis=1), 0.95, estimator))


def _symbol(number: int) -> str:
    return f"C{number}USDT"


def _timed(times: int, work: Callable[[int], Any]) -> list[float]:
    work(times)
    taken = []
    for n in range(times):
        began = time.perf_counter()
        work(n)
        taken.append(time.perf_counter() - began)
    return taken

"""Risk of a portfolio with 20 positions over 720 hours of candles, by every estimator."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np

from bench.figures import Figure, Section, percentiles
from bench.place import Place
from cryptoscalp import Fill
from cryptoscalp.risk.components import components
from cryptoscalp.risk.measures import ESTIMATORS, tail_risk

NAME: Final = "risk"
_HOUR: Final = timedelta(hours=1)


def measure(place: Place, quick: bool) -> Section:
    """Measure and record through the public API; the estimators alone beside it."""
    positions, hours, times = (3, 100, 3) if quick else (20, 720, 15)
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with place.connect() as db:
        _store(place, positions, hours, at)
        _hold(db, positions, at - hours * _HOUR)
        place.settle()
        method: dict[str, Any] = {"lookback": (hours - 1) * _HOUR}
        found = db.risk.measure("bench", at, **method)
        assert found[0].n == hours - 1, found[0].reasons
        taken = {
            "measure, 5 estimators and all parts": _timed(
                times, lambda _: db.risk.measure("bench", at, **method)
            ),
            "measure, the portfolio by one estimator": _timed(
                times,
                lambda _: db.risk.measure(
                    "bench", at, estimators=["HISTORICAL"], scopes=["PORTFOLIO"], **method
                ),
            ),
            "record, 5 estimators and all parts": _timed(
                times, lambda n: db.risk.record("bench", at - n * timedelta(minutes=1), **method)
            ),
            "history, a row": _timed(times, lambda _: db.risk.history("bench", limit=1)),
        }
    lines = np.random.default_rng(1).standard_t(5, (hours, positions))
    for estimator in ESTIMATORS:
        taken[f"{estimator}, {hours} × {positions} in memory, with parts"] = _timed(
            times,
            lambda _, one=estimator: components(lines, tail_risk(lines.sum(axis=1), 0.95, one)),
        )
    return Section(
        NAME,
        f"db.risk through the product's pool; {positions} positions of as many instruments,"
        f" {hours} hourly candles each, equity since as many hours; {times} calls of each kind",
        "none",
        place.settings(),
        [Figure(f"{what}, p50", percentiles(seconds)["p50"] * 1e3, "ms")
         for what, seconds in taken.items()],
        detail={what: percentiles(seconds) for what, seconds in taken.items()},
    )  # fmt: skip


def _store(place: Place, positions: int, hours: int, at: datetime) -> None:
    """Imported hourly candles of a walk of each instrument."""
    chance = random.Random(1)
    with place.bare(admin=True) as connection:
        connection.execute("SET ROLE cryptoscalp_owner")
        connection.execute(
            "INSERT INTO exchanges (exchange_id) VALUES ('bench') ON CONFLICT DO NOTHING"
        )
        for number in range(positions):
            connection.execute(
                "INSERT INTO instruments (symbol, exchange, base, quote)"
                " VALUES (%s, 'bench', %s, 'USDT')",
                (_symbol(number), f"C{number}"),
            )
        connection.execute(
            "SELECT ensure_partitions(%s, %s, '{candles}')",
            ((at - hours * _HOUR).date(), at.date()),
        )
        copied = "COPY candles (timestamp, symbol, exchange, interval, source, open, high, low,"
        with connection.cursor().copy(copied + " close, volume) FROM STDIN") as target:
            for number in range(positions):
                price = 100.0
                for n in range(hours):
                    price *= 1 + 0.005 * chance.gauss(0, 1)
                    shown = f"{price:.8f}"
                    moment = at - (hours - n) * _HOUR
                    target.write_row(
                        (moment, _symbol(number), "bench", "1h", "imported", *[shown] * 4, 1)
                    )


def _hold(db: Any, positions: int, since: datetime) -> None:
    db.trading.create_portfolio("bench", "USDT")
    db.trading.deposit("bench", "USDT", Decimal(100_000), reference="one", timestamp=since + _HOUR)
    db.trading.record_fills(
        "bench",
        [
            Fill(_symbol(n), "bench", str(n), since + 2 * _HOUR, "BUY", Decimal(10), Decimal(100))
            for n in range(positions)
        ],
    )


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

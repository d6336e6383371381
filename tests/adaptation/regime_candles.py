"""Made-up candles with calm, trend, unrest and a crash; and the rule's answer reckoned again."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
import psycopg

from cryptoscalp import AsyncDatabase
from cryptoscalp.adaptation.regime_rule import RegimeRule
from cryptoscalp.adaptation.regime_types import Regime, RegimeCandle, RegimeState
from tests.capture.storing import NOON_US, Record, candle, chunk_of, store
from tests.faces import NOON
from tests.postgres import Place

MINUTE: Final = timedelta(minutes=1)
#: Short lengths: every label comes within some hundred candles.
QUICK: Final = RegimeRule(
    short_half_life=4, long_half_life=60, trend_window=12, drawdown_window=40, confirm=3,
    warm_up=30, max_gap=4,
)  # fmt: skip
#: Each part is (candles, drift of the log price, its standard deviation), a candle.
STORY: Final = (
    (60, 0.0, 0.001), (30, 0.001, 0.0003), (50, 0.0, 0.001), (25, 0.0, 0.006),
    (60, 0.0, 0.001), (12, -0.02, 0.004), (70, 0.0, 0.002),
)  # fmt: skip


def closes(seed: int = 1, parts: Iterable[tuple[int, float, float]] = STORY) -> list[float]:
    """Closing prices of a story, from 100 on."""
    chance = random.Random(seed)
    log, made = math.log(100), []
    for count, drift, deviation in parts:
        for _ in range(count):
            log += chance.gauss(drift, deviation)
            made.append(round(math.exp(log), 6))
    return made


def bar(minute: int, previous: float, close: float, **changes: Any) -> Record:
    """A stored candle; its wicks reach a little beyond open and close."""
    low, high = sorted((previous, close))
    return candle(
        minute, f"{close:.6f}", open=f"{previous:.6f}", high=f"{high * 1.0001:.6f}",
        low=f"{low * 0.9999:.6f}", **changes,
    )  # fmt: skip


def bars(prices: Sequence[float], leave_out: Iterable[int] = ()) -> list[Record]:
    """Candles of the minutes from noon on."""
    gone = set(leave_out)
    return [bar(n, prices[max(n - 1, 0)], price) for n, price in enumerate(prices) if n not in gone]


def seen(records: Iterable[Record]) -> list[RegimeCandle]:
    """The same candles as the rule takes them."""
    return [
        RegimeCandle(at, at + MINUTE, float(one["high"]), float(one["close"]))
        for one in records
        for at in [NOON + timedelta(microseconds=one["timestamp"] - NOON_US)]
    ]


async def put(db: AsyncDatabase, records: Sequence[Record]) -> None:
    """Store candles as an import does."""
    await store(db, chunk_of(records))


async def watched(db: AsyncDatabase, rule: RegimeRule = QUICK) -> None:
    """Register the instrument and have its minutes' regimes reckoned."""
    await db.market.add_instrument("BTCUSDT", "binance", base="BTC", quote="USDT")
    await db.adaptation.watch_regimes("BTCUSDT", "binance", "1m", rule, announce_from=NOON)


async def stored(db: AsyncDatabase) -> list[Regime]:
    """The regimes of the watched instrument."""
    return await db.adaptation.regimes("BTCUSDT", "binance", "1m")


def told(regimes: Iterable[Regime]) -> list[tuple[Any, ...]]:
    """What must not depend on when an update ran."""
    return [(one.since, one.label, one.confidence, one.duration_minutes, one.features)
            for one in regimes]  # fmt: skip


def replayed(
    rule: RegimeRule, taken: Iterable[tuple[RegimeCandle, float | None]]
) -> list[tuple[datetime, str, float, int]]:
    """(since, label, confidence, minutes) of each regime, by the label after every candle."""
    state, made = RegimeState(), list[tuple[datetime, str, float, int]]()
    last: str | None = None
    for one, spread_bps in taken:
        state, _, label, confidence = rule.step(state, one, spread_bps)
        if last is not None and label is not None:
            since, name, sure, _ = made[-1]
            made[-1] = since, name, sure, (one.end - since) // MINUTE
        if label is not None and label != last:
            assert confidence is not None
            made.append((one.end, label, confidence, 0))
        last = label
    return made


def events(place: Place) -> list[tuple[Any, ...]]:
    """The events for trainers that regimes have made, in their order."""
    with psycopg.connect(place.dsn) as session:
        return session.execute(
            "SELECT e.timestamp, e.kind::text, e.payload ->> 'from', e.payload ->> 'to',"
            " (e.payload ->> 'confidence')::float8, r.regime_type::text, e.symbol, e.exchange"
            " FROM adaptation_events AS e JOIN market_regimes AS r USING (regime_id)"
            " ORDER BY e.event_id"
        ).fetchall()


def ewm(values: Sequence[float], half_life: float) -> float:
    """The last exponentially weighted mean, by polars."""
    found = pl.Series(values).ewm_mean(half_life=half_life, adjust=True)[-1]
    assert isinstance(found, float)
    return found

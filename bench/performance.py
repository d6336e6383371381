"""Performance: many portfolios over a day of minutes, one more minute, and one more fill."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from bench import account, made
from bench.figures import Bar, Figure, Section, latency
from bench.place import Place
from cryptoscalp import Continuity, Database, Fill

NAME: Final = "performance"
_INSTRUMENTS: Final = 4
_FILLS: Final = 8
_WARM_UP: Final = 20
#: "In seconds" of the plan.
_IN_SECONDS: Final = Bar("figure", "≤", 10.0)
_AFTER_A_FILL: Final = Bar("figure", "<", 5)
_SIDES: Final[tuple[Any, ...]] = ("BUY", "SELL")


def measure(place: Place, quick: bool) -> Section:
    """Refresh portfolios that hold two instruments each; then one of them, fill by fill."""
    portfolios, trades, calls = (20, 5_000, 20) if quick else (1_000, 60_000, 300)
    with place.connect() as db:
        account.market(db, _INSTRUMENTS)
        db.capture.write_trades(
            made.trades(trades, _INSTRUMENTS, seconds=86_400),
            continuity=Continuity.CONSECUTIVE_IDS,
        )
        for n in range(portfolios):
            _portfolio(db, f"p{n}", n)
        _portfolio(db, "one", 0)
        place.settle()
        many = [f"p{n}" for n in range(portfolios)]
        day = _seconds(db, many, made.DAY + timedelta(days=1, minutes=-1))
        minute = _seconds(db, many, made.DAY + timedelta(days=1))
        whole = _seconds(db, ["one"], _at(60))
        place.settle()
        after, mere, booking = _fill_by_fill(db, calls)
        began = time.perf_counter()
        db.analytics.recompute(["one"])
        scratch = time.perf_counter() - began
    buckets = portfolios * (1_439 * 2 + 23 * 2)
    return Section(
        NAME,
        f"analytics.refresh: {portfolios:,} portfolios with {_FILLS} fills of two instruments, so"
        " three parts each, over a day of 1-minute candles; five periods, committed",
        "refresh of one portfolio: record_fill of the fill before it, call by call in turn",
        place.settings(),
        [
            Figure(f"{portfolios:,} portfolios, a day of minutes", day, "s",
                   bars=(_IN_SECONDS,), note=f"{buckets / day:,.0f} buckets/s"),
            Figure(f"{portfolios:,} portfolios, the minute after it", minute, "s",
                   bars=(_IN_SECONDS,)),
            *latency("one portfolio, one fill", after, booking, {"p50": (_AFTER_A_FILL,),
                     "p99": (_AFTER_A_FILL,)}, unit="ms"),
            *latency("one portfolio, a minute without a fill", mere, booking, {}, unit="ms"),
            Figure("one portfolio, its first hour", whole, "s", bars=(_IN_SECONDS,)),
            Figure("one portfolio, from scratch", scratch, "s", bars=(_IN_SECONDS,)),
        ],
    )  # fmt: skip


def _portfolio(db: Database, name: str, n: int) -> None:
    db.trading.create_portfolio(name, account.CURRENCY)
    db.trading.deposit(
        name, account.CURRENCY, Decimal(1_000_000), reference="first",
        timestamp=made.DAY + timedelta(seconds=30),
    )  # fmt: skip
    db.trading.record_fills(
        name, [_fill(name, n, step, 5 + step * 2) for step in range(_FILLS)]
    )  # fmt: skip


def _fill(name: str, n: int, step: int, minute: int) -> Fill:
    symbol = made.symbols(_INSTRUMENTS)[(n + step // 2) % 2 + n % 2]
    return Fill(
        symbol, made.EXCHANGE, f"{name}-{step}", _at(minute) + timedelta(seconds=20),
        _SIDES[(step // 2 + step) % 2], Decimal("0.5"), Decimal(60_000) + step, Decimal("0.25"),
        account.CURRENCY, "TAKER",
    )  # fmt: skip


def _at(minute: int) -> datetime:
    return made.DAY + timedelta(minutes=minute)


def _seconds(db: Database, names: list[str], as_of: datetime) -> float:
    began = time.perf_counter()
    db.analytics.refresh(names, as_of=as_of)
    return time.perf_counter() - began


def _fill_by_fill(db: Database, calls: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of a refresh after a fill, of one without, and of booking the fill, in turn."""
    after: list[float] = []
    mere: list[float] = []
    booking: list[float] = []
    for n in range(_WARM_UP + calls):
        minute = 60 + 2 * n
        fill = _fill("one", 0, _FILLS + n, minute)
        began = time.perf_counter()
        db.trading.record_fill("one", fill)
        booking.append(time.perf_counter() - began)
        after.append(_seconds(db, ["one"], _at(minute + 1)))
        mere.append(_seconds(db, ["one"], _at(minute + 2)))
    return after[_WARM_UP:], mere[_WARM_UP:], booking[_WARM_UP:]

"""Equity on a grid: what the exact curve gives, for many portfolios at once, with gaps named."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from cryptoscalp import AsyncDatabase, InputError, NotFound
from tests.analytics.traded import (
    CROSS,
    INVERSE,
    LINEAR,
    SPOT,
    at,
    fill,
    funded,
    market,
    write_prices,
)

_MINUTE = timedelta(minutes=1)


@pytest.fixture
async def traded(db: AsyncDatabase) -> AsyncDatabase:
    """Two portfolios that trade all kinds of instruments for two hours."""
    await market(db)
    rng = np.random.default_rng(8)
    walk = 50_000 * np.exp(np.cumsum(rng.normal(0, 0.001, 120)))
    for of, scale in ((SPOT, 1.0), (LINEAR, 1.001), (INVERSE, 0.999)):
        await write_prices(db, of, {n: round(walk[n] * scale, 2) for n in range(120)})
    await write_prices(db, CROSS, {n: f"0.0{500 + n % 7}" for n in range(0, 120, 5)})
    await funded(db, "main", "100000")
    await db.trading.create_portfolio("bitcoins", "BTC")
    await db.trading.deposit(
        "bitcoins", "USDT", Decimal(70_000), reference="first", timestamp=at(3)
    )
    for name in ("main", "bitcoins"):
        await db.trading.record_fills(
            name,
            [
                fill(1, "BUY", "1", "50010", 5.2, fee=Decimal("0.001"), fee_currency="BTC"),
                fill(2, "SELL", "700", "50020", 6, of=LINEAR, strategy="scalp",
                     fee=Decimal("3.5"), fee_currency="USDT"),
                fill(3, "BUY", "300", "50005", 7.5, of=INVERSE),
                fill(4, "SELL", "0.4", "50310", 31),
                fill(5, "BUY", "1500", "50100", 32, of=LINEAR, strategy="scalp"),
                fill(6, "BUY", "4", "0.05", 33.1, of=CROSS),
                fill(7, "SELL", "300", "49900", 64, of=INVERSE),
                fill(8, "SELL", "1", "50200", 70),
                fill(9, "SELL", "800", "50200", 71, of=LINEAR, strategy="scalp"),
            ],
        )  # fmt: skip
        await db.trading.record_funding(
            name, LINEAR.symbol, LINEAR.exchange, timestamp=at(40), amount=Decimal("-1.25")
        )
        await db.trading.withdraw(name, "USDT", Decimal(1_000), reference="rent", timestamp=at(80))
    return db


async def test_it_agrees_with_the_exact_curve(traded: AsyncDatabase) -> None:
    grids = await traded.trading.equity_grid(["main", "bitcoins"], at(5), at(115))
    assert [one.portfolio for one in grids] == ["main", "bitcoins"]
    for one in grids:
        exact = await traded.trading.equity_curve(one.portfolio, at(5), at(115), _MINUTE)
        assert [point.at for point in exact] == list(one.moments)
        expected = [float(point.equity) for point in exact]
        assert one.equity == pytest.approx(expected, rel=1e-9)
        assert len(set(expected)) > 50
        assert not one.lacking


async def test_a_moment_is_the_same_on_every_grid(traded: AsyncDatabase) -> None:
    (minutes,) = await traded.trading.equity_grid(["main"], at(0), at(120))
    (tens,) = await traded.trading.equity_grid(["main"], at(20), at(110), 10 * _MINUTE)
    assert minutes.equity[20:111:10].tobytes() == tens.equity.tobytes()


async def test_flows_are_those_since_the_moment_before(traded: AsyncDatabase) -> None:
    (found,) = await traded.trading.equity_grid(["main"], at(0), at(120), 10 * _MINUTE)
    assert found.deposits[0] == 0
    assert found.deposits[1] == 100_000
    assert found.deposits.sum() == 100_000
    assert [n for n, amount in enumerate(found.withdrawals) if amount] == [8]


async def test_what_has_no_price_is_missing_and_named(db: AsyncDatabase) -> None:
    await market(db)
    await funded(db)
    await db.trading.record_fill("main", fill(1, "BUY", "0.01", "50000", 2))
    (found,) = await db.trading.equity_grid(["main"], at(0), at(6))
    assert [math.isnan(one) for one in found.equity] == [False] * 2 + [True] * 5
    assert found.lacking == {"BTCUSDT on binance": found.moments[2:]}
    await write_prices(db, SPOT, {3: 50_000})
    (found,) = await db.trading.equity_grid(["main"], at(0), at(6))
    assert [math.isnan(one) for one in found.equity] == [False] * 2 + [True] * 2 + [False] * 3
    assert found.equity[4] == 1_000


async def test_a_price_of_a_week_ago_is_none(db: AsyncDatabase) -> None:
    await market(db)
    await funded(db)
    await write_prices(db, SPOT, {1: 50_000})
    await db.trading.record_fill("main", fill(1, "BUY", "0.01", "50000", 2))
    week = 7 * 1_440
    (found,) = await db.trading.equity_grid(["main"], at(week - 2), at(week + 3))
    assert [math.isnan(one) for one in found.equity] == [False] * 4 + [True] * 2


@pytest.mark.parametrize(
    ("start", "end", "step", "why"),
    [
        (at(0.5), at(5), _MINUTE, "whole minutes"),
        (at(0), at(5), timedelta(seconds=30), "whole minutes"),
        (at(0), at(0), _MINUTE, "is not after start"),
        (at(0), at(200_000), _MINUTE, "moments are too many"),
    ],
)
async def test_what_cannot_be_a_grid(
    db: AsyncDatabase, start: object, end: object, step: timedelta, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        await db.trading.equity_grid([], start, end, step)  # type: ignore[arg-type]


async def test_an_unknown_portfolio_is_named(db: AsyncDatabase) -> None:
    with pytest.raises(NotFound, match="no portfolio 'unheard'"):
        await db.trading.equity_grid(["unheard"], at(0), at(5))

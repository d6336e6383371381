"""Reports of stored portfolios say what the flows say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cryptoscalp import AsyncDatabase, Fill, InputError, NotFound
from cryptoscalp.reports.wording import ESTIMATORS
from tests.faces import NOON, table, trade
from tests.reports.reading import charts, read
from tests.trading.books import LINEAR, SPOT, prepare

_MINUTE = 60_000_000


def bought(
    number: int, side: str, size: str, price: str, minute: int, venue: str, **more: object
) -> Fill:
    return Fill(
        symbol="BTCUSDT", exchange=venue, exchange_trade_id=str(number),
        timestamp=NOON + timedelta(minutes=minute), side=side,  # type: ignore[arg-type]
        quantity=Decimal(size), price=Decimal(price), fee=Decimal("1.5"), fee_currency="USDT",
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
async def desk(db: AsyncDatabase) -> AsyncDatabase:
    """An hour of prices, two strategies, a position closed and two open."""
    await prepare(db)
    rows = [
        trade(n * _MINUTE, n + 1, symbol=one.symbol, exchange=one.exchange,
              price=str(50_000 + (n * 37) % 900))
        for one in (SPOT, LINEAR) for n in range(61)
    ]  # fmt: skip
    await db.capture.write_trades(table(rows))
    await db.trading.create_strategy("scalp")
    await db.trading.create_portfolio("main", "USDT", leverage=Decimal(5))
    await db.trading.deposit("main", "USDT", Decimal(100_000), reference="a", timestamp=NOON)
    await db.trading.record_fills(
        "main",
        [
            bought(1, "BUY", "1", "50000", 1, "binance", strategy="scalp"),
            bought(2, "SELL", "2000", "50100", 2, "binanceusdm"),
            bought(3, "SELL", "0.4", "50500", 30, "binance", strategy="scalp"),
        ],
    )
    await db.trading.withdraw(
        "main", "USDT", Decimal(1_000), reference="b", timestamp=NOON + timedelta(minutes=45)
    )
    return db


async def test_a_report_has_the_figures_of_the_flows(desk: AsyncDatabase) -> None:
    end = NOON + timedelta(hours=1)
    page = await desk.reports.portfolio("main", NOON, end)
    found = read(page)
    value = await desk.trading.value("main", end)
    figures = found.figures("summary")
    for name, expected in (
        ("equity", value.equity),
        ("cash", value.cash_value),
        ("unrealized P&L", value.unrealized_pnl),
        ("exposure", value.exposure),
        ("margin used", value.margin_used),
        ("leverage", value.leverage_ratio),
        ("gained in the period", value.equity - 99_000),
        ("came from outside in the period", Decimal(-1_000)),
    ):
        shown, exact = figures[name]
        assert exact is not None, name
        assert Decimal(exact) == expected, name
        assert shown != "–"
    by_strategy = {row[0][0]: row for row in found.sections["exposure"][3][1:]}
    assert by_strategy.keys() == {"scalp", "(none)"}
    spot, linear = value.positions
    assert Decimal(by_strategy["scalp"][1][1] or "") == spot.notional_value
    assert Decimal(by_strategy["(none)"][2][1] or "") == linear.notional_value
    (daily,) = found.sections["p-l-by-day"][0][1:]
    days = await desk.trading.pnl_by_day("main")
    assert Decimal(daily[1][1] or "") == sum(one.realized_pnl for one in days)
    assert Decimal(daily[2][1] or "") == sum(one.commission for one in days) == Decimal("4.5")
    assert Decimal(daily[4][1] or "") == sum(one.net_pnl for one in days)
    assert len(charts(page)) == 7
    assert "61" in found.text[""]


async def test_a_report_reaches_the_end_of_its_period(desk: AsyncDatabase) -> None:
    end = NOON + timedelta(minutes=50)
    await desk.trading.deposit(
        "main", "USDT", Decimal(500), reference="c", timestamp=NOON + timedelta(minutes=48)
    )
    page = read(await desk.reports.portfolio("main", NOON, end, step=timedelta(minutes=15)))
    value = await desk.trading.value("main", end)
    figures = page.figures("summary")
    assert Decimal(figures["equity"][1] or "") == value.equity
    assert Decimal(figures["came from outside in the period"][1] or "") == -500
    assert "3 steps of 0:15:00" in page.text["returns"]
    assert figures["gained in the period"][1] == str(value.equity - 99_500)


async def test_stress_tests_are_in_it(desk: AsyncDatabase) -> None:
    await desk.risk.run_stress("main", ["price-cascade", "venue-halt"])
    ran = await desk.risk.run_stress("main", ["venue-halt"])
    page = await desk.reports.portfolio("main", NOON, NOON + timedelta(hours=1))
    rows = {row[0][0]: row for row in read(page).sections["stress-tests"][0][1:]}
    assert rows.keys() == {"price-cascade", "venue-halt"}
    (result,) = ran.results
    halt = rows["venue-halt"]
    assert Decimal(halt[4][1] or "") == result.loss_amount
    assert Decimal(halt[6][1] or "") == result.worst_loss_amount
    assert result.loss_percentage is not None
    assert halt[5] == (
        f"{result.loss_percentage:.2f}".rstrip("0") + " %",
        repr(result.loss_percentage),
    )
    assert "never marked" in halt[8][0]
    assert halt[1][0] == "at the price of the fill: BTCUSDT on binance, BTCUSDT on binanceusdm"
    assert page.count('<strong class="flag">') == 2
    assert "have changed since" not in page
    await desk.trading.deposit("main", "USDT", Decimal(1), reference="later")
    changed = read(await desk.reports.portfolio("main", NOON, NOON + timedelta(hours=1)))
    assert changed.sections["stress-tests"][0][1][1][0].startswith(
        "books have changed since, at 20"
    )
    assert "are not those of what is held now" in changed.text["stress-tests"]


@pytest.mark.long
async def test_performance_and_value_at_risk_are_those_that_are_stored(
    desk: AsyncDatabase,
) -> None:
    end = NOON + timedelta(hours=1)
    await desk.analytics.refresh(["main"])
    measured = await desk.risk.record("main", end, horizon="1m", lookback=timedelta(hours=1))
    found = read(await desk.reports.portfolio("main", NOON, end))
    (stored,) = await desk.analytics.performance("main", "1h", end=end, limit=1)
    performance = {row[0][0]: row for row in found.sections["performance"][0][1:]}
    assert stored.total_return is not None
    assert float(performance["total return"][1][1] or "") == stored.total_return
    assert Decimal(performance["fees"][1][1] or "") == stored.fees > 0
    risk = {row[0][0]: row for row in found.sections["value-at-risk"][0][1:]}
    whole = {one.estimator: one for one in measured if one.scope == "PORTFOLIO"}
    assert risk.keys() == {ESTIMATORS[one] for one in whole}
    assert len(whole) == 5
    assert risk["historical"][3] == ("95 %", "0.95")
    historical = whole["HISTORICAL"].value_at_risk
    assert historical is not None
    assert Decimal(risk["historical"][1][1] or "") == historical


async def test_a_portfolio_without_anything_and_one_without_prices(db: AsyncDatabase) -> None:
    await prepare(db)
    await db.trading.create_portfolio("empty", "USDT")
    end = NOON + timedelta(days=400)
    page = await db.reports.portfolio("empty", NOON, end)
    assert "neither cash nor positions" in read(page).text["summary"]
    await db.trading.record_fill("empty", bought(1, "BUY", "1", "50000", 1, "binance"))
    blind = read(await db.reports.portfolio("empty", NOON, end))
    assert "no last price is known" in blind.text["equity"]
    assert "as the curve cannot be reckoned" in blind.text["summary"]
    assert Decimal(blind.figures("summary")["equity"][1] or "") == Decimal("-1.5")


async def test_what_cannot_be_reported(db: AsyncDatabase) -> None:
    await db.trading.create_portfolio("main", "USDT")
    with pytest.raises(NotFound, match="no portfolio 'nobody'"):
        await db.reports.portfolio("nobody", NOON, NOON + timedelta(hours=1))
    with pytest.raises(InputError, match="is not after start"):
        await db.reports.portfolio("main", NOON, NOON)
    with pytest.raises(InputError, match="is not over yet"):
        await db.reports.portfolio("main", NOON, datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(InputError, match="has no time zone"):
        await db.reports.portfolio("main", NOON.replace(tzinfo=None), NOON)

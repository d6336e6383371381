"""Risk of a portfolio from stored candles: values of the books, scenarios, what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from skfolio import measures as skfolio

from cryptoscalp import AsyncDatabase, InputError, MissingRate, NotFound
from cryptoscalp.risk.measures import ESTIMATORS, tail_risk
from cryptoscalp.risk.risk_types import RiskMetrics, RiskThresholds
from tests.risk.held import (
    AT,
    HOUR,
    HOURS,
    LOOKBACK,
    METHOD,
    bars,
    bought,
    closes,
    market,
    moved,
    portfolio,
    positions,
    put,
)
from tests.trading.books import CROSS, INVERSE, LINEAR, SPOT


@pytest.fixture
async def held(db: AsyncDatabase) -> AsyncDatabase:
    """Capital, four positions, ten days of candles."""
    await market(db)
    await portfolio(db)
    await positions(db)
    return db


def of(found: list[RiskMetrics], scope: str, subject: str = "") -> RiskMetrics:
    """The first row of a part."""
    return next(one for one in found if (one.scope, one.subject) == (scope, subject))


def scenarios(hours: int = HOURS) -> Any:
    """P&L of the four positions, the free BTC, at each past move: from the closes alone."""
    price = {one: closes(one)[:hours] for one in (SPOT, LINEAR, INVERSE, CROSS)}
    rows = []
    for n in range(1, hours):
        step = {one: price[one][n] / price[one][n - 1] for one in price}
        now = {one: price[one][-1] for one in price}
        then = {one: now[one] * step[one] for one in price}

        def equity(at: dict[Any, float]) -> float:
            spot = at[SPOT]
            linear = -500 * 0.001 * (at[LINEAR] - 50_010)
            inverse = 200 * 100 * (1 / 49_990 - 1 / at[INVERSE]) * at[SPOT]
            cross = 4 * at[CROSS] * at[SPOT] - 4 * 0.05 * at[SPOT]
            return spot + linear + inverse + cross

        rows.append(equity(then) - equity(now))
    return np.array(rows)


async def test_values_are_those_of_the_books(held: AsyncDatabase) -> None:
    value = await held.trading.value("main", AT, by="last")
    found = await held.risk.measure("main", AT, **METHOD)
    whole = found[0]
    assert whole.portfolio_value == value.equity
    assert (whole.total_exposure, whole.margin_used) == (value.exposure, value.margin_used)
    assert whole.available_margin == value.available_margin
    assert whole.leverage_ratio == pytest.approx(float(value.exposure / value.equity))
    sides = {"LONG": 1, "SHORT": -1}
    assert whole.net_exposure == sum(
        sides[one.side] * one.notional_value for one in value.positions
    )
    assert (whole.timestamp, whole.data_cut, whole.coverage) == (AT, AT, 1)
    assert (whole.horizon, whole.lookback, whole.base_currency) == ("1h", LOOKBACK, "USDT")


async def test_the_portfolio_is_revalued_at_each_past_move(held: AsyncDatabase) -> None:
    found = await held.risk.measure("main", AT, confidence=0.9, **METHOD)
    pnl = scenarios()
    assert [one.estimator for one in found if one.scope == "PORTFOLIO"] == list(ESTIMATORS)
    for one in found[: len(ESTIMATORS)]:
        expected = tail_risk(pnl, 0.9, one.estimator)
        assert (one.n, one.excluded) == (HOURS - 1, 0)
        assert expected.var is not None
        assert one.value_at_risk is not None
        assert one.var_95 is not None
        assert one.expected_shortfall is not None
        assert float(one.value_at_risk) == pytest.approx(expected.var, rel=1e-6)
        assert float(one.expected_shortfall) == pytest.approx(expected.expected_shortfall, rel=1e-6)
        standard = tail_risk(pnl, 0.95, one.estimator).var
        assert float(one.var_95) == pytest.approx(standard, rel=1e-6)
        parts = [part.component_var for part in one.components]
        assert sum(part or 0 for part in parts) == pytest.approx(expected.var, rel=1e-6)
    assert float(found[0].value_at_risk or 0) == pytest.approx(
        float(skfolio.value_at_risk(pnl, 0.9)), rel=1e-9
    )


async def test_parts_are_measured_by_strategy_symbol_and_exchange(held: AsyncDatabase) -> None:
    found = await held.risk.measure("main", AT, estimators=["GAUSSIAN"], **METHOD)
    assert [(one.scope, one.subject) for one in found] == [
        ("PORTFOLIO", ""), ("STRATEGY", ""), ("STRATEGY", "scalp"),
        ("SYMBOL", "BTCUSDT@binance"), ("SYMBOL", "BTCUSDT@binanceusdm"),
        ("SYMBOL", "BTCUSD_PERP@binancecoinm"), ("SYMBOL", "ETHBTC@binance"),
        ("EXCHANGE", "binance"), ("EXCHANGE", "binancecoinm"), ("EXCHANGE", "binanceusdm"),
    ]  # fmt: skip
    spot = of(found, "SYMBOL", "BTCUSDT@binance")
    price = closes(SPOT)[-1]
    assert spot.total_exposure == spot.net_exposure == Decimal(str(price))
    expected = tail_risk(np.array(moved(SPOT)) * price, estimator="GAUSSIAN")
    assert float(spot.value_at_risk or 0) == pytest.approx(expected.var, rel=1e-9)
    short = of(found, "SYMBOL", "BTCUSDT@binanceusdm")
    assert short.net_exposure == -short.total_exposure
    assert spot.max_drawdown is None
    assert "drawdowns are of the portfolio only" in {one.text for one in spot.reasons}
    # The whole is less than its parts: the short hedges.
    parts = [one for one in found if one.scope == "SYMBOL"]
    assert sum(one.value_at_risk or 0 for one in parts) > (found[0].value_at_risk or 0)
    hedge = next(one for one in found[0].components if one.line.side == "SHORT" and one.line.symbol)
    assert hedge.component_var is not None
    assert hedge.component_var < 0
    assert hedge.marginal_var == pytest.approx(hedge.component_var / float(hedge.line.exposure))


async def test_nothing_after_the_moment_is_looked_at(held: AsyncDatabase) -> None:
    at = AT - 40 * HOUR
    method: dict[str, Any] = {"lookback": timedelta(hours=150)}
    before = await held.risk.measure("main", at, **method)
    assert before[0].data_cut == at
    crash = [price / 3 for price in closes(SPOT)]
    await put(held, bars(SPOT, crash[:60], first=HOURS))
    assert await held.risk.measure("main", at, **method) == before
    # Within an hour the candle that has not ended is not there either.
    later = await held.risk.measure("main", at + timedelta(minutes=59), **method)
    assert later[0].data_cut == at
    assert later[0].value_at_risk is not None


async def test_drawdown_counts_open_losses_and_initial_capital(held: AsyncDatabase) -> None:
    await held.trading.deposit(
        "main", "USDT", Decimal(50_000), reference="more", timestamp=AT - 30 * HOUR - HOUR / 3
    )
    await held.trading.withdraw(
        "main", "USDT", Decimal(20_000), reference="less", timestamp=AT - 10 * HOUR
    )
    (whole,) = await held.risk.measure(
        "main", AT, estimators=["HISTORICAL"], scopes=["PORTFOLIO"], **METHOD
    )
    flows = {AT - 30 * HOUR - HOUR / 3: 50_000, AT - 10 * HOUR: -20_000}
    first = AT - (HOURS - 1) * HOUR
    moments = sorted({*(first + n * HOUR for n in range(HOURS)), *flows})
    unit = peak = 1.0
    greatest = 0.0
    before = None
    for at in moments:
        equity = float((await held.trading.value("main", at)).equity)
        if before is not None:
            unit *= (equity - flows.get(at, 0)) / before
        peak = max(peak, unit)
        greatest = max(greatest, 1 - unit / peak)
        before = equity
    assert whole.drawdown_since == first
    assert whole.drawdown == pytest.approx(1 - unit / peak, rel=1e-9)
    assert whole.max_drawdown == pytest.approx(greatest, rel=1e-9)
    assert greatest > 0


async def test_a_held_symbol_without_candles_is_named_or_refused(db: AsyncDatabase) -> None:
    await market(db, SPOT)
    await put(db, bars(LINEAR, closes(LINEAR)[-3:], first=HOURS - 3))
    await portfolio(db)
    await db.trading.record_fills(
        "main",
        [
            bought(1, "BUY", "1", "50000", 2 * HOUR),
            bought(2, "BUY", "10", "50010", 3 * HOUR, LINEAR),
        ],
    )
    found = await db.risk.measure("main", AT, **METHOD)
    whole = found[0]
    # A hundredth of a bitcoin of 1.01: the rest is covered.
    assert 0.98 < whole.coverage < 1
    assert whole.value_at_risk is not None
    assert f"BTCUSDT on binanceusdm: 2 of {HOURS - 1} periods have a price" in {
        one.text for one in whole.reasons
    }
    (lacking,) = [one for one in whole.components if not one.covered]
    assert (lacking.line.exchange, lacking.component_var) == ("binanceusdm", None)
    alone = of(found, "EXCHANGE", "binanceusdm")
    assert (alone.value_at_risk, alone.var_95, alone.n) == (None, None, 0)
    assert alone.risk_level == "HIGH"
    assert alone.coverage == 0
    with pytest.raises(NotFound, match="candles of 1h are lacking for BTCUSDT on binanceusdm"):
        await db.risk.measure("main", AT, lacking="refuse", **METHOD)
    # Most of the exposure: no VaR of the rest passes for that of the whole.
    await db.trading.record_fill("main", bought(3, "BUY", "1000", "50010", 4 * HOUR, LINEAR))
    (most,) = await db.risk.measure(
        "main", AT, estimators=["HISTORICAL"], scopes=["PORTFOLIO"], **METHOD
    )
    assert (most.value_at_risk, most.expected_shortfall) == (None, None)
    assert "candles cover 50" in " ".join(one.text for one in most.reasons)


async def test_a_held_symbol_without_a_price_is_refused(db: AsyncDatabase) -> None:
    await market(db, SPOT)
    await portfolio(db)
    await db.trading.record_fill("main", bought(1, "BUY", "1", "50010", 3 * HOUR, LINEAR))
    with pytest.raises(NotFound, match="no last price is known within a week of BTCUSDT on bin"):
        await db.risk.measure("main", AT, **METHOD)


async def test_a_gap_in_the_candles_is_left_out_and_counted(db: AsyncDatabase) -> None:
    await market(db, LINEAR)
    await put(db, bars(SPOT, closes(SPOT), leave_out=range(100, 103)))
    await portfolio(db)
    await db.trading.record_fills(
        "main",
        [
            bought(1, "BUY", "1", "50000", 2 * HOUR),
            bought(2, "SELL", "500", "50010", 3 * HOUR, LINEAR),
        ],
    )
    (whole,) = await db.risk.measure(
        "main", AT, estimators=["HISTORICAL"], scopes=["PORTFOLIO"], **METHOD
    )
    # Three closes are missing: four moves.
    assert (whole.n, whole.excluded, whole.coverage) == (HOURS - 5, 4, 1)


async def test_cash_in_another_currency_is_exposed(db: AsyncDatabase) -> None:
    await market(db, SPOT)
    await portfolio(db)
    await db.trading.deposit("main", "BTC", Decimal(2), reference="coins", timestamp=AT - HOUR)
    (whole,) = await db.risk.measure(
        "main", AT, estimators=["HISTORICAL"], scopes=["PORTFOLIO"], **METHOD
    )
    (cash,) = whole.components
    price = closes(SPOT)[-1]
    assert (cash.line.name, cash.line.symbol) == ("BTC cash", None)
    assert cash.line.exposure == Decimal(str(price)) * 2
    expected = tail_risk(np.array(moved(SPOT)) * price * 2).var
    assert float(whole.value_at_risk or 0) == pytest.approx(expected, rel=1e-9)
    assert [whole.total_exposure, whole.leverage_ratio] == [0, 0]
    # A rate that is given is no market's: its moves are not known.
    (given,) = await db.risk.measure(
        "main", AT, estimators=["HISTORICAL"], scopes=["PORTFOLIO"],
        rates={"BTC": Decimal(60_000)}, **METHOD,
    )  # fmt: skip
    assert (given.value_at_risk, given.coverage, given.risk_level) == (None, 0, "HIGH")
    await db.trading.deposit(
        "main", "XYZ", Decimal(1), reference="x", rates={"XYZ": Decimal(1)}, timestamp=AT - HOUR
    )
    with pytest.raises(MissingRate, match="no rate from XYZ to USDT"):
        await db.risk.measure("main", AT, **METHOD)


async def test_base_cash_alone_risks_nothing(db: AsyncDatabase) -> None:
    await market(db, SPOT)
    await portfolio(db)
    found = await db.risk.measure("main", AT, **METHOD)
    assert [one.scope for one in found] == ["PORTFOLIO"] * len(ESTIMATORS)
    for one in found:
        assert [one.value_at_risk, one.expected_shortfall, one.n] == [0, 0, 0]
        assert (one.risk_level, one.coverage, one.data_cut) == ("LOW", 1, None)
        assert "nothing is held that a price moves" in {reason.text for reason in one.reasons}
        assert (one.drawdown, one.max_drawdown) == (0, 0)


async def test_a_portfolio_without_capital_has_reasons(db: AsyncDatabase) -> None:
    await market(db, SPOT)
    await db.trading.create_portfolio("main", "USDT")
    empty = (await db.risk.measure("main", AT, **METHOD))[0]
    told = {one.figure: one.text for one in empty.reasons}
    assert (empty.leverage_ratio, empty.max_drawdown) == (None, None)
    assert told["leverage_ratio"] == "equity is not above zero"
    assert told["max_drawdown"] == "no capital was paid in"
    assert empty.risk_level == "LOW"
    await db.trading.record_fill("main", bought(1, "BUY", "1", "70000", 3 * HOUR))
    owed = (await db.risk.measure("main", AT, **METHOD))[0]
    assert owed.portfolio_value < 0
    assert (owed.risk_level, owed.leverage_ratio) == ("CRITICAL", None)
    assert owed.value_at_risk is not None


async def test_a_price_that_is_old_is_told(held: AsyncDatabase) -> None:
    found = await held.risk.measure("main", AT + 5 * HOUR, **METHOD)
    told = [one.text for one in found[0].reasons if one.figure == "portfolio_value"]
    assert len(told) == 4
    assert told[0].startswith("the price of ")
    assert found[0].data_cut == AT


async def test_thresholds_are_the_callers(held: AsyncDatabase) -> None:
    lax = RiskThresholds((0.5, 0.6, 0.7), (100, 200, 300), (5, 6, 7), (0.9, 0.95, 0.99))
    low = await held.risk.measure("main", AT, thresholds=lax, **METHOD)
    assert {one.risk_level for one in low if one.scope == "PORTFOLIO"} == {"LOW"}
    strict = replace(lax, leverage=(0.1, 0.2, 0.3))
    high = await held.risk.measure("main", AT, thresholds=strict, **METHOD)
    assert high[0].risk_level == "CRITICAL"
    assert "leverage" in next(one.text for one in high[0].reasons if one.figure == "risk_level")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"confidence": 0.05}, "0.95 was meant"),
        ({"horizon": "7m"}, "no interval '7m'"),
        ({"lookback": timedelta(hours=1)}, "1 periods of 1h"),
        ({"lookback": timedelta(days=10_000)}, "240,000 periods"),
        ({"estimators": []}, "estimators"),
        ({"estimators": ["MAGIC"]}, "no estimator 'MAGIC'"),
        ({"scopes": ["GALAXY"]}, "no scope 'GALAXY'"),
        ({"lacking": "ignore"}, "lacking candles"),
        ({"at": datetime(2099, 1, 1, tzinfo=UTC)}, "is not over yet"),
        ({"at": datetime(2024, 1, 1)}, "no time zone"),  # noqa: DTZ001
        ({"thresholds": RiskThresholds(var=(1, 1, 1))}, "thresholds of var"),
    ],
)
async def test_what_cannot_be_measured_is_refused(
    db: AsyncDatabase, given: dict[str, Any], why: str
) -> None:
    await db.trading.create_portfolio("main", "USDT")
    with pytest.raises(InputError, match=why):
        await db.risk.measure("main", **{"at": AT, **given})
    with pytest.raises(NotFound, match="no portfolio 'unheard'"):
        await db.risk.measure("unheard", AT)


async def test_the_inverse_contract_and_the_cross_pair_move_with_the_rate_too(
    held: AsyncDatabase,
) -> None:
    (whole,) = await held.risk.measure(
        "main", AT, estimators=["HISTORICAL"], scopes=["PORTFOLIO"], **METHOD
    )
    behind = {one.line.name: one.line.rate_by for one in whole.components}
    assert [leg.symbol for leg in behind[f"{INVERSE.symbol} on {INVERSE.exchange}"] or ()] == [
        "BTCUSDT"
    ]
    assert [leg.inverted for leg in behind[f"{CROSS.symbol} on {CROSS.exchange}"] or ()] == [False]
    assert behind[f"{LINEAR.symbol} on {LINEAR.exchange}"] == ()

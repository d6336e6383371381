"""What limits are measured at: books, prices and times of a real portfolio."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, DatabaseError, InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, Operation
from cryptoscalp.risk.limits.risk_rows import RiskFigures, newest_risk_row
from tests.postgres import Place
from tests.risk.limits_rooms import EXCHANGE, buy, checked, desk, figures, mark, traded


async def test_exposures_leverage_and_concentration(db: AsyncDatabase) -> None:
    await desk(db)
    await db.market.add_instrument("ETHUSDT", EXCHANGE, base="ETH", quote="USDT", settle="USDT")
    await db.trading.create_strategy("scalp")
    await buy(db, "0.4", "50000", strategy="scalp")
    await buy(db, "2", "2500", side="SELL", number="2", symbol="ETHUSDT")
    for metric in ("GROSS_EXPOSURE", "NET_EXPOSURE", "LEVERAGE", "CONCENTRATION"):
        await db.risk.set_limit(metric, portfolio="desk", high=1_000_000)
    found = await checked(db)
    assert {metric: one.value for metric, one in found.items()} == {
        "GROSS_EXPOSURE": 25_000, "NET_EXPOSURE": 15_000, "LEVERAGE": Decimal("2.5"),
        "CONCENTRATION": 2,
    }  # fmt: skip
    assert all(one.state is None for one in found.values())
    # A loss of the open positions is in the marks: equity falls by 0.4 * 5,000.
    bought, _ = await db.trading.positions("desk")
    await db.trading.mark_position(bought.position_id, Decimal(45_000))
    found = await checked(db)
    assert found["GROSS_EXPOSURE"].value == 23_000
    assert found["LEVERAGE"].value == Decimal(23_000) / 8_000
    # Parts of it.
    await db.risk.set_limit("GROSS_EXPOSURE", portfolio="desk", strategy="scalp", high=17_000)
    await db.risk.set_limit("NET_EXPOSURE", portfolio="desk", symbol="ETHUSDT", exchange=EXCHANGE,
                            high=17_000)  # fmt: skip
    await db.risk.set_limit("CONCENTRATION", portfolio="desk", exchange="binanceusdm", high=9)
    parts = (await db.risk.check_limits("desk"))[-3:]
    assert sorted(one.value or 0 for one in parts) == [Decimal("2.25"), 5_000, 18_000]


async def test_without_equity_leverage_is_infinite(db: AsyncDatabase) -> None:
    await desk(db, cash="1000")
    await buy(db, "1", "50000")
    await mark(db, "49000")
    await db.risk.set_limit("LEVERAGE", portfolio="desk", high=3, critical=100, action="HALT")
    found = await checked(db)
    assert found["LEVERAGE"].value == Decimal("Infinity")
    assert found["LEVERAGE"].level == "CRITICAL"
    (breach,) = await db.risk.breaches("desk")
    assert breach.peak_value == Decimal("Infinity")
    state = await db.risk.trading_state("desk")
    assert not state
    assert "LEVERAGE of portfolio desk is Infinity" in (state.reason or "")


async def test_the_loss_of_a_day_leaves_out_what_was_paid_in(db: AsyncDatabase) -> None:
    await desk(db, cash="0")
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    before = midnight - timedelta(hours=1)
    await db.trading.deposit("desk", "USDT", Decimal(10_000), reference="old", timestamp=before)
    await buy(db, "0.1", "50000", at=before)
    # Bought before, worth 50,500 at midnight: 50 of gain are of yesterday.
    await traded(db, midnight - timedelta(minutes=1), "50500")
    await db.trading.deposit("desk", "USDT", Decimal(3_000), reference="new", timestamp=now)
    await db.trading.withdraw("desk", "USDT", Decimal(500), reference="out", timestamp=now)
    await mark(db, "49000")
    await db.risk.set_limit("DAILY_LOSS", portfolio="desk", high=150, critical=200)
    found = await checked(db)
    assert found["DAILY_LOSS"].value == 150
    assert found["DAILY_LOSS"].level == "HIGH"
    await mark(db, "52000")
    assert (await checked(db))["DAILY_LOSS"].value == -150


async def test_a_currency_without_a_rate_makes_values_unknown(db: AsyncDatabase) -> None:
    await desk(db)
    await db.trading.deposit("desk", "XYZ", Decimal(5), reference="odd", rates={"XYZ": Decimal(2)})
    await db.risk.set_limit("LEVERAGE", high=3)
    await db.trading.create_portfolio("calm", "USDT")
    found = {one.portfolio: one for one in await db.risk.check_limits()}
    assert found["desk"].state == "UNKNOWN"
    assert "XYZ" in (found["desk"].reason or "")
    # The others are checked all the same.
    assert (found["calm"].value, found["calm"].state) == (Decimal(0), None)


async def test_drawdown_and_var_are_those_that_were_recorded(db: AsyncDatabase) -> None:
    await desk(db)
    await db.risk.set_limit("DRAWDOWN", portfolio="desk", high=Decimal("0.1"))
    await db.risk.set_limit("VAR", portfolio="desk", high=500)
    await db.risk.set_limit("EXPECTED_SHORTFALL", portfolio="desk", high=500)
    found = await checked(db, figures=figures("0.12", "400", None))
    assert found["DRAWDOWN"].level == "HIGH"
    assert (found["VAR"].value, found["VAR"].state) == (Decimal(400), None)
    assert found["EXPECTED_SHORTFALL"].state == "UNKNOWN"
    old = await checked(db, figures=figures("0", "0", "0", age=timedelta(minutes=16)))
    assert {one.state for one in old.values()} == {"UNKNOWN"}
    assert "too old" in (old["VAR"].reason or "")
    fresh = await checked(db, figures=figures("0", "0", "0", age=timedelta(minutes=14)))
    assert {one.state for one in fresh.values()} == {"CLEARING"}


async def test_without_recorded_risk_the_value_is_unknown(db: AsyncDatabase) -> None:
    await desk(db)
    await db.risk.set_limit("VAR", portfolio="desk", high=500)
    found = (await checked(db))["VAR"]
    assert (found.state, found.reason) == (
        "UNKNOWN", "no risk figures of the portfolio are recorded",
    )  # fmt: skip


async def test_the_newest_row_of_the_whole_portfolio_counts(
    db: AsyncDatabase, database: Place
) -> None:
    """Read by the names of its columns: here from a table of the test's own."""
    await desk(db)
    account = await db.trading.portfolio("desk")
    now = datetime.now(UTC)
    rows = [
        # minutes ago, scope, estimator, confidence, horizon, revision, drawdown, var_95, shortfall
        (9, "PORTFOLIO", "GAUSSIAN", 0.95, "1h", 0, 0.9, 900, 990),
        (4, "PORTFOLIO", "GAUSSIAN", 0.95, "1h", 0, 0.25, 100, 111),
        (4, "PORTFOLIO", "GAUSSIAN", 0.95, "1h", 1, 0.2, 90, 110),
        (4, "PORTFOLIO", "HISTORICAL", 0.95, "1h", 0, 0.2, 95, None),
        (4, "SYMBOL", "GAUSSIAN", 0.95, "1h", 0, None, 700, 770),
        (1, "PORTFOLIO", "GAUSSIAN", 0.99, "1h", 0, 0.3, 800, 880),
        (1, "PORTFOLIO", "GAUSSIAN", 0.95, "1d", 0, 0.3, 800, 880),
    ]
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute("ALTER TABLE IF EXISTS risk_metrics RENAME TO risk_metrics_kept")
        connection.execute(
            "CREATE TABLE risk_metrics (portfolio_id bigint, timestamp timestamptz, scope text,"
            " estimator text, confidence float8, horizon candle_interval, lookback interval,"
            " revision int, drawdown float8, var_95 amount, expected_shortfall amount)"
        )
        connection.execute("GRANT SELECT ON risk_metrics TO cryptoscalp_app")
        for ago, scope, estimator, confidence, horizon, revision, *numbers in rows:
            connection.execute(
                "INSERT INTO risk_metrics "
                " VALUES (%s, %s, %s, %s, %s, %s, '30 days', %s, %s, %s, %s)",
                (account.portfolio_id, now - timedelta(minutes=float(ago)), scope, estimator,
                 confidence, horizon, revision, *numbers),
            )  # fmt: skip
    plan = Operation(newest_risk_row, transaction=False, retry=True)
    found = await db.risk.driver.run(plan, account.portfolio_id)
    assert found.at == now - timedelta(minutes=4)
    assert (found.drawdown, found.var, found.expected_shortfall) == (Decimal("0.2"), 95, 110)
    await db.risk.set_limit("VAR", portfolio="desk", high=95)
    assert (await checked(db))["VAR"].level == "HIGH"


async def test_a_limit_of_all_is_checked_in_each_and_halts_that_one(db: AsyncDatabase) -> None:
    await desk(db)
    await desk(db, "other")
    await buy(db, "0.4", "50000", portfolio="other")
    await db.risk.set_limit("LEVERAGE", critical=1, action="HALT")
    found = {one.portfolio: one.state for one in await db.risk.check_limits()}
    assert found == {"desk": None, "other": "BREACHED"}
    assert await db.risk.trading_state("desk")
    assert not await db.risk.trading_state("other")


async def test_a_breach_halts_once_an_officer_decides_after(
    db: AsyncDatabase, database: Place
) -> None:
    await desk(db)
    await buy(db, "0.4", "50000")
    await db.risk.set_limit("LEVERAGE", high=1, critical=2, action="HALT")
    await db.risk.check_limits()
    with psycopg.connect(database.admin_dsn, autocommit=True) as officer:
        officer.execute("SELECT resume_trading('desk', 'I know')")
    await db.risk.check_limits()
    assert await db.risk.trading_state("desk")
    (breach,) = await db.risk.breaches()
    assert (breach.state, breach.times_seen) == ("BREACHED", 2)
    kinds = [one.kind for one in await db.risk.alerts()]
    assert kinds == ["BREACH_OPENED", "HALTED", "RESUMED"]


async def test_one_that_cannot_be_checked_does_not_shield_the_others(db: AsyncDatabase) -> None:
    await desk(db, "a broken one")
    await desk(db, "broke the limit")
    broken = (await db.trading.portfolio("a broken one")).portfolio_id
    good = figures("0.5")

    def source(portfolio_id: int) -> Flow[RiskFigures | None]:
        if portfolio_id == broken:
            raise InputError("something is wrong with its figures")
        found: RiskFigures | None = yield from good(portfolio_id)
        return found

    await db.risk.set_limit("DRAWDOWN", critical=Decimal("0.2"), action="HALT")
    with pytest.raises(DatabaseError, match=r"1 of 2 portfolios.*a broken one: something is wrong"):
        await db.risk.check_limits(figures=source)
    assert not await db.risk.trading_state("broke the limit")
    assert await db.risk.trading_state("a broken one")
    with pytest.raises(InputError, match="something is wrong"):
        await db.risk.check_limits("a broken one", figures=source)


async def test_unknown_portfolios_are_named(db: AsyncDatabase) -> None:
    for call in (db.risk.check_limits, db.risk.breaches, db.risk.alerts, db.risk.switch_events):
        with pytest.raises(NotFound, match="'none'"):
            await call("none")


async def test_the_job_checks(db: AsyncDatabase) -> None:
    await desk(db)
    await buy(db, "0.4", "50000")
    await db.risk.set_limit("LEVERAGE", high=1)
    await db.risk.set_limit("VAR", high=1)
    run = await db.jobs.run("check_limits")
    assert (run.state, run.rows) == ("SUCCEEDED", 2), run.error
    assert run.detail == "2 checks, 2 breaches stand, 2 of them new; 1 values are unknown"

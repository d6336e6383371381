"""Stress tests of stored portfolios: the same as the books, stored once, replayed from candles."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, InputError, MissingRate, NotFound
from cryptoscalp.infra.db.drivers import SyncDriver
from cryptoscalp.infra.db.errors import DatabaseError
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.risk.stress.jobs import run_stress_tests
from cryptoscalp.risk.stress.parsing import parsed
from cryptoscalp.trading.exact import rounded
from tests.faces import db, mode, quote, table, trade
from tests.postgres import Place
from tests.trading.books import INVERSE, LINEAR, RATES, SPOT, START, fill, prepare

__all__ = ["db", "mode"]

_MINUTE: Final = 60_000_000
PAST: Final = """\
name: noon
description: ten minutes after noon
kind: historical
start: 2024-08-08T12:00:00Z
end: 2024-08-08T12:10:00Z
interval: 1m
"""
_INSERT: Final = (
    "INSERT INTO stress_test_results (test_date, scenario_name, portfolio_value, loss_amount,"
    " risk_metrics, portfolio_id, base_currency, kind, worst_loss_amount, scenario,"
    " scenario_sha256, positions) VALUES (now(), 'x', 0, 0, '{}', 1, 'USDT', 'HYPOTHETICAL', 0,"
    " '{}', decode(repeat('00', 32), 'hex'), '[]')"
)
#: A price a minute from noon of 2024-08-08; the low is in the middle.
CLOSES: Final = (50_000, 49_000, 47_000, 45_000, 40_000, 41_000, 42_000, 44_000, 45_000, 45_500)


def at_noon(minutes: int) -> datetime:
    return datetime(2024, 8, 8, 12, tzinfo=UTC) + timedelta(minutes=minutes)


@pytest.fixture
async def desk(db: AsyncDatabase) -> AsyncDatabase:
    """`main`: 100,000 USDT, 1 BTC of spot, 1 linear, short 10,000 USD of an inverse contract."""
    await prepare(db)
    await db.trading.create_portfolio("main", "USDT", leverage=Decimal(10))
    await db.trading.deposit("main", "USDT", Decimal(100_000), reference="first", timestamp=START)
    await db.trading.record_fills(
        "main",
        [
            fill(1, "BUY", "1", "50000"),
            fill(2, "BUY", "1000", "50000", of=LINEAR),
            fill(3, "SELL", "100", "50000", of=INVERSE),
        ],
    )
    return db


async def prices(db: AsyncDatabase, *instruments: Any) -> None:
    """A trade a minute for each of some instruments."""
    rows = [
        trade(n * _MINUTE, n + 1, symbol=one.symbol, exchange=one.exchange, price=str(close))
        for one in instruments
        for n, close in enumerate(CLOSES)
    ]
    await db.capture.write_trades(table(rows))


async def test_losses_are_those_of_the_books_and_are_stored(desk: AsyncDatabase) -> None:
    value = await desk.trading.value("main", rates=RATES)
    ran = await desk.risk.run_stress("main", ["price-cascade", "stablecoin-depeg"], rates=RATES)
    assert (ran.portfolio, ran.refused) == ("main", ())
    cascade, depeg = ran.results
    assert cascade.portfolio_value == value.equity == 100_000
    # Half of the fall is left at the end: 10 % of 2 BTC, less what the short of 10,000 USD gains.
    assert abs(cascade.loss_amount - 9_000) < Decimal("1e-9")
    assert cascade.loss_percentage == pytest.approx(9)
    assert abs(cascade.worst_loss_amount - 18_000) < Decimal("1e-9")
    assert cascade.risk_metrics["worst_minute"] == 15
    # 50,000 USDT of cash, and the linear's gain in USDT, which costs what BTC then costs.
    assert depeg.worst_loss_amount >= 0
    assert cascade.recovery_time_minutes is None
    assert "recovery_time_minutes" in cascade.reasons
    assert cascade.reasons["prices"] == (
        "never marked, valued at the fill: BTCUSDT on binance, BTCUSDT on binanceusdm,"
        " BTCUSD_PERP on binancecoinm"
    )
    assert len(cascade.risk_metrics["at_fill_price"]) == 3
    stored = await desk.risk.stress_results("main")
    assert stored == list(ran.results)
    text = json.dumps(cascade.scenario, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == stored[0].scenario_sha256
    parts = sum(one["loss"] for one in stored[0].positions) + stored[0].risk_metrics["cash_loss"]
    assert parts == cascade.loss_amount
    dry = await desk.risk.run_stress(
        "main", ["price-cascade"], rates=RATES, stored=False, recovery_days=0
    )
    assert dry.results[0].reasons["recovery_time_minutes"].endswith("it was not asked for")
    assert dry.results[0].test_id is None
    assert len(await desk.risk.stress_results()) == 2


async def test_all_that_is_declared_runs_and_what_cannot_is_told(desk: AsyncDatabase) -> None:
    ran = await desk.risk.run_stress("main", rates=RATES)
    names = {one.scenario_name for one in ran.results}
    assert names == {
        "price-cascade", "stablecoin-depeg", "funding-spike", "venue-halt", "spread-blow-out",
        "correlation-to-one",
    }  # fmt: skip
    assert [name for name, _ in ran.refused] == ["august-2024", "march-2020"]
    assert all("candles of 1h are missing" in why for _, why in ran.refused)
    measured = {one.scenario_name: one for one in ran.results}
    assert "too few hourly candles" in measured["correlation-to-one"].reasons["scenario"]
    assert measured["spread-blow-out"].risk_metrics["exit_cost"] > 0
    assert measured["funding-spike"].risk_metrics["funding_cost"] > 0
    distance = measured["price-cascade"].risk_metrics["liquidation_distance"]
    assert [one["name"] for one in distance] == [
        "portfolio", "BTCUSDT on binance", "BTCUSDT on binanceusdm", "BTCUSD_PERP on binancecoinm",
    ]  # fmt: skip
    # Cash covers all that BTC can lose, and the short of 10,000 USD is hedged by coins.
    assert {one["down_pct"] for one in distance} == {None}
    newest = await desk.risk.stress_results("main", newest=True)
    assert len(newest) == 6
    again = await desk.risk.run_stress("main", ["venue-halt"], rates=RATES)
    newest = await desk.risk.stress_results("main", newest=True)
    assert [one.test_id for one in newest if one.scenario_name == "venue-halt"] == [
        again.results[0].test_id
    ]
    assert len(await desk.risk.stress_results(scenario="venue-halt")) == 2
    (last,) = await desk.risk.stress_results("main", limit=1)
    assert last.test_id == again.results[0].test_id
    assert await desk.risk.stress_results("main", end=at_noon(0)) == []


async def test_a_past_is_replayed_on_todays_positions(desk: AsyncDatabase) -> None:
    await prices(desk, SPOT, LINEAR, INVERSE)
    one = parsed(PAST.encode(), "noon.yaml")
    ran = await desk.risk.run_stress("main", [one], rates=RATES)
    (found,) = ran.results
    fall = Decimal(CLOSES[-1]) / CLOSES[0] - 1
    assert abs(found.loss_amount + (2 * 50_000 - 10_000) * fall) < Decimal("1e-9")
    worst = Decimal(min(CLOSES)) / CLOSES[0] - 1
    assert abs(found.worst_loss_amount + (2 * 50_000 - 10_000) * worst) < Decimal("1e-9")
    assert found.risk_metrics["worst_minute"] == 5
    assert found.scenario_kind == "HISTORICAL"


async def test_missing_candles_are_named_mapped_or_bridged(
    desk: AsyncDatabase, database: Place
) -> None:
    await prices(desk, SPOT, LINEAR)
    one = parsed(PAST.encode(), "noon.yaml")
    with pytest.raises(InputError, match=r"BTCUSD_PERP on binancecoinm: 10 of 10 candles of 1m"):
        await desk.risk.run_stress("main", [one], rates=RATES)
    mapped = PAST + (
        "map:\n- {symbol: BTCUSD_PERP, like: {symbol: BTCUSDT, exchange: binance}, beta: 0.5}\n"
    )
    ran = await desk.risk.run_stress("main", [parsed(mapped.encode(), "noon.yaml")], rates=RATES)
    parts = {one["symbol"]: one for one in ran.results[0].positions}
    assert parts["BTCUSD_PERP"]["stressed_price"] == Decimal(50_000) * (
        1 + (Decimal(CLOSES[-1]) / CLOSES[0] - 1) / 2
    )
    wide = PAST.replace("12:10", "12:12") + mapped.removeprefix(PAST)
    with pytest.raises(InputError, match=r"2 of 12 candles of 1m are missing: 2024-08-08T12:10"):
        await desk.risk.run_stress("main", [parsed(wide.encode(), "w.yaml")], rates=RATES)
    bridged = await desk.risk.run_stress(
        "main", [parsed((wide + "missing: previous\n").encode(), "w.yaml")], rates=RATES
    )
    assert bridged.results[0].loss_amount == ran.results[0].loss_amount
    nowhere = PAST + "map:\n- {base: BTC, like: {symbol: NOPE, exchange: binance}}\n"
    with pytest.raises(InputError, match="maps what is not known here: NOPE on binance;"):
        await desk.risk.run_stress("main", [parsed(nowhere.encode(), "n.yaml")], rates=RATES)
    other = (
        "map:\n- {base: LUNA, like: {symbol: BTCUSDT, exchange: binance}}\n"
        "- {symbol: LUNAUSDT, like: {symbol: BTCUSDT, exchange: binance}}\n"
    )
    with pytest.raises(InputError, match="not known here: base LUNA, LUNAUSDT;"):
        await desk.risk.run_stress("main", [parsed((PAST + other).encode(), "o.yaml")], rates=RATES)
    steep = PAST + "map:\n- {base: BTC, beta: 10, like: {symbol: BTCUSDT, exchange: binance}}\n"
    with pytest.raises(InputError, match="its price falls below zero"):
        await desk.risk.run_stress("main", [parsed(steep.encode(), "s.yaml")], rates=RATES)


async def test_quotes_decide_what_leaving_costs(desk: AsyncDatabase) -> None:
    await desk.capture.write_quotes(
        table([quote(0, 1, bid_price="49990", bid_volume="2", ask_price="50010", ask_volume="2")])
    )
    one = parsed(
        b"name: thin\ndescription: d\nkind: hypothetical\nminutes: 1\n"
        b"spread: {multiple: 3, unquoted_bps: 0}\n",
        "thin.yaml",
    )
    ran = await desk.risk.run_stress("main", [one], rates=RATES)
    parts = {(part["symbol"], part["exchange"]): part for part in ran.results[0].positions}
    assert parts["BTCUSDT", "binance"]["exit_price"] == 49_970
    assert parts["BTCUSDT", "binance"]["loss"] == 30
    assert parts["BTCUSDT", "binanceusdm"]["loss"] == 0


async def test_reverse_stress_of_a_stored_portfolio(desk: AsyncDatabase) -> None:
    down, up = await desk.risk.reverse_stress("main", Decimal(9_000), rates=RATES)
    assert down.move_pct == pytest.approx(-10)
    assert up.move_pct is None
    with pytest.raises(InputError, match="either loss or percentage"):
        await desk.risk.reverse_stress("main", rates=RATES)


async def test_portfolios_without_positions_capital_or_name(desk: AsyncDatabase) -> None:
    await desk.trading.create_portfolio("empty", "USDT")
    ran = await desk.risk.run_stress("empty", ["price-cascade"])
    (found,) = ran.results
    assert found.loss_percentage is None
    assert "not above zero" in found.reasons["loss_percentage"]
    assert found.positions == ()
    await desk.trading.deposit("empty", "USDT", Decimal(500), reference="cash")
    (cash,) = (await desk.risk.run_stress("empty", ["stablecoin-depeg"])).results
    assert (cash.loss_amount, cash.loss_percentage) == (Decimal(50), 10.0)
    with pytest.raises(NotFound, match="no portfolio 'nobody'"):
        await desk.risk.run_stress("nobody")
    with pytest.raises(MissingRate, match="no rate from BTC to USDT"):
        await desk.risk.run_stress("main")
    with pytest.raises(NotFound, match="no scenario 'apocalypse'"):
        await desk.risk.run_stress("main", ["apocalypse"], rates=RATES)
    with pytest.raises(InputError, match="a list of names"):
        await desk.risk.run_stress("main", "price-cascade", rates=RATES)
    assert len(await desk.risk.scenarios()) == 8


async def test_recovery_is_by_the_equity_of_the_days_before(db: AsyncDatabase) -> None:
    await db.trading.create_portfolio("earning", "USDT")
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    # 1 % an hour comes in as funding would: cash that is no deposit.
    await db.market.add_instrument(
        "BTCUSDT", "binanceusdm", base="BTC", quote="USDT", settle="USDT", inverse=False,
        contract_multiplier=Decimal(1),
    )  # fmt: skip
    began = now - timedelta(hours=30)
    await db.trading.deposit("earning", "USDT", Decimal(100), reference="a", timestamp=began)
    equity = Decimal(100)
    for hour in range(1, 30):
        paid_at = began + timedelta(hours=hour, minutes=-1)
        await db.trading.record_funding(
            "earning", "BTCUSDT", "binanceusdm", timestamp=paid_at, amount=rounded(equity / 100)
        )
        equity += rounded(equity / 100)
    # A deposit is no return.
    await db.trading.deposit(
        "earning", "USDT", Decimal(1_000), reference="b", timestamp=now - timedelta(minutes=30)
    )
    (found,) = (await db.risk.run_stress("earning", ["stablecoin-depeg"])).results
    told = found.risk_metrics["recovery"]
    assert told["hours"] == 30
    assert told["mean_hourly_return"] == pytest.approx(29 * 0.00995033 / 30, rel=1e-4)
    assert found.recovery_time_minutes == told["minutes"] > 0


async def test_prices_of_a_kind_in_place_of_the_marks(desk: AsyncDatabase) -> None:
    with pytest.raises(NotFound, match="no last price is known within a week of BTCUSDT on"):
        await desk.risk.run_stress("main", ["price-cascade"], rates=RATES, by="last")
    with pytest.raises(InputError, match="no kind of price 'close'"):
        await desk.risk.run_stress("main", rates=RATES, by="close")  # type: ignore[arg-type]
    await desk.trading.create_portfolio("spot", "USDT")
    await desk.trading.deposit("spot", "USDT", Decimal(100_000), reference="a", timestamp=START)
    await desk.trading.record_fill("spot", fill(90, "BUY", "1", "50000", of=SPOT))
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    after = (now - at_noon(0)) // timedelta(microseconds=1)
    await desk.capture.write_trades(
        table([trade(after, 990, symbol=SPOT.symbol, exchange=SPOT.exchange, price="60000")])
    )
    (marked,) = (await desk.risk.run_stress("spot", ["price-cascade"])).results
    (last,) = (await desk.risk.run_stress("spot", ["price-cascade"], by="last")).results
    assert marked.positions[0]["price"] == Decimal(50_000)
    assert marked.risk_metrics["by"] is None
    assert marked.reasons["prices"] == "never marked, valued at the fill: BTCUSDT on binance"
    assert marked.risk_metrics["at_fill_price"] == ["BTCUSDT on binance"]
    assert last.positions[0]["price"] == Decimal(60_000)
    assert last.portfolio_value == marked.portfolio_value + 10_000
    assert last.portfolio_value == (await desk.trading.value("spot", by="last")).equity
    assert last.risk_metrics["by"] == "last"
    assert last.data_cut == now
    assert "prices" not in last.reasons
    assert last.risk_metrics["at_fill_price"] == []
    (held,) = await desk.trading.positions("spot")
    old = now - timedelta(hours=2)
    await desk.trading.mark_position(held.position_id, Decimal(50_500), timestamp=old)
    (stale,) = (await desk.risk.run_stress("spot", ["price-cascade"])).results
    assert stale.reasons["prices"] == "marked more than an hour ago: BTCUSDT on binance"
    down, _ = await desk.risk.reverse_stress("spot", Decimal(6_000), by="last")
    assert down.move_pct == pytest.approx(-10)


async def test_a_result_of_an_older_book_is_marked(desk: AsyncDatabase) -> None:
    await desk.trading.create_portfolio("other", "USDT")
    await desk.trading.deposit("other", "USDT", Decimal(100), reference="a", timestamp=START)
    await desk.risk.run_stress("main", ["price-cascade"], rates=RATES)
    await desk.risk.run_stress("other", ["price-cascade"])
    assert {one.books_changed_at for one in await desk.risk.stress_results()} == {None}
    # What happened before, and was booked after, changes the books too.
    await desk.trading.record_fill("main", fill(91, "BUY", "0.1", "50000", of=LINEAR))
    old, other = await desk.risk.stress_results(newest=True)
    assert (old.portfolio, other.portfolio) == ("main", "other")
    assert old.books_changed_at is not None
    assert old.books_changed_at > old.test_date
    assert other.books_changed_at is None
    await desk.risk.run_stress("main", ["price-cascade"], rates=RATES)
    assert [one.books_changed_at is None for one in await desk.risk.stress_results("main")] == [
        False, True,
    ]  # fmt: skip
    await desk.trading.withdraw("other", "USDT", Decimal(1), reference="b")
    (moved,) = await desk.risk.stress_results("other", newest=True)
    assert moved.books_changed_at is not None


async def test_nothing_changes_a_stored_result(desk: AsyncDatabase, database: Place) -> None:
    await desk.risk.run_stress("main", ["price-cascade"], rates=RATES)
    for dsn in (database.dsn, database.admin_dsn):
        for statement in (
            "UPDATE stress_test_results SET loss_amount = 0",
            "DELETE FROM stress_test_results",
            "TRUNCATE stress_test_results",
            _INSERT,
        ):
            with (
                psycopg.connect(dsn) as client,
                pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.Error)) as refused,
            ):
                client.execute(statement.encode())
            assert refused.value.sqlstate in ("42501", "CS001")
    assert len(await desk.risk.stress_results()) == 1


async def test_a_row_does_not_contradict_itself(desk: AsyncDatabase, database: Place) -> None:
    (one,) = (await desk.risk.run_stress("main", ["price-cascade"], rates=RATES)).results
    call = (
        "SELECT loss_percentage, encode(scenario_sha256, 'hex') FROM record_stress_test(%s, now(),"
        " 'HYPOTHETICAL', %s, %s, %s, %s, %s, %s, '{}', %s, '{}', NULL)"
    )
    good: tuple[Any, ...] = (
        1,
        '{"name":"x"}',
        "USDT",
        Decimal(200),
        Decimal(50),
        Decimal(60),
        5,
        "[]",
    )
    with psycopg.connect(database.dsn, autocommit=True) as client:
        found = client.execute(call, good).fetchone()
        assert found == (25.0, hashlib.sha256(b'{"name":"x"}').hexdigest())
        again = call.replace("now()", "'2024-01-01Z'")
        # A retry after a lost answer: the same moment is stored once.
        for _ in range(2):
            client.execute(again, good)
        stored = "SELECT count(*) FROM stress_test_results WHERE test_date = '2024-01-01Z'"
        assert client.execute(stored).fetchone() == (1,)
        for place, value, code in (
            (0, 99, "CS011"),
            (1, "{}", "23502"),
            (2, "EUR", "CS010"),
            (4, Decimal("NaN"), "23514"),
            (5, Decimal(10), "23514"),
            (6, -1, "23514"),
            (7, "{}", "23514"),
        ):
            with pytest.raises(psycopg.Error) as refused:
                client.execute(call, (*good[:place], value, *good[place + 1 :]))
            assert refused.value.sqlstate == code, (place, value)
    assert [one] == await desk.risk.stress_results(scenario="price-cascade")


async def _job(mode: str, database: Place) -> Any:
    driver = SyncDriver(database.dsn, max_connections=4, timeout_s=30)
    driver.open()
    try:
        return await asyncio.to_thread(driver.run, Operation(run_stress_tests, False, False))
    finally:
        driver.close()


async def test_the_job_stresses_what_is_open(
    db: AsyncDatabase, database: Place, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prepare(db)
    for name in ("one", "two", "gone"):
        await db.trading.create_portfolio(name, "USDT")
        await db.trading.deposit(name, "USDT", Decimal(100), reference="a")
    await db.trading.withdraw("gone", "USDT", Decimal(100), reference="b")
    await db.trading.close_portfolio("gone")
    outcome = await _job(mode, database)
    assert outcome.rows == 16
    assert "16 stress tests of 2 portfolios, 8 scenarios" in outcome.detail
    await db.trading.record_fill("two", fill(1, "BUY", "1000", "50000", of=LINEAR))
    again = await _job(mode, database)
    assert "not applicable: august-2024 for two" in again.detail
    (tmp_path / "wrong.yaml").write_text("name: x")
    monkeypatch.setenv("CRYPTOSCALP_STRESS_SCENARIOS", str(tmp_path))
    with pytest.raises(InputError, match=r"wrong.yaml: kind is missing"):
        await _job(mode, database)
    monkeypatch.delenv("CRYPTOSCALP_STRESS_SCENARIOS")
    await db.trading.record_fill("one", fill(1, "SELL", "100", "50000", of=INVERSE))
    with pytest.raises(
        DatabaseError, match="1 of 2 portfolios could not be stressed: one: no rate"
    ):
        await _job(mode, database)

"""Recorded risk: kept as it was said, once; late data make a revision beside it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, LiteralString

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cryptoscalp import AmbiguousSymbol, AsyncDatabase, InputError, NotFound
from cryptoscalp.risk.documents import document_of
from cryptoscalp.risk.levels import DEFAULT_THRESHOLDS
from cryptoscalp.risk.measures import ESTIMATORS
from tests.faces import NOON
from tests.postgres import Place
from tests.risk.held import (
    AT,
    HOUR,
    HOURS,
    METHOD,
    bars,
    bought,
    closes,
    market,
    portfolio,
    positions,
    put,
)
from tests.trading.books import CROSS, INVERSE, LINEAR, SPOT


@pytest.fixture
async def held(db: AsyncDatabase) -> AsyncDatabase:
    """Four positions; three closes of spot are not stored yet."""
    await market(db, LINEAR, INVERSE, CROSS)
    await put(db, bars(SPOT, closes(SPOT), leave_out=range(100, 103)))
    await portfolio(db)
    await positions(db)
    return db


async def test_what_is_recorded_is_what_was_measured(held: AsyncDatabase) -> None:
    measured = await held.risk.measure("main", AT, **METHOD)
    recorded = await held.risk.record("main", AT, **METHOD)
    assert [replace(one, revision=None, recorded_at=None) for one in recorded] == measured
    assert {one.revision for one in recorded} == {0}
    found = await held.risk.history("main", scope=None, estimator=None)
    assert sorted(found, key=repr) == sorted(recorded, key=repr)
    assert await held.risk.history("main") == [recorded[0]]
    assert [one.subject for one in await held.risk.history("main", scope="STRATEGY")] == [
        "", "scalp",
    ]  # fmt: skip
    (scalp,) = await held.risk.history("main", scope="STRATEGY", subject="scalp")
    assert scalp.subject == "scalp"


async def test_an_unknown_part_is_refused_and_one_never_held_is_empty(held: AsyncDatabase) -> None:
    await held.risk.record("main", AT, **METHOD)
    await held.trading.create_strategy("idle")
    assert await held.risk.history("main", scope="STRATEGY", subject="idle") == []
    (spot,) = await held.risk.history("main", scope="SYMBOL", subject="BTC/USDT@binance")
    assert spot.subject == "BTCUSDT@binance"
    assert await held.risk.history("main", scope=None, subject="scalp", estimator=None)
    assert await held.risk.history("main", scope=None, subject="BTCUSDT@binance", estimator=None)
    unknown = {
        "STRATEGY": "no strategy 'nope'", "SYMBOL": "nothing is stored for nope",
        "EXCHANGE": "no exchange 'nope'", None: "no strategy, SYMBOL@exchange or exchange 'nope'",
    }  # fmt: skip
    for scope, told in unknown.items():
        with pytest.raises(NotFound, match=told):
            await held.risk.history("main", scope=scope, subject="nope")  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="no strategy 'nope'"):
        await held.risk.backtest("main", scope="STRATEGY", subject="nope")
    with pytest.raises(InputError, match="'scalp' is a part of a portfolio"):
        await held.risk.history("main", subject="scalp")
    with pytest.raises(AmbiguousSymbol, match="several exchanges: binance, binanceusdm"):
        await held.risk.history("main", scope="SYMBOL", subject="BTCUSDT")


async def test_again_stores_nothing_and_late_candles_a_revision(
    held: AsyncDatabase, database: Place
) -> None:
    first = await held.risk.record("main", AT, **METHOD)
    again = await held.risk.record("main", AT, **METHOD)
    assert again == first
    assert count(database) == len(first)
    late = [one for one in bars(SPOT, closes(SPOT)) if one not in bars(
        SPOT, closes(SPOT), leave_out=range(100, 103))]  # fmt: skip
    assert len(late) == 3
    await put(held, late)
    revised = await held.risk.record("main", AT, **METHOD)
    assert (first[0].n, revised[0].n) == (HOURS - 5, HOURS - 1)
    assert revised[0].revision == 1
    # What the candles of spot have no part in stays.
    linear = [one for one in revised if one.subject == "BTCUSDT@binanceusdm"]
    assert [one.revision for one in linear] == [0]
    assert await held.risk.history("main") == [revised[0]]
    assert await held.risk.history("main", revisions=True) == [revised[0], first[0]]


async def test_history_is_of_a_range_the_newest_first(held: AsyncDatabase) -> None:
    method: dict[str, Any] = {**METHOD, "scopes": ["PORTFOLIO"]}
    for hours in (2, 1, 0):
        await held.risk.record("main", AT - hours * HOUR, **method)
    found = await held.risk.history("main", AT - 2 * HOUR, AT)
    assert [one.timestamp for one in found] == [AT - HOUR, AT - 2 * HOUR]
    assert len(await held.risk.history("main", limit=1)) == 1
    assert {one.estimator for one in await held.risk.history("main", estimator=None)} == set(
        ESTIMATORS
    )
    with pytest.raises(NotFound, match="no portfolio 'unheard'"):
        await held.risk.history("unheard")
    with pytest.raises(InputError, match="limit"):
        await held.risk.history("main", limit=0)
    with pytest.raises(InputError, match="no scope"):
        await held.risk.history("main", scope="ALL")  # type: ignore[arg-type]


async def test_other_methods_stand_beside_each_other(held: AsyncDatabase) -> None:
    one: dict[str, Any] = {"scopes": ["PORTFOLIO"], "estimators": ["HISTORICAL"], **METHOD}
    await held.risk.record("main", AT, **one)
    await held.risk.record("main", AT, confidence=0.9, **one)
    await held.risk.record("main", AT, horizon="4h", **one)
    await held.risk.record("main", AT, **{**one, "lookback": timedelta(hours=100)})
    found = await held.risk.history("main")
    assert {(x.confidence, x.horizon, x.lookback) for x in found} == {
        (0.95, "1h", METHOD["lookback"]), (0.9, "1h", METHOD["lookback"]),
        (0.95, "4h", METHOD["lookback"]), (0.95, "1h", timedelta(hours=100)),
    }  # fmt: skip
    # The figure at 95 % does not depend on the confidence of the row.
    assert (
        len({x.var_95 for x in found if (x.horizon, x.lookback) == ("1h", METHOD["lookback"])}) == 1
    )


async def test_many_writers_store_each_row_once(held: AsyncDatabase, database: Place) -> None:
    told = await asyncio.gather(*(held.risk.record("main", AT, **METHOD) for _ in range(6)))
    assert all(one == told[0] for one in told)
    assert count(database) == len(told[0])


_WRITES: Final[list[LiteralString]] = [
    "UPDATE risk_metrics SET risk_level = 'LOW'",
    "DELETE FROM risk_metrics",
    "TRUNCATE risk_metrics",
    "INSERT INTO risk_metrics SELECT * FROM risk_metrics",
    "DELETE FROM risk_backtests",
    "UPDATE risk_backtests SET exceptions = 0",
    "TRUNCATE risk_backtests",
]


async def test_records_are_append_only_for_everybody(held: AsyncDatabase, database: Place) -> None:
    await held.risk.record("main", AT, **METHOD)
    await held.risk.record_backtest("main", AT - HOUR, AT)
    before = count(database)
    for dsn, state in ((database.dsn, "42501"), (database.admin_dsn, "CS001")):
        with psycopg.connect(dsn, autocommit=True) as session:
            for statement in _WRITES:
                with pytest.raises(psycopg.Error) as refused:
                    session.execute(statement)
                assert refused.value.sqlstate == state, statement
    assert count(database) == before > 0


#: What is changed of a row that is one, and what the database answers.
_WRONG: Final[list[tuple[dict[str, Any], str]]] = [
    ({"confidence": 0.05}, "23514"),
    ({"value_at_risk": None}, "23514"),
    ({"expected_shortfall": "-100000"}, "23514"),
    ({"coverage": 1.5}, "23514"),
    ({"drawdown": 0.5, "max_drawdown": 0.1}, "23514"),
    ({"subject": "BTC"}, "23514"),
    ({"reasons": {}}, "23514"),
    ({"portfolio_value": None}, "23502"),
    ({"net_exposure": "1000000000"}, "23514"),
    ({"estimator": "MAGIC"}, "22P02"),
    ({"leverage_ratio": "NaN"}, "23514"),
    ({"var_95": "NaN"}, "23514"),
    ({"base_currency": "EUR"}, "CS010"),
    ({"timestamp": "2199-01-01T00:00:00Z"}, "CS010"),
]


async def test_the_database_refuses_what_cannot_be(held: AsyncDatabase, database: Place) -> None:
    (one,) = await held.risk.measure(
        "main", AT, scopes=["PORTFOLIO"], estimators=["HISTORICAL"], **METHOD
    )
    document = document_of(one, DEFAULT_THRESHOLDS)
    call = "SELECT record_risk(%s, %s)"
    with psycopg.connect(database.dsn, autocommit=True) as session:
        for changes, state in _WRONG:
            with pytest.raises(psycopg.Error) as refused:
                session.execute(call, ("main", Jsonb([{**document, **changes}])))
            assert refused.value.sqlstate == state, changes
        with pytest.raises(psycopg.Error) as unknown:
            session.execute(call, ("unheard", Jsonb([document])))
        assert unknown.value.sqlstate == "CS011"
    assert count(database) == 0


async def test_the_job_records_open_portfolios_and_names_those_it_cannot(
    db: AsyncDatabase, database: Place
) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    await market(db, SPOT)
    hours = 721  # of the lookback, and the close before
    start = now - hours * HOUR
    records = [
        {**one, "timestamp": int((start + n * HOUR).timestamp()) * 1_000_000}
        for n, one in enumerate(bars(LINEAR, closes(LINEAR, hours)))
    ]
    await put(db, records)
    for name in ("good", "other", "closed"):
        await db.trading.create_portfolio(name, "USDT")
        await db.trading.deposit(
            name, "USDT", Decimal(1_000_000), reference="first", timestamp=start
        )
    await db.trading.close_portfolio("closed")
    fill = bought(1, "BUY", "100", "50000", now - HOUR - NOON, LINEAR)
    await db.trading.record_fill("good", fill)
    run = await db.jobs.run("record_risk")
    assert (run.state, run.error) == ("SUCCEEDED", None)
    # Five of each, and the symbol, exchange and missing strategy of the first.
    assert run.rows == 5 + 3 + 5
    assert run.detail == "13 rows of risk metrics of 2 open portfolios"
    (row,) = await db.risk.history("good")
    assert row.timestamp == row.timestamp.replace(second=0, microsecond=0)
    assert row.n == 720
    assert row.value_at_risk is not None
    assert row.value_at_risk > 0
    # A position whose last price is from 2024.
    await db.trading.record_fill("other", bought(2, "BUY", "1", "50000", now - HOUR - NOON, SPOT))
    run = await db.jobs.run("record_risk")
    assert run.state == "FAILED"
    assert run.error is not None
    assert "1 of 2 portfolios have no new rows of risk metrics: other: no last price" in run.error
    assert {one.portfolio for one in await db.risk.history("good")} == {"good"}
    run = await db.jobs.run("backtest_risk")
    assert (run.state, run.rows) == ("SUCCEEDED", 10)
    kept = await db.risk.backtests("good")
    assert [one.estimator for one in kept] == list(reversed(ESTIMATORS))
    assert {one.result.observations for one in kept} == {0}


def count(database: Place) -> int:
    """How many rows of risk metrics there are."""
    with psycopg.connect(database.dsn) as session:
        found = session.execute("SELECT count(*) FROM risk_metrics").fetchone()
    assert found is not None
    number: int = found[0]
    return number


async def test_a_drawdown_goes_on_from_the_row_before(held: AsyncDatabase) -> None:
    of_whole: dict[str, Any] = {"scopes": ["PORTFOLIO"], "estimators": ["HISTORICAL"], **METHOD}
    (whole,) = await held.risk.measure("main", AT, **of_whole)
    await held.risk.record("main", AT - 9 * HOUR, **of_whole)
    await held.risk.record("main", AT - 4 * HOUR, **of_whole)
    (after,) = await held.risk.measure("main", AT, **of_whole)
    assert after.drawdown_since == whole.drawdown_since
    assert after.drawdown == pytest.approx(whole.drawdown, rel=1e-9)
    assert after.max_drawdown == pytest.approx(whole.max_drawdown, rel=1e-9)
    # A deposit since is a point, and moves nothing.
    await held.trading.deposit(
        "main", "USDT", Decimal(70_000), reference="more", timestamp=AT - HOUR / 2
    )
    (richer,) = await held.risk.measure("main", AT, **of_whole)
    assert richer.portfolio_value == whole.portfolio_value + 70_000
    assert richer.max_drawdown == pytest.approx(whole.max_drawdown, rel=1e-9)
    # Booked late: the rows say what was not so, and the series begins anew.
    await held.trading.record_fill("main", bought(9, "SELL", "1", "90000", 20.5 * HOUR))
    (anew,) = await held.risk.measure("main", AT, **of_whole)
    await held.risk.record("main", AT - 3 * HOUR, **of_whole)
    (again,) = await held.risk.measure("main", AT, **of_whole)
    assert anew.max_drawdown != pytest.approx(whole.max_drawdown, rel=1e-3)
    assert again.max_drawdown == pytest.approx(anew.max_drawdown, rel=1e-9)

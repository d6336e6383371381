"""Any series of values gives the breaches that an oracle tells from the whole of it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.server import EmbeddedServer
from cryptoscalp.risk.limits.limit_types import Measured
from tests.faces import open_face
from tests.postgres import Place, new_database
from tests.risk.limits_rooms import LEVELS, Expected, all_taken_in, desk, oracle, taken_in

T0: Final = datetime(2026, 1, 1, tzinfo=UTC)
_NUMBERS: Final = itertools.count()

numbers = st.one_of(
    st.none(),
    st.decimals(0, 12, places=1),
    st.sampled_from([Decimal(n) for n in (2, 4, 8)]),
    st.just(Decimal("Infinity")),
)
series = st.lists(st.tuples(st.integers(1, 90), numbers), min_size=1, max_size=25).map(
    lambda steps: list(
        zip(
            itertools.accumulate(step for step, _ in steps),
            (value for _, value in steps),
            strict=True,
        )
    )
)
thresholds = st.sampled_from(
    [(2, 4, 8), (2, None, 8), (None, 4, None), (None, None, 8), (2, 4, None)]
).map(lambda given: [None if one is None else Decimal(one) for one in given])


@pytest.fixture(scope="module")
def shelf(server: EmbeddedServer, template: Place) -> Iterator[Place]:
    """One database for the series of this module; each has a portfolio of its own in it."""
    with new_database(server, template.name) as made:
        yield made


async def opened(db: AsyncDatabase, name: str) -> list[Expected]:
    """The stored breaches of a portfolio, as the oracle keeps them."""
    return [
        Expected(
            int((one.opened_at - T0).total_seconds()),
            None if one.level is None else LEVELS.index(one.level),
            one.peak_value,
            one.times_seen,
            one.times_unknown,
            None if one.closed_at is None else int((one.closed_at - T0).total_seconds()),
        )
        for one in await db.risk.breaches(name, closed=True)
    ]


@pytest.mark.long
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(series, thresholds, st.sampled_from(["0.5", "0.9", "1"]), st.sampled_from([0, 30, 60, 300]))
@example([(1, Decimal(8)), (2, None), (3, Decimal(1)), (70, Decimal(1))],
         [Decimal(2), None, Decimal(8)], "0.9", 60)  # fmt: skip
def test_any_series_gives_the_oracles_breaches(
    shelf: Place,
    mode: str,
    values: list[tuple[int, Decimal | None]],
    bounds: list[Decimal | None],
    clear_ratio: str,
    clear_after: int,
) -> None:
    async def body() -> None:
        async with await open_face(mode, shelf.dsn) as db:
            name = f"{mode} {next(_NUMBERS)}"
            await desk(db, name, cash="0")
            medium, high, critical = bounds
            limit = await db.risk.set_limit(
                "LEVERAGE", portfolio=name, medium=medium, high=high, critical=critical,
                clear_ratio=Decimal(clear_ratio), clear_after=timedelta(seconds=clear_after),
            )  # fmt: skip
            for second, value in values:
                await taken_in(db, name, limit, value, T0 + timedelta(seconds=second))
            expected = oracle(values, bounds, Decimal(clear_ratio), clear_after)
            assert await opened(db, name) == expected
            told = [one for one in await db.risk.alerts(name) if one.portfolio == name]
            kinds = [one.kind for one in told]
            assert kinds.count("BREACH_OPENED") == len(expected)
            assert kinds.count("BREACH_CLOSED") == sum(one.closed is not None for one in expected)

    asyncio.run(body())


async def test_an_unknown_value_is_a_breach(db: AsyncDatabase) -> None:
    await desk(db)
    limit = await db.risk.set_limit("VAR", portfolio="desk", high=100)
    found = await taken_in(db, "desk", limit, None, T0, "nobody measured it")
    assert (found.state, found.level, found.change) == ("UNKNOWN", None, "OPENED")
    (breach,) = await db.risk.breaches("desk")
    assert (breach.reason, breach.last_value, breach.peak_value) == (
        "nobody measured it", None, None,
    )  # fmt: skip
    (alert,) = await db.risk.alerts("desk")
    assert alert.level is None
    assert "VAR of portfolio desk is unknown: nobody measured it" in alert.message
    raised = await taken_in(db, "desk", limit, "150", T0 + timedelta(minutes=1))
    assert (raised.state, raised.level, raised.change) == ("BREACHED", "HIGH", "RAISED")


async def test_what_was_measured_earlier_counts_no_more(db: AsyncDatabase) -> None:
    await desk(db)
    limit = await db.risk.set_limit("LEVERAGE", portfolio="desk", high=3, clear_after=timedelta(0))
    await taken_in(db, "desk", limit, "5", T0 + timedelta(seconds=10))
    stale = await taken_in(db, "desk", limit, "1", T0 + timedelta(seconds=5))
    assert (stale.state, stale.change) == ("BREACHED", None)
    await taken_in(db, "desk", limit, "1", T0 + timedelta(seconds=20))
    # The breach is over; a slow checker's older value does not open it again.
    late = await taken_in(db, "desk", limit, "9", T0 + timedelta(seconds=15))
    assert (late.state, late.breach_id) == (None, None)
    assert await opened(db, "desk") == [Expected(10, 1, Decimal(5), 1, 0, 20)]


async def test_checkers_at_once_record_a_breach_once(
    db: AsyncDatabase, database: Place, mode: str
) -> None:
    await desk(db)
    limit = await db.risk.set_limit("LEVERAGE", portfolio="desk", medium=1, high=3, critical=5,
                                    action="HALT")  # fmt: skip
    other = await db.risk.set_limit("VAR", portfolio="desk", medium=1)
    moment = datetime.now(UTC)

    async def check(face: AsyncDatabase, number: int) -> None:
        at = moment + timedelta(milliseconds=number)
        values = [Measured(Decimal(2 + number % 5)), Measured(Decimal(7))]
        await all_taken_in(face, "desk", [limit, other], values, at)

    async with await open_face(mode, database.dsn, max_connections=8) as second:
        halts = [db.risk.halt("desk", f"by hand {n}") for n in range(4)]
        checks = [check(face, n) for n in range(20) for face in (db, second)]
        await asyncio.gather(*checks, *halts)
    found = await db.risk.breaches("desk", closed=True)
    assert sorted(one.metric for one in found) == ["LEVERAGE", "VAR"]
    kinds = [one.kind for one in await db.risk.alerts()]
    assert kinds.count("BREACH_OPENED") == 2
    assert kinds.count("BREACH_RAISED") <= 2
    assert not (await db.risk.trading_state("desk")).may_trade


async def test_the_database_refuses_a_second_open_breach(
    db: AsyncDatabase, database: Place
) -> None:
    await desk(db)
    limit = await db.risk.set_limit("LEVERAGE", portfolio="desk", high=3)
    await taken_in(db, "desk", limit, "5", T0)
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute("SET ROLE cryptoscalp_owner")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(
                "INSERT INTO limit_breaches (limit_id, portfolio_id, opened_at, state, times_seen,"
                " times_unknown, checked_at) SELECT limit_id, portfolio_id, opened_at, 'UNKNOWN',"
                " 0, 1, checked_at FROM limit_breaches"
            )


@pytest.mark.parametrize("value", ["NaN"])
async def test_no_number_is_no_value(db: AsyncDatabase, value: str) -> None:
    from cryptoscalp import IntegrityRefused

    await desk(db)
    limit = await db.risk.set_limit("LEVERAGE", portfolio="desk", high=3)
    with pytest.raises(IntegrityRefused, match="no number"):
        await taken_in(db, "desk", limit, value, T0)
    with pytest.raises(IntegrityRefused, match="not over"):
        await taken_in(db, "desk", limit, "1", datetime.now(UTC) + timedelta(hours=1))


async def test_a_closed_portfolio_breaks_no_limit(db: AsyncDatabase) -> None:
    await desk(db)
    limit = await db.risk.set_limit("LEVERAGE", high=3)
    await taken_in(db, "desk", limit, "5", T0)
    await db.trading.close_portfolio("desk")
    assert await db.risk.check_limits() == []
    (breach,) = await db.risk.breaches(closed=True)
    assert (breach.close_cause, breach.portfolio) == ("PORTFOLIO_CLOSED", "desk")

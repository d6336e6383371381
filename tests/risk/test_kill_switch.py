"""The kill switch: anybody halts, an officer resumes, and whatever is missing says no."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql

from cryptoscalp import AsyncDatabase, InputError, NotFound, PermissionRefused, connect
from cryptoscalp.infra.migrations.roles import OFFICER
from tests.postgres import LOGIN, Place
from tests.risk.limits_rooms import desk


@pytest.fixture
def officer(database: Place) -> Iterator[str]:
    """A role of a person who may resume; the embedded server lets only its own logins in."""
    name = f"officer_{database.name}"
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        try:
            connection.execute(
                sql.SQL("GRANT {} TO {}").format(sql.Identifier(OFFICER), sql.Identifier(name))
            )
            yield name
        finally:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


@pytest.fixture
def promoted(database: Place) -> Iterator[None]:
    """The product's own login is an officer for once."""
    names = (sql.Identifier(OFFICER), sql.Identifier(LOGIN))
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("GRANT {} TO {}").format(*names))
        try:
            yield
        finally:
            connection.execute(sql.SQL("REVOKE {} FROM {}").format(*names))


async def test_a_portfolio_may_trade_until_it_is_halted(db: AsyncDatabase) -> None:
    await desk(db)
    await desk(db, "other")
    before = datetime.now(UTC)
    first = await db.risk.trading_state("desk")
    assert (first.may_trade, first.known, first.reason, bool(first)) == (True, True, None, True)
    halted = await db.risk.halt("desk", "prices look wrong")
    assert (halted.may_trade, halted.known, bool(halted)) == (False, True, False)
    assert (halted.reason, halted.scope, halted.changed_by) == (
        "prices look wrong", "portfolio", "cryptoscalp",
    )  # fmt: skip
    assert halted.since is not None
    assert before <= halted.since <= datetime.now(UTC)
    assert await db.risk.trading_state("desk") == halted
    assert await db.risk.trading_state("other")
    assert await db.risk.trading_state()


async def test_all_are_halted_at_once(db: AsyncDatabase) -> None:
    await desk(db)
    await db.risk.halt(None, "venue is down")
    for name in (None, "desk"):
        state = await db.risk.trading_state(name)
        assert (state.may_trade, state.scope, state.reason) == (False, "all", "venue is down")
    # A portfolio that is made meanwhile may not trade either.
    await desk(db, "late")
    assert not await db.risk.trading_state("late")


async def test_a_further_halt_is_recorded_and_keeps_the_first_reason(db: AsyncDatabase) -> None:
    await desk(db)
    first = await db.risk.halt("desk", "one")
    assert await db.risk.halt("desk", "one") == first
    assert await db.risk.halt("desk", " two ") == first
    events = await db.risk.switch_events("desk")
    assert [(one.event, one.reason) for one in events] == [("HALTED", "one"), ("HALTED", "two")]
    assert await db.risk.switch_events("desk", limit=1) == events[1:]
    assert [one.kind for one in await db.risk.alerts("desk")] == ["HALTED", "HALTED"]


async def test_the_product_cannot_resume(db: AsyncDatabase, database: Place) -> None:
    await desk(db)
    await db.risk.halt("desk", "one")
    with pytest.raises(PermissionRefused, match="cryptoscalp_risk_officer"):
        await db.risk.resume("desk", "please")
    assert not await db.risk.trading_state("desk")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for role in ("cryptoscalp_app", "cryptoscalp_capture"):
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT resume_trading('desk', 'please')")
        connection.execute("RESET ROLE")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SET ROLE cryptoscalp_risk_officer")


async def test_an_officer_resumes(db: AsyncDatabase, promoted: None) -> None:
    await desk(db)
    await db.risk.halt("desk", "one")
    await db.risk.halt(None, "two")
    still = await db.risk.resume("desk", "checked")
    assert (still.may_trade, still.scope) == (False, "all")
    assert (await db.risk.resume(None, "checked")).may_trade
    assert (await db.risk.resume(None, "once more")).may_trade
    assert await db.risk.trading_state("desk")
    events = [(one.event, one.portfolio) for one in await db.risk.switch_events()]
    assert events == [
        ("HALTED", "desk"), ("HALTED", None), ("RESUMED", "desk"), ("RESUMED", None),
    ]  # fmt: skip


async def test_an_officer_needs_no_other_right(
    db: AsyncDatabase, database: Place, officer: str
) -> None:
    await desk(db)
    await db.risk.halt("desk", "one")
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(officer)))
        connection.execute("SELECT resume_trading('desk', 'checked')")
        row = connection.execute("SELECT may_trade FROM trading_state('desk')").fetchone()
        assert row == (True,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT end_risk_limit(1)")
    assert [one.changed_by for one in await db.risk.switch_events()] == ["cryptoscalp", officer]


async def test_the_administrator_resumes(db: AsyncDatabase, database: Place) -> None:
    await desk(db)
    await db.risk.halt("desk", "one")
    with connect(database.admin_dsn) as admin:
        assert await asyncio.to_thread(admin.risk.resume, "desk", "by hand")
    assert await db.risk.trading_state("desk")


async def test_a_halt_has_a_reason_and_a_portfolio_that_there_is(db: AsyncDatabase) -> None:
    for reason in ("", "  ", None):
        with pytest.raises(InputError, match="say why"):
            await db.risk.halt(None, reason)  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="'none'"):
        await db.risk.halt("none", "why")
    assert await db.risk.trading_state()


async def test_what_is_no_portfolio_may_not_trade(db: AsyncDatabase) -> None:
    await desk(db)
    unknown = await db.risk.trading_state("none")
    assert (unknown.may_trade, unknown.reason) == (False, "there is no portfolio 'none'")
    for name in ("desk\0", "desk\ud800", 7, ""):
        state = await db.risk.trading_state(name)  # type: ignore[arg-type]
        assert not state.may_trade, name
        assert state.reason
    for seconds in (0, -1, float("nan"), 1e9, "1"):
        assert not (await db.risk.trading_state("desk", timeout_s=seconds)).known  # type: ignore[arg-type]
    await db.trading.close_portfolio("desk")
    closed = await db.risk.trading_state("desk")
    assert (closed.may_trade, closed.known) == (False, True)
    assert "is closed" in (closed.reason or "")


@pytest.mark.parametrize("of", [None, "desk"])
async def test_a_switch_that_is_missing_says_no(
    db: AsyncDatabase, database: Place, of: str | None
) -> None:
    await desk(db)
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "DELETE FROM kill_switches WHERE (portfolio_id IS NULL) = (%s::text IS NULL)", (of,)
        )
    state = await db.risk.trading_state("desk")
    assert not state.may_trade
    assert "kill switch" in (state.reason or "")
    # Halting makes it, and an officer lets trading go on.
    await db.risk.halt(of, "it was missing")
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute("SELECT resume_trading(%s, 'it is back')", (of,))
    assert await db.risk.trading_state("desk")


async def test_many_ask_at_once(db: AsyncDatabase) -> None:
    await desk(db)
    found = await asyncio.gather(*(db.risk.trading_state("desk") for _ in range(50)))
    assert all(found)


async def test_threads_ask_at_once(database: Place) -> None:
    with connect(database.dsn) as db:
        db.trading.create_portfolio("desk", "USDT")
        found = await asyncio.gather(
            *(asyncio.to_thread(db.risk.trading_state, "desk") for _ in range(50))
        )
        assert all(found)


async def test_the_pool_being_busy_does_not_matter(database: Place) -> None:
    with connect(database.dsn, max_connections=1) as db:
        db.trading.create_portfolio("desk", "USDT")
        with db.risk.driver.pool.connection():
            assert db.risk.trading_state("desk")


async def test_a_portfolio_of_another_spelling_is_another_one(db: AsyncDatabase) -> None:
    await desk(db, "Büro'; DROP TABLE kill_switches; --")
    assert await db.risk.trading_state("Büro'; DROP TABLE kill_switches; --")
    assert not await db.risk.trading_state("Büro")


@pytest.mark.long
def test_a_fork_gets_its_own_answers(database: Place) -> None:
    with connect(database.dsn) as db:
        for name in ("free", "halted"):
            db.trading.create_portfolio(name, "USDT")
        db.risk.halt("halted", "stop")
    program = [sys.executable, "-W", "ignore", "-m", "tests.risk.switch_forker", database.dsn]
    assert subprocess.run(program, timeout=60, check=False).returncode == 0


def test_an_answer_after_the_end_is_no(database: Place) -> None:
    db = connect(database.dsn)
    assert db.risk.trading_state()
    db.close()
    state = db.risk.trading_state()
    assert (state.may_trade, state.known) == (False, False)
    assert "closed" in (state.reason or "")

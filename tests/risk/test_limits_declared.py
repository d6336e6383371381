"""Limits are declared, replaced and removed; impossible ones are refused; the history stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, InputError, IntegrityRefused, NotFound
from cryptoscalp.risk.limits.limit_types import Measured
from tests.postgres import Place
from tests.risk.limits_rooms import EXCHANGE, SYMBOL, all_taken_in, desk, taken_in

T0 = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_limit_is_as_it_was_declared(db: AsyncDatabase) -> None:
    await desk(db)
    until = datetime.now(UTC) + timedelta(days=1)
    made = await db.risk.set_limit(
        "GROSS_EXPOSURE", portfolio="desk", symbol=SYMBOL, exchange=EXCHANGE, medium=1000,
        critical=Decimal("2000.5"), action="HALT", valid_until=until, note="new",
    )  # fmt: skip
    assert (made.portfolio, made.symbol, made.exchange) == ("desk", SYMBOL, EXCHANGE)
    assert (made.medium, made.high, made.critical) == (
        Decimal(1000), None, Decimal("2000.5"),
    )  # fmt: skip
    assert (made.unit, made.action, made.unknown_action) == ("base currency", "HALT", "ALERT")
    assert (made.valid_until, made.declared_by, made.note) == (until, "cryptoscalp", "new")
    assert await db.risk.limits("desk") == [made]


async def test_the_same_again_changes_nothing_and_another_one_ends_it(db: AsyncDatabase) -> None:
    await desk(db)
    first = await db.risk.set_limit("LEVERAGE", portfolio="desk", high=3)
    assert await db.risk.set_limit("LEVERAGE", portfolio="desk", high=3) == first
    each = await db.risk.set_limit("LEVERAGE", high=3)
    assert each.portfolio is None
    second = await db.risk.set_limit("LEVERAGE", portfolio="desk", high=4)
    assert second.limit_id != first.limit_id
    assert await db.risk.limits("desk") == [each, second]
    ended = {one.limit_id: one for one in await db.risk.limits(ended=True)}
    assert ended[first.limit_id].valid_until == second.valid_from
    assert ended[first.limit_id].ended_by == "cryptoscalp"
    removed = await db.risk.remove_limit(second.limit_id)
    assert removed.valid_until is not None
    assert await db.risk.remove_limit(second.limit_id) == removed
    assert await db.risk.limits("desk") == [each]


async def test_a_change_ends_the_breaches_of_the_limit(db: AsyncDatabase) -> None:
    await desk(db)
    limit = await db.risk.set_limit("LEVERAGE", portfolio="desk", high=3)
    await taken_in(db, "desk", limit, "5", T0)
    await db.risk.set_limit("LEVERAGE", portfolio="desk", high=4)
    (breach,) = await db.risk.breaches("desk", closed=True)
    assert (breach.state, breach.close_cause) == ("CLOSED", "LIMIT_ENDED")
    assert [one.kind for one in await db.risk.alerts()] == ["BREACH_OPENED", "BREACH_CLOSED"]
    # What was measured of it before comes too late.
    late = [Measured(Decimal(9))]
    assert await all_taken_in(db, "desk", [limit], late, datetime.now(UTC)) == []


async def test_a_limit_until_a_moment_is_over_then(db: AsyncDatabase) -> None:
    await desk(db)
    soon = datetime.now(UTC) + timedelta(seconds=1)
    limit = await db.risk.set_limit("LEVERAGE", portfolio="desk", high=3, valid_until=soon)
    await taken_in(db, "desk", limit, "5", T0)
    while datetime.now(UTC) <= soon:
        await db.risk.limits()
    assert await db.risk.limits() == []
    assert await db.risk.check_limits() == []
    assert await db.risk.breaches() == []
    (breach,) = await db.risk.breaches(closed=True)
    assert breach.close_cause == "LIMIT_ENDED"
    assert (await db.risk.set_limit("LEVERAGE", portfolio="desk", high=3)).valid_until is None


@pytest.mark.parametrize(
    ("metric", "given", "told"),
    [
        ("PROFIT", {"high": 1}, "no metric"),
        ("LEVERAGE", {}, "needs a threshold"),
        ("LEVERAGE", {"high": 0}, "above zero"),
        ("LEVERAGE", {"high": 2.5}, "Decimal"),
        ("LEVERAGE", {"medium": 3, "high": 3}, "must grow"),
        ("LEVERAGE", {"medium": 3, "critical": 2}, "must grow"),
        ("LEVERAGE", {"high": Decimal("NaN")}, "no number"),
        ("LEVERAGE", {"high": 3, "action": "HALT"}, "critical threshold"),
        ("LEVERAGE", {"high": 3, "action": "SHOUT"}, "no action"),
        ("LEVERAGE", {"high": 3, "clear_ratio": Decimal("1.1")}, "at most 1"),
        ("LEVERAGE", {"high": 3, "clear_ratio": Decimal(0)}, "above zero"),
        ("LEVERAGE", {"high": 3, "clear_after": timedelta(seconds=-1)}, "clear_after"),
        ("LEVERAGE", {"high": 3, "clear_after": timedelta(days=31)}, "clear_after"),
        ("LEVERAGE", {"high": 3, "exchange": EXCHANGE}, "as a whole"),
        ("DAILY_LOSS", {"high": 3, "strategy": "s"}, "as a whole"),
        ("DRAWDOWN", {"high": 20}, "write 20 % as 0.2"),
        ("LEVERAGE", {"high": 3, "valid_until": datetime(2030, 1, 1)}, "time zone"),  # noqa: DTZ001
    ],
)
async def test_what_cannot_be_a_limit_is_refused(
    db: AsyncDatabase, metric: Any, given: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        await db.risk.set_limit(metric, **given)
    assert await db.risk.limits(ended=True) == []


async def test_unknown_names_are_named(db: AsyncDatabase) -> None:
    await desk(db)
    with pytest.raises(NotFound, match="'none'"):
        await db.risk.set_limit("LEVERAGE", portfolio="none", high=3)
    with pytest.raises(NotFound, match="'none'"):
        await db.risk.set_limit("GROSS_EXPOSURE", strategy="none", high=3)
    with pytest.raises(NotFound, match="XUSDT"):
        await db.risk.set_limit("GROSS_EXPOSURE", symbol="XUSDT", high=3)
    with pytest.raises(NotFound, match="'nowhere'"):
        await db.risk.set_limit("GROSS_EXPOSURE", exchange="nowhere", high=3)
    with pytest.raises(NotFound, match="no limit 99"):
        await db.risk.remove_limit(99)
    with pytest.raises(NotFound, match="'none'"):
        await db.risk.limits("none")
    await db.trading.close_portfolio("desk")
    with pytest.raises(IntegrityRefused, match="closed"):
        await db.risk.set_limit("LEVERAGE", portfolio="desk", high=3)
    with pytest.raises(IntegrityRefused, match="never hold"):
        await db.risk.set_limit("LEVERAGE", high=3, valid_until=datetime(2026, 1, 1, tzinfo=UTC))


_PLAIN = (
    "INSERT INTO risk_limits (metric, high_at, declared_by) VALUES ('LEVERAGE', 3, 'me')",
    "UPDATE risk_limits SET high_at = 9",
    "DELETE FROM risk_limits",
    "UPDATE limit_breaches SET closed_at = now(), state = 'CLOSED', close_cause = 'CLEARED'",
    "DELETE FROM limit_breaches",
    "UPDATE kill_switches SET halted = false",
    "DELETE FROM kill_switches",
    "DELETE FROM kill_switch_events",
    "INSERT INTO risk_alerts SELECT FROM risk_alerts",
    "DELETE FROM risk_alerts",
    "UPDATE risk_alert_deliveries SET delivered_at = now(), next_at = NULL",
    "SELECT set_kill_switch(NULL, false, 'x', NULL)",
)


async def _filled(db: AsyncDatabase) -> None:
    await desk(db)
    limit = await db.risk.set_limit("LEVERAGE", portfolio="desk", high=3)
    await taken_in(db, "desk", limit, "5", T0)
    await db.risk.halt("desk", "test")


async def test_the_product_writes_by_its_functions_alone(
    db: AsyncDatabase, database: Place
) -> None:
    await _filled(db)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for statement in _PLAIN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


@pytest.mark.parametrize("role", [None, "cryptoscalp_owner"])
async def test_the_record_stays_whoever_writes(
    db: AsyncDatabase, database: Place, role: str | None
) -> None:
    await _filled(db)
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        if role is not None:
            connection.execute(f"SET ROLE {role}".encode())
        for statement in (
            "UPDATE risk_limits SET high_at = 9",
            "UPDATE limit_breaches SET level = 'LOW'",
            "UPDATE limit_breaches SET peak_value = 1",
            *(one for one in _PLAIN if one.startswith("DELETE")),
            "UPDATE kill_switch_events SET reason = 'other'",
            "UPDATE risk_alerts SET message = 'other'",
            "TRUNCATE kill_switches",
        ):
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(statement.encode())
            assert refused.value.sqlstate == "CS001", statement
        if role is None:
            with pytest.raises(psycopg.Error) as refused:
                connection.execute("UPDATE kill_switches SET halted = false")
            assert refused.value.sqlstate == "CS001"

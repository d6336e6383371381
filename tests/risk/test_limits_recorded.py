"""Limits of what the risk job has recorded."""

from __future__ import annotations

from decimal import Decimal

from cryptoscalp import AsyncDatabase
from tests.risk.limits_rooms import desk


async def test_recorded_figures_are_known(db: AsyncDatabase) -> None:
    await desk(db)
    for metric in ("DRAWDOWN", "VAR", "EXPECTED_SHORTFALL"):
        await db.risk.set_limit(metric, portfolio="desk", high=Decimal("0.5"))
    before = await db.risk.check_limits("desk")
    assert {one.reason for one in before} == {"no risk figures of the portfolio are recorded"}
    await db.risk.record("desk")
    found = await db.risk.check_limits("desk")
    assert [(one.value, one.state) for one in found] == [(Decimal(0), "CLEARING")] * 3

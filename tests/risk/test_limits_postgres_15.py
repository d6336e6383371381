"""Limits, the kill switch and alerts on PostgreSQL 15: every function runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from cryptoscalp import PermissionRefused
from cryptoscalp.infra import migrations
from tests.faces import open_face
from tests.postgres import LOGIN, Place, debian_15, new_database, running_server
from tests.risk.limits_rooms import buy, desk


@pytest.fixture(scope="module")
def debian() -> Iterator[Place]:
    """A migrated database on a running PostgreSQL 15."""
    with running_server(debian_15()) as server, new_database(server) as made:
        migrations.upgrade(made.admin_dsn, login=LOGIN)
        yield made


async def test_from_a_limit_to_its_alerts(
    debian: Place, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"desk {mode}"
    async with await open_face(mode, debian.dsn) as db:
        await desk(db, name)
        await buy(db, "0.4", "50000", portfolio=name)
        limit = await db.risk.set_limit("LEVERAGE", portfolio=name, critical=1, action="HALT",
                                        clear_after=timedelta(0))  # fmt: skip
        stale = await db.risk.set_limit("STALE_DATA", portfolio=name, high=60)
        found = {one.metric: one.state for one in await db.risk.check_limits(name)}
        assert found == {"LEVERAGE": "BREACHED", "STALE_DATA": "UNKNOWN"}
        assert not await db.risk.trading_state(name)
        with pytest.raises(PermissionRefused):
            await db.risk.resume(name, "please")
        with psycopg.connect(debian.admin_dsn, autocommit=True) as admin:
            admin.execute("SELECT resume_trading(%s, 'checked')", (name,))
        assert await db.risk.trading_state(name)
        assert (await db.risk.remove_limit(limit.limit_id)).valid_until is not None
        (left,) = await db.risk.breaches(name)
        assert left.limit_id == stale.limit_id
        with caplog.at_level(logging.INFO, "cryptoscalp.alerts"):
            sent = await db.risk.send_alerts("")
        assert sent.delivered == len([a for a in await db.risk.alerts(name) if a.portfolio == name])
        assert len(await db.risk.switch_events(name)) == 2

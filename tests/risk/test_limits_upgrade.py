"""A database with portfolios gets their switches; what was recorded is not dropped by accident."""

from __future__ import annotations

import psycopg
import pytest

from cryptoscalp import IntegrityRefused, connect
from cryptoscalp.infra import migrations
from tests.postgres import LOGIN, Place

_BEFORE = "0009"


def test_portfolios_that_are_there_have_switches(empty_database: Place) -> None:
    place = empty_database
    migrations.upgrade(place.admin_dsn, login=LOGIN, revision=_BEFORE)
    with psycopg.connect(place.dsn) as connection:
        connection.execute("INSERT INTO portfolios (name, base_currency) VALUES ('old', 'USDT')")
    migrations.upgrade(place.admin_dsn, login=LOGIN)
    with connect(place.dsn) as db:
        assert db.risk.trading_state("old", timeout_s=10)
    # Switches alone are no loss; back and forth they are made again.
    migrations.downgrade(place.admin_dsn, _BEFORE)
    migrations.upgrade(place.admin_dsn, login=LOGIN)
    with connect(place.dsn) as db:
        assert db.risk.trading_state("old", timeout_s=10)
        db.risk.halt("old", "why")
    with pytest.raises(IntegrityRefused, match="kill_switch_events"):
        migrations.downgrade(place.admin_dsn, _BEFORE)
    with connect(place.dsn) as db:
        assert not db.risk.trading_state("old", timeout_s=10)
    migrations.downgrade(place.admin_dsn, _BEFORE, destroy_data=True)
    migrations.upgrade(place.admin_dsn, login=LOGIN)

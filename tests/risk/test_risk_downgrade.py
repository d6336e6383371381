"""Going back before risk: refused while risk is recorded."""

from __future__ import annotations

import psycopg
import pytest

from cryptoscalp import IntegrityRefused, connect
from cryptoscalp.infra import migrations
from tests.postgres import LOGIN, Place


def test_what_is_recorded_stops_it_and_is_named(database: Place) -> None:
    with connect(database.dsn) as db:
        db.trading.create_portfolio("main", "USDT")
        recorded = db.risk.record("main")
    with pytest.raises(IntegrityRefused, match="risk_metrics holds rows; nothing was"):
        migrations.downgrade(database.admin_dsn, "0008")
    assert migrations.check(database.admin_dsn) == []
    with connect(database.dsn) as db:
        assert len(db.risk.history("main", estimator=None)) == len(recorded) == 5


@pytest.mark.long
@pytest.mark.parametrize("filled", [False, True])
def test_it_takes_all_with_it_and_makes_it_anew(database: Place, filled: bool) -> None:
    with connect(database.dsn) as db:
        db.trading.create_portfolio("main", "USDT")
        if filled:
            db.risk.record("main")
    migrations.downgrade(database.admin_dsn, "0008", destroy_data=filled)
    left = (
        "SELECT proname::text FROM pg_proc WHERE proname ~ 'risk'"
        " AND pronamespace = 'public'::regnamespace UNION ALL"
        " SELECT relname FROM pg_class WHERE relname ~ '^risk' UNION ALL"
        " SELECT typname FROM pg_type WHERE typname ~ '^(risk|var_estimator)'"
    )
    with psycopg.connect(database.admin_dsn) as admin:
        assert {row[0] for row in admin.execute(left)} == set()
    migrations.upgrade(database.admin_dsn, login=LOGIN)
    assert migrations.check(database.admin_dsn) == []
    with connect(database.dsn) as db:
        assert len(db.risk.record("main")) == 5

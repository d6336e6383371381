"""Performance on the oldest PostgreSQL that is supported."""

from __future__ import annotations

from decimal import Decimal

from cryptoscalp import connect
from cryptoscalp.infra import migrations
from tests.analytics.traded import at
from tests.postgres import LOGIN, debian_15, new_database, running_server


def test_it_is_reckoned_there_too() -> None:
    with running_server(debian_15()) as server, new_database(server) as place:
        migrations.upgrade(place.admin_dsn, login=LOGIN)
        with connect(place.dsn) as db:
            db.trading.create_portfolio("main", "USDT")
            db.trading.deposit("main", "USDT", Decimal(1_000), reference="first", timestamp=at(0.5))
            db.analytics.refresh(as_of=at(30))
            db.trading.withdraw("main", "USDT", Decimal(10), reference="late", timestamp=at(20))
            done = db.analytics.refresh(as_of=at(40))
            (found,) = db.analytics.performance("main", "1h")
    assert [found.total_return, found.returns, done.recomputed] == [0, 39, 1]

"""Going back before the replay memory: refused while it holds experiences."""

from __future__ import annotations

import psycopg
import pytest

from cryptoscalp import IntegrityRefused
from cryptoscalp.infra import migrations
from tests.postgres import LOGIN, Place
from tests.replay.plain import buffer, experiences, record


def test_experiences_stop_it_and_are_named(database: Place) -> None:
    with psycopg.connect(database.dsn) as session:
        record(session, buffer(session), experiences([1, 2, 3]))
    with pytest.raises(IntegrityRefused, match="experience_replay holds rows; nothing was"):
        migrations.downgrade(database.admin_dsn, "0006")
    assert migrations.check(database.admin_dsn) == []
    with psycopg.connect(database.dsn) as session:
        found = session.execute("SELECT count(*) FROM experience_replay").fetchone()
    assert found == (3,)


@pytest.mark.long
@pytest.mark.parametrize("filled", [False, True])
def test_it_takes_all_with_it_and_makes_it_anew(database: Place, filled: bool) -> None:
    with psycopg.connect(database.dsn) as session:
        number = buffer(session)
        if filled:
            record(session, number, experiences([1, 2, 3]))
    migrations.downgrade(database.admin_dsn, "0006", destroy_data=filled)
    left = (
        "SELECT proname::text FROM pg_proc WHERE proname ~ 'replay|experience|state_template'"
        " AND pronamespace = 'public'::regnamespace"
        " UNION ALL SELECT relname FROM pg_class WHERE relname ~ 'replay'"
        " UNION ALL SELECT typname FROM pg_type WHERE typname ~ 'replay|action_kind'"
    )
    with psycopg.connect(database.admin_dsn) as admin:
        assert admin.execute(left).fetchall() == []
    migrations.upgrade(database.admin_dsn, login=LOGIN)
    assert migrations.check(database.admin_dsn) == []
    with psycopg.connect(database.dsn) as session:
        assert record(session, buffer(session), experiences([1])) == (1, 1, 0)

"""The layout that a database gets, the ways up and down, and what is refused before any change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cryptoscalp import DatabaseError, InputError
from cryptoscalp.infra import migrations
from cryptoscalp.infra.db.capabilities import Capabilities
from cryptoscalp.infra.migrations import choosing
from cryptoscalp.infra.migrations.catalogue import Catalogue, differences, snapshot
from tests.postgres import LOGIN, Place
from tests.timescale import bridge_server

HYPERTABLES = {"market_data", "order_book_l1", "mark_prices", "funding_rates"}
PLAIN = Capabilities(180000, None, None, None, loaded=False, edition=None)
USABLE = Capabilities(170005, None, "2.23.0-dev", "2.23.0-dev", loaded=True, edition="timescale")


def fetch(place: Place, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def hypertables(place: Place) -> set[str]:
    found = fetch(place, "SELECT hypertable_name FROM timescaledb_information.hypertables"
                         " WHERE hypertable_schema = 'public'")  # fmt: skip
    return {name for (name,) in found}


def catalogue(dsn: str) -> Catalogue:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return snapshot(connection)


def test_up_down_and_up_again(empty_timescale: Place) -> None:
    place = empty_timescale
    migrations.upgrade(place.admin_dsn, login=LOGIN, layout="auto")
    assert hypertables(place) >= HYPERTABLES
    assert migrations.check(place.admin_dsn) == []
    first = catalogue(place.admin_dsn)
    migrations.downgrade(place.admin_dsn, "0002")
    assert hypertables(place) == set()
    assert fetch(place, "SELECT relkind FROM pg_class WHERE relname = 'market_data'") == [("p",)]
    migrations.upgrade(place.admin_dsn, login=LOGIN)
    # What it had is native now: nobody asked for another layout.
    assert hypertables(place) == set()
    assert migrations.convert(place.admin_dsn, "timescale")
    assert differences(catalogue(place.admin_dsn), first) == []
    migrations.downgrade(place.admin_dsn, "base")
    assert hypertables(place) == set()
    migrations.upgrade(place.admin_dsn, login=LOGIN, layout="timescale")
    assert differences(catalogue(place.admin_dsn), first) == []


def test_native_beside_the_extension(empty_timescale: Place) -> None:
    place = empty_timescale
    migrations.upgrade(place.admin_dsn, login=LOGIN, layout="native")
    migrations.upgrade(place.admin_dsn, login=LOGIN, layout="auto")
    assert fetch(place, "SELECT relkind FROM pg_class WHERE relname = 'market_data'") == [("p",)]
    assert migrations.check(place.admin_dsn) == []
    with pytest.raises(InputError, match="db convert --layout timescale"):
        migrations.upgrade(place.admin_dsn, login=LOGIN, layout="timescale")


def test_both_layouts_have_the_same_catalogue(timescale: Place, database: Place) -> None:
    """All but what PostgreSQL 18 alone lists: NOT NULL as a constraint; MAINTAIN as a privilege."""
    theirs, ours = catalogue(timescale.admin_dsn), catalogue(database.admin_dsn)
    assert {key for key in theirs if key[0] != "constraint"} == {
        key for key in ours if key[0] != "constraint"
    }
    told = [
        one
        for one in differences(theirs, ours)
        if not (one.kind == "constraint" and "NOT NULL" in one.detail)
    ]
    assert told == []


def test_a_change_by_hand_is_named(timescale: Place) -> None:
    with psycopg.connect(timescale.admin_dsn, autocommit=True) as connection:
        connection.execute("ALTER TABLE newest_quotes ADD COLUMN note text")
    try:
        assert any(
            one.name.startswith("newest_quotes") or "note" in one.detail
            for one in migrations.check(timescale.admin_dsn)
        )
    finally:
        with psycopg.connect(timescale.admin_dsn, autocommit=True) as connection:
            connection.execute("ALTER TABLE newest_quotes DROP COLUMN note")


def test_installed_but_not_loaded_is_refused(bridge: Path, empty_data: Path) -> None:
    """The server as it is when shared_preload_libraries lacks TimescaleDB."""
    with bridge_server.copied_data(empty_data) as data:
        with bridge_server.running(bridge, data) as place:
            fetch_nothing(place, "CREATE EXTENSION timescaledb")
        with bridge_server.running(bridge, data, unloaded=True) as place:
            for layout in ("auto", "timescale"):
                with pytest.raises(DatabaseError, match="shared_preload_libraries"):
                    migrations.upgrade(place.admin_dsn, login=LOGIN, layout=layout)
            assert (
                fetch(place, "SELECT rolname FROM pg_roles WHERE rolname ~ '^cryptoscalp_'") == []
            )
            assert migrations.current(place.admin_dsn) is None
            migrations.upgrade(place.admin_dsn, login=LOGIN, layout="native")


def fetch_nothing(place: Place, statement: str) -> None:
    with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_server_without_it(empty_database: Place) -> None:
    with pytest.raises(DatabaseError, match="no TimescaleDB"):
        migrations.upgrade(empty_database.admin_dsn, login=LOGIN, layout="timescale")
    with pytest.raises(InputError, match="choose auto, native, timescale"):
        migrations.upgrade(empty_database.admin_dsn, login=LOGIN, layout="columnar")
    assert migrations.current(empty_database.admin_dsn) is None
    migrations.upgrade(empty_database.admin_dsn, login=LOGIN)
    with pytest.raises(DatabaseError, match="no TimescaleDB"):
        migrations.convert(empty_database.admin_dsn, "timescale")


@pytest.mark.parametrize(
    ("found", "wanted", "layout"),
    [
        (PLAIN, "auto", "native"),
        (replace(PLAIN, available="2.23.0"), "auto", "native"),
        (replace(PLAIN, available="2.23.0", loaded=True), "auto", "timescale"),
        (replace(PLAIN, available="2.11.0", loaded=True), "auto", "native"),
        (USABLE, "auto", "timescale"),
        (USABLE, "native", "native"),
        (replace(USABLE, layout="native"), "auto", "native"),
        (replace(USABLE, edition="apache"), "auto", "timescale"),
    ],
)
def test_the_choice(found: Capabilities, wanted: str, layout: str) -> None:
    assert choosing.choose(found, wanted) == layout


@pytest.mark.parametrize(
    ("found", "wanted", "words"),
    [
        (PLAIN, "timescale", "no TimescaleDB"),
        (replace(PLAIN, available="2.23.0"), "timescale", "not preloaded"),
        (replace(USABLE, loaded=False), "auto", "not preloaded"),
        (replace(USABLE, layout="timescale", loaded=False), "auto", "not preloaded"),
        (replace(USABLE, timescale="2.17.2"), "timescale", "older than 2.18"),
        (replace(USABLE, timescale="2.9.0"), "auto", "older than 2.18"),
        (replace(USABLE, timescale="3.0.1"), "timescale", "newer than this version"),
        (replace(USABLE, layout="timescale"), "native", "db convert --layout native"),
    ],
)
def test_refusals(found: Capabilities, wanted: str, words: str) -> None:
    with pytest.raises((InputError, DatabaseError), match=words):
        choosing.choose(found, wanted)

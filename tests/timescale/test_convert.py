"""Tables with rows go from one layout to the other and back, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cryptoscalp import CryptoscalpError, DatabaseError, InputError, IntegrityRefused
from cryptoscalp.infra import migrations
from cryptoscalp.infra.db.capabilities import Layout
from cryptoscalp.infra.migrations import layouts, scripts
from cryptoscalp.infra.migrations.choosing import look
from tests.postgres import LOGIN, Place
from tests.timescale import bridge_server
from tests.timescale.conftest import NATIVE
from tests.timescale.content import content, fill


def layout_of(place: Place) -> Layout | None:
    with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
        return look(connection).layout


def test_there_and_back_with_rows(timescale: Place) -> None:
    place = timescale
    migrations.convert(place.admin_dsn, "native")
    fill(place)
    before = content(place)
    assert before["market_data"][0] == 6_000
    with pytest.raises(InputError, match=r"market_data.* hold rows.*--yes"):
        migrations.convert(place.admin_dsn, "timescale")
    moved = migrations.convert(place.admin_dsn, "timescale", with_data=True)
    assert {one.table: (one.days, one.rows) for one in moved} == {
        "feature_vectors": (0, 0), "funding_rates": (3, 9), "mark_prices": (4, 2_000),
        "model_performance": (0, 0),
        "market_data": (4, 6_000), "order_book_l1": (4, 2_000), "system_logs": (0, 0),
    }  # fmt: skip
    assert layout_of(place) == "timescale"
    assert content(place) == before
    assert migrations.check(place.admin_dsn) == []
    assert migrations.convert(place.admin_dsn, "timescale", with_data=True) == []
    # The triggers are at work: a late trade reaches its candle, and ticks stay append-only.
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO market_data (timestamp, symbol, exchange, price, volume, feed, sequence)"
            " VALUES ('2024-08-08 00:00:00Z', 'BTCUSDT', 'binance', 70000, 1, 'trade', 900000)"
        )
        high = connection.execute(
            "SELECT max(high) FROM candles WHERE symbol = 'BTCUSDT' AND interval = '1m'"
        ).fetchone()
        assert high is not None
        assert high[0] == 70_000
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM market_data")
    after = content(place)
    with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
        connection.execute("SELECT compress_chunk(c) FROM show_chunks('market_data') AS c")
    migrations.convert(place.admin_dsn, "native", with_data=True)
    assert layout_of(place) == "native"
    assert content(place) == after
    assert migrations.check(place.admin_dsn) == []
    migrations.convert(place.admin_dsn, "timescale", with_data=True)
    assert content(place) == after


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
@pytest.mark.parametrize("role", ["postgres", "cryptoscalp_owner"])
def test_views_are_named_before_anything_is_copied(timescale: Place, role: str, kind: str) -> None:
    """Whoever owns them: their grants and what reads them are not ours to make again."""
    with psycopg.connect(timescale.admin_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE {kind} public.dashboard AS TABLE market_data".encode())
        connection.execute(f"ALTER {kind} public.dashboard OWNER TO {role}".encode())
        try:
            with pytest.raises(IntegrityRefused, match=f"market_data.* {kind.lower()} dashboard"):
                migrations.convert(timescale.admin_dsn, "native", with_data=True)
        finally:
            connection.execute(f"DROP {kind} public.dashboard".encode())
    assert layout_of(timescale) == "timescale"


def test_other_revisions_are_not_converted(empty_timescale: Place) -> None:
    migrations.upgrade(empty_timescale.admin_dsn, login=LOGIN, revision="0002")
    with pytest.raises(DatabaseError, match="db upgrade"):
        migrations.convert(empty_timescale.admin_dsn, "timescale")


def test_a_writer_at_work_is_waited_for_and_then_refuses_it(database: Place) -> None:
    """On native PostgreSQL, where two sessions are at work at once."""
    fill(database, rows=10)
    with (
        psycopg.connect(database.dsn) as writer,
        psycopg.connect(database.admin_dsn) as converter,
    ):
        writer.execute(
            "INSERT INTO market_data (timestamp, symbol, exchange, price, volume, feed, sequence)"
            " VALUES ('2024-08-08 00:00:00Z', 'BTCUSDT', 'binance', 1, 1, 'trade', 900000)"
        )
        converter.execute("SET ROLE cryptoscalp_owner; SET LOCAL lock_timeout = '200ms'")
        tables = layouts.declared(scripts.declared().metadata)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            layouts.cut(converter, "timescale", [t for t in tables if t.name == "market_data"])


@pytest.fixture(scope="module")
def filled_native(bridge: Path, migrated_data: Path) -> Iterator[Path]:
    """A data directory with 3,000 rows in the native layout, closed."""
    with bridge_server.copied_data(migrated_data) as data:
        with bridge_server.running(bridge, data) as place:
            migrations.convert(place.admin_dsn, "native")
            fill(place, rows=600)
        yield data


@pytest.mark.skipif(NATIVE is not None, reason="kills the server, which TSDB_DSN's owner needs")
def test_killed_at_any_point_it_is_one_layout_whole(bridge: Path, filled_native: Path) -> None:
    with (
        bridge_server.copied_data(filled_native) as data,
        bridge_server.running(bridge, data) as place,
    ):
        before = content(place)
        began = time.monotonic()
        migrations.convert(place.admin_dsn, "timescale", with_data=True)
        takes = time.monotonic() - began
    found = []
    for part in (0.4, 0.8):
        with bridge_server.copied_data(filled_native) as data:
            with (
                contextlib.suppress(CryptoscalpError),
                bridge_server.running(bridge, data) as place,
            ):
                threading.Timer(part * takes, os.kill, (place.pid, signal.SIGKILL)).start()
                migrations.convert(place.admin_dsn, "timescale", with_data=True)
                time.sleep(takes)
            with bridge_server.running(bridge, data) as place:
                found.append(layout_of(place))
                assert content(place) == before
    assert "native" in found

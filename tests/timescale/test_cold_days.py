"""Days that went to the cold tier, and late rows for them, read alike on both layouts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from cryptoscalp.infra.server import EmbeddedServer
from tests.faces import open_face, table, trade
from tests.postgres import Place, new_database
from tests.retention.days import age
from tests.timescale.compare import Pair, read_everything
from tests.timescale.conftest import NATIVE
from tests.timescale.content import fill
from tests.timescale.test_differential import RANGE, compress, write_states, write_ticks


@pytest.fixture
def places(
    server: EmbeddedServer, template: Place, timescale: Place
) -> Iterator[tuple[Place, Place]]:
    """A database on each layout."""
    with new_database(server, template.name) as native:
        yield native, timescale


@pytest.fixture
async def pair(
    places: tuple[Place, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pair]:
    """Both, each with a lake of its own."""
    opened = []
    for number, place in enumerate(places):
        monkeypatch.setenv("CRYPTOSCALP_COLD_WAREHOUSE", str(tmp_path / f"lake{number}"))
        opened.append(await open_face("sync", place.dsn))
    yield Pair(*opened)
    for database in opened:
        await database.close()


def chunks(place: Place) -> int:
    with psycopg.connect(place.admin_dsn) as connection:
        return connection.execute("SELECT show_chunks('market_data')").rowcount


def test_a_chunk_leaves_only_when_it_is_sealed(timescale: Place) -> None:
    """The steps of a move by themselves, in one session."""
    fill(timescale, rows=300)
    with psycopg.connect(timescale.dsn, autocommit=True, options="-c timezone=UTC") as connection:
        connection.execute("SET ROLE cryptoscalp_capture")
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT drop_day('mark_prices', '2024-08-09')")
        connection.execute(
            "SELECT record_parts('mark_prices', '2024-08-09', '{binanceusdm}', '{BTCUSDT}',"
            "   ARRAY[count(*)], ARRAY[min(timestamp)], ARRAY[max(timestamp)], '{NULL}', '{NULL}',"
            "   ARRAY[sha256('a')], 1)"
            " FROM mark_prices WHERE timestamp >= '2024-08-09' AND timestamp < '2024-08-10'"
        )
        connection.execute(
            "SELECT verify_parts('mark_prices', '2024-08-09', '{binanceusdm}', '{BTCUSDT}',"
            "   ARRAY[sha256('a')])"
        )
        sealed = connection.execute("SELECT seal_day('mark_prices', '2024-08-09')").fetchone()
        dropped = connection.execute("SELECT drop_day('mark_prices', '2024-08-09')").fetchone()
        left = connection.execute(
            "SELECT count(*) FROM mark_prices"
            " WHERE timestamp >= '2024-08-09' AND timestamp < '2024-08-10'"
        ).fetchone()
    assert sealed == dropped == (100,)
    assert left == (0,)


@pytest.mark.skipif(
    NATIVE is None, reason="a move holds one session while it works in others: needs TSDB_DSN"
)
async def test_days_leave_and_late_rows_bring_them_back(
    pair: Pair, places: tuple[Place, Place]
) -> None:
    await write_ticks(pair, "COLD", seed=21)
    await write_states(pair, "COLD", first=0)
    compress(places[1])
    before = chunks(places[1])
    for place in places:
        age(place)
    for database in (pair.native, pair.timescale):
        report = await database.retention.run()
        assert not report.failed
    assert chunks(places[1]) < before
    await read_everything(pair, {"COLD"}, *RANGE)
    late = [trade(1_234_567 + n, 500_000 + n, symbol="COLD") for n in range(5)]
    await pair.capture("write_trades", table(late))
    await pair.capture("write_trades", table(late))
    await read_everything(pair, {"COLD"}, *RANGE)
    for place in places:
        age(place)
    for database in (pair.native, pair.timescale):
        assert not (await database.retention.run()).failed
    await read_everything(pair, {"COLD"}, *RANGE)

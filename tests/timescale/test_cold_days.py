"""Retention on both layouts: days go to the cold tier and come back, and every answer stays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cryptoscalp.infra.server import EmbeddedServer
from tests.faces import NOON, open_face, table, trade
from tests.postgres import Place, new_database
from tests.retention.days import age, as_admin
from tests.timescale.compare import Pair, read_everything
from tests.timescale.test_differential import RANGE, compress, write_states, write_ticks

DAY = NOON.date()
BY_TICKS = ("market_data", "order_book_l1", "mark_prices", "funding_rates")


@pytest.fixture
def places(
    server: EmbeddedServer, template: Place, timescale: Place
) -> Iterator[tuple[Place, Place]]:
    """A database on each layout."""
    with new_database(server, template.name) as native:
        yield native, timescale


@asynccontextmanager
async def opened(
    places: tuple[Place, Place],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    *,
    admin: bool,
) -> AsyncIterator[Pair]:
    """Both, each with a lake of its own, with the administrator's login known or not."""
    held = []
    for number, place in enumerate(places):
        monkeypatch.setenv("CRYPTOSCALP_COLD_WAREHOUSE", str(tmp_path / f"lake{number}"))
        if admin:
            monkeypatch.setenv("CRYPTOSCALP_ADMIN_URL", place.admin_dsn)
        held.append(await open_face(mode, place.dsn))
    yield Pair(*held)
    for database in held:
        await database.close()


async def retention(pair: Pair, name: str, *args: Any, **options: Any) -> Any:
    return await pair.both(
        f"retention.{name}", lambda db: getattr(db.retention, name)(*args, **options)
    )


async def run(pair: Pair) -> dict[tuple[str, str], int]:
    """Run retention on both; rows by table and outcome. What only one layout has is left out."""

    async def ran(db: Any) -> Any:
        report = await db.retention.run()
        # A partition may be empty; a chunk is made by a row.
        return [replace(one, detail="") for one in report.done if one.rows or one.outcome != "moved"
                if one.outcome != "dropped" or one.rows]  # fmt: skip

    rows: dict[tuple[str, str], int] = {}
    for one in await pair.both("retention.run", ran):
        rows[one.table, one.outcome] = rows.get((one.table, one.outcome), 0) + one.rows
    return rows


async def planned(pair: Pair) -> dict[str, str]:
    """What both plan for a day that all tables have: its action by table."""

    async def asked(db: Any) -> Any:
        plan = await db.retention.plan(tables=BY_TICKS)
        return {line.table: line.action for line in plan.lines
                if line.first_day <= DAY <= line.last_day}  # fmt: skip

    found: dict[str, str] = await pair.both("retention.plan", asked)
    return found


def pieces(place: Place) -> int:
    """Chunks of ticks and states, and what the columnstore keeps of them."""
    with psycopg.connect(place.admin_dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM _timescaledb_catalog.chunk WHERE NOT dropped"
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_days_leave_and_late_rows_bring_them_back(
    places: tuple[Place, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(places, tmp_path, monkeypatch, "sync", admin=False) as pair:
        await write_ticks(pair, "COLD", seed=21)
        await write_states(pair, "COLD", first=0)
        compress(places[1])
        # Rows beside the compressed ones: a chunk that is half in the columnstore.
        await pair.capture("write_trades", table([trade(77, 400_000, symbol="COLD")]))
        before = await everything(pair)
        for place in places:
            age(place)
        assert await planned(pair) == dict.fromkeys(BY_TICKS, "move")
        hold = await retention(pair, "hold", "market_data", DAY, DAY, "case 17", by="me")
        assert ("market_data", "moved") in (moved := await run(pair))
        left = as_admin(places[1], "SELECT count(*), min(timestamp)::date FROM market_data")
        assert left[0][0] > 0
        assert await planned(pair) == {**dict.fromkeys(BY_TICKS, "keep"), "market_data": "blocked"}
        await retention(pair, "release", hold.hold_id, by="me")
        moved_later = await run(pair)
        assert moved_later["market_data", "moved"] > 0
        assert moved["mark_prices", "moved"] == 200
        assert pieces(places[1]) == 0
        assert await everything(pair) == before
        await retention(pair, "verify")
    async with opened(places, tmp_path, monkeypatch, "async", admin=True) as pair:
        assert await everything(pair) == before
        late = [trade(1_234_567 + n, 500_000 + n, symbol="COLD") for n in range(5)]
        for _ in range(2):
            await pair.capture("write_trades", table(late))
        thawed = await everything(pair)
        assert thawed != before
        compress(places[1])
        for place in places:
            age(place)
        again = await run(pair)
        assert again["market_data", "moved"] > 5
        assert pieces(places[1]) == 0
        assert await everything(pair) == thawed
        verified = await retention(pair, "verify")
        assert verified.damaged == ()
        assert verified.rows > 1_000
        key = ("market_data", "binance", "COLD", DAY, DAY)
        assert await retention(pair, "thaw", *key) > 0
        assert await everything(pair) == thawed
        await read_everything(pair, {"COLD"}, *RANGE)


async def everything(pair: Pair) -> list[Any]:
    """The exact reads of what was written, by both."""
    start, end = RANGE
    found = []
    for exchange, names in (
        ("binance", ("trades", "quotes")),
        ("binanceusdm", ("mark_prices", "funding_rates")),
    ):
        for name in names:
            read = await pair.market(name, "COLD", start, end, exchange, exact=True)
            assert read.num_rows, name
            found.append(read.to_pydict())
    for interval in ("1s", "1m", "1d"):
        read = await pair.market(
            "candles", "COLD", interval, start, end + timedelta(days=1), exchange="binance",
            exact=True,
        )  # fmt: skip
        found.append(read.to_pydict())
    return found

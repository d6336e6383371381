"""Registry and adaptation on hypertables: every step of a model's way."""

from __future__ import annotations

from typing import Any

import psycopg

from cryptoscalp.infra import migrations
from tests.faces import open_face
from tests.postgres import Place
from tests.registry.walk import PREDICTED, walk


def fetch(place: Place, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(place.admin_dsn, options="-c timezone=UTC") as connection:
        return connection.execute(query.encode()).fetchall()


async def test_the_way_of_a_model(mode: str, timescale: Place) -> None:
    async with await open_face(mode, timescale.dsn) as db:
        await walk(db, {"sync": "BTCUSDT", "async": "ETHUSDT"}[mode])
    assert migrations.check(timescale.admin_dsn) == []
    # Both tables are cut into chunks of a day, and the rows lie there.
    held = dict(
        fetch(
            timescale,
            "SELECT hypertable_name, count(*) FROM timescaledb_information.chunks"
            " WHERE hypertable_name IN ('model_performance', 'feature_vectors')"
            " AND range_end - range_start = interval '1 day'"
            " AND range_start <= '2024-08-08 12:00+00' AND '2024-08-08 12:00+00' < range_end"
            " GROUP BY 1",
        )
    )
    assert held == {"model_performance": 1, "feature_vectors": 1}
    ((chunk,),) = fetch(
        timescale,
        "SELECT format('%I.%I', chunk_schema, chunk_name) FROM timescaledb_information.chunks"
        " WHERE hypertable_name = 'feature_vectors'",
    )
    ((rows,),) = fetch(timescale, f"SELECT count(*) FROM {chunk}")  # noqa: S608 - a chunk's name
    assert rows % PREDICTED == 0
    assert rows > 0

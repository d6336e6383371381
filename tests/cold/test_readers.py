"""Other engines read the same rows from the same tables, exactly."""

from __future__ import annotations

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.table import StaticTable

from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.cold.types import ColdTable, Part
from cryptoscalp.market.kept import MARKET_DATA
from tests.cold.made import DAY, TABLES, part, rows


@pytest.fixture(params=list(TABLES.values()), ids=list(TABLES))
def table(request: pytest.FixtureRequest) -> ColdTable:
    """Each cold table."""
    chosen: ColdTable = request.param
    return chosen


def _held(lake: Lake, table: ColdTable) -> tuple[list[str], pa.Table]:
    """A day of two instruments with a late addition: its files, and its rows sorted."""
    parts = [part(table, symbol) for symbol in ("BTCUSDT", "ETHUSDT")]
    first = [rows(table, 400, of) for of in parts]
    lake.write(table, DAY, [(of, [held]) for of, held in zip(parts, first, strict=True)])
    late = rows(table, 20, parts[0], seed=5)
    kept = [*first, late] if len(table.order) > 1 else first
    both = pa.concat_tables([first[0], late]) if len(table.order) > 1 else first[0]
    lake.write(table, DAY, [(parts[0], [both.sort_by("timestamp")])])
    return sorted(p for p in lake.files() if p.endswith(".parquet")), _sorted(
        pa.concat_tables(kept), table
    )


def _sorted(held: pa.Table, table: ColdTable) -> pa.Table:
    names = ("symbol", *table.order)
    return held.sort_by([(name, "ascending") for name in names]).combine_chunks()


def _metadata(lake: Lake, table: ColdTable) -> str:
    state = lake._tables.current(table.name)
    assert state is not None
    return state.location


def test_duckdb_and_arrow_read_the_files(lake: Lake, table: ColdTable) -> None:
    files, held = _held(lake, table)
    paths = [path.removeprefix("file://") for path in files]
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        found = engine.from_parquet(paths).to_arrow_table().cast(table.schema)
    assert _sorted(found, table).equals(held)
    arrow = pa.concat_tables([pq.read_table(path) for path in paths]).cast(table.schema)
    assert _sorted(arrow, table).equals(held)


def test_polars_and_pyiceberg_scan_the_table(
    lake: Lake, table: ColdTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")
    _, held = _held(lake, table)
    place = _metadata(lake, table)
    scanned = pl.scan_iceberg(place).collect().to_arrow().select(table.schema.names)
    assert _sorted(scanned.cast(table.schema), table).equals(held)
    catalog = StaticTable.from_metadata(place)
    found = catalog.scan(row_filter="symbol = 'BTCUSDT'").to_arrow().cast(table.schema)
    assert _sorted(found, table).equals(_only(held, "BTCUSDT"))


def test_the_layout_is_declared(lake: Lake) -> None:
    of: Part = part(MARKET_DATA, "BTCUSDT")
    lake.write(MARKET_DATA, DAY, [(of, [rows(MARKET_DATA, 100, of)])])
    table = StaticTable.from_metadata(_metadata(lake, MARKET_DATA))
    assert [field.name for field in table.spec().fields] == ["timestamp_day"]
    order = [table.schema().find_column_name(f.source_id) for f in table.sort_order().fields]
    assert order == ["symbol", "exchange", *MARKET_DATA.order]
    (task,) = table.scan(row_filter="timestamp >= '2024-08-08T00:00:00+00:00'").plan_files()
    assert "timestamp_day=2024-08-08" in task.file.file_path
    assert not list(table.scan(row_filter="timestamp < '2024-08-08T00:00:00+00:00'").plan_files())
    assert not list(table.scan(row_filter="symbol = 'ETHUSDT'").plan_files())


def _only(held: pa.Table, symbol: str) -> pa.Table:
    return held.filter(pa.compute.equal(held.column("symbol"), symbol)).combine_chunks()

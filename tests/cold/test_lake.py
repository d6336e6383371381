"""What is written is read back: all at once, in part, after additions, changes and removals."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pyarrow as pa
import pytest

from cryptoscalp.infra.cold import writing
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.cold.types import ColdTable
from cryptoscalp.infra.db.errors import InputError, SchemaMismatch, WarehouseError
from cryptoscalp.market.kept import MARKET_DATA
from tests.cold.made import DAY, TABLES, bounds, joined, part, rows, sliced
from tests.postgres import Place

BTC, ETH = part(MARKET_DATA, "BTCUSDT"), part(MARKET_DATA, "ETHUSDT")
NEXT = DAY + timedelta(days=1)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_table_round_trips(lake: Lake, table: ColdTable) -> None:
    parts = [part(table, "ADAUSDT"), part(table, "BTCUSDT"), part(table, "BTCUSDT", exchange="okx")]
    held = {of: rows(table, 700, of, seed=n) for n, of in enumerate(parts)}
    written = lake.write(table, DAY, [(of, sliced(held[of], 97)) for of in parts])
    assert {of: content.rows for of, content in written.parts.items()} == dict.fromkeys(parts, 700)
    assert lake.contents(table, DAY) == written.parts
    for of in parts:
        assert lake.read(table, of.exchange, of.symbol, *bounds()).equals(held[of])


def test_ties_are_put_in_order(lake: Lake) -> None:
    held = rows(MARKET_DATA, 1_000, BTC)
    shuffled = held.take(pa.array(range(999, -1, -1))).sort_by("timestamp")
    written = lake.write(MARKET_DATA, DAY, [(BTC, sliced(shuffled, 3))])
    assert _read(lake, "BTCUSDT").equals(held)
    assert lake.contents(MARKET_DATA, DAY) == written.parts


def test_ranges_columns_filters_and_floats(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "GROUP_ROWS", 100)
    held = rows(MARKET_DATA, 1_000, BTC)
    lake.write(MARKET_DATA, DAY, [(BTC, [held])])
    start, _ = bounds()
    names = ["price", "symbol", "side"]
    for low, high in ((0, 24), (3, 4), (5, 5), (-9, 9), (23, 99)):
        first, last = start + timedelta(hours=low), start + timedelta(hours=high)
        found = lake.read(
            MARKET_DATA, "binance", "BTCUSDT", first, last,
            columns=names, where={"feed": "trade"}, floats=["price"],
        )  # fmt: skip
        expected = [
            row
            for row in held.to_pylist()
            if first <= row["timestamp"] < last and row["feed"] == "trade"
        ]
        assert found.column_names == names
        assert found.column("price").to_pylist() == [float(row["price"]) for row in expected]
        assert found.column("side").to_pylist() == [row["side"] for row in expected]
        streamed = lake.pieces(
            MARKET_DATA, "binance", "BTCUSDT", first, last,
            columns=names, where={"feed": "trade"}, floats=["price"],
        )  # fmt: skip
        assert pa.concat_tables([found.slice(0, 0), *streamed]).equals(found)


def test_additions_join_in_a_file_of_their_own(lake: Lake) -> None:
    first, late = rows(MARKET_DATA, 500, BTC), rows(MARKET_DATA, 40, BTC, seed=1)
    other = rows(MARKET_DATA, 100, ETH)
    lake.write(MARKET_DATA, DAY, [(BTC, [first]), (ETH, [other])])
    before = _data(lake)
    both = joined(MARKET_DATA, first, late)
    written = lake.write(MARKET_DATA, DAY, [(BTC, sliced(both, 111))])
    assert before < _data(lake)
    assert _read(lake, "BTCUSDT").equals(both)
    assert lake.contents(MARKET_DATA, DAY)[BTC] == written.parts[BTC]
    assert _read(lake, "ETHUSDT").equals(other)


def test_the_same_again_commits_nothing(lake: Lake) -> None:
    held = rows(MARKET_DATA, 500, BTC)
    first = lake.write(MARKET_DATA, DAY, [(BTC, [held])])
    files = lake.files()
    assert lake.write(MARKET_DATA, DAY, [(BTC, sliced(held, 7))]) == first
    assert lake.files() == files == lake.found().keys()


def test_rows_that_change_or_go_are_written_anew(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "GROUP_ROWS", 100)
    first, other = rows(MARKET_DATA, 500, BTC), rows(MARKET_DATA, 100, ETH)
    lake.write(MARKET_DATA, DAY, [(BTC, [first]), (ETH, [other])])
    late = rows(MARKET_DATA, 40, BTC, seed=1)
    changed = joined(MARKET_DATA, first.slice(0, 350), first.slice(351), late)
    written = lake.write(MARKET_DATA, DAY, [(BTC, sliced(changed, 60))])
    assert _read(lake, "BTCUSDT").equals(changed)
    assert _read(lake, "ETHUSDT").equals(other)
    assert lake.contents(MARKET_DATA, DAY)[BTC] == written.parts[BTC]


def test_a_part_in_many_files_is_gathered(lake: Lake) -> None:
    held = rows(MARKET_DATA, 10, BTC)
    lake.write(MARKET_DATA, DAY, [(BTC, [held])])
    for number in range(1, 12):
        held = joined(MARKET_DATA, held, rows(MARKET_DATA, 10, BTC, seed=number))
        lake.write(MARKET_DATA, DAY, [(BTC, [held])])
    assert _read(lake, "BTCUSDT").equals(held)
    state = lake._tables.current("market_data")
    assert state is not None
    assert len(lake._tables.files(state, DAY)) < 8


def test_days_and_parts_leave_alone(lake: Lake) -> None:
    there = part(MARKET_DATA, "BTCUSDT", NEXT)
    today, tomorrow = rows(MARKET_DATA, 300, BTC), rows(MARKET_DATA, 300, there)
    other = rows(MARKET_DATA, 300, ETH)
    lake.write(MARKET_DATA, DAY, [(BTC, [today]), (ETH, [other])])
    lake.write(MARKET_DATA, NEXT, [(there, [tomorrow])])
    both = lake.read(MARKET_DATA, "binance", "BTCUSDT", bounds()[0], bounds(NEXT)[1])
    assert both.equals(pa.concat_tables([today, tomorrow]))
    lake.remove(MARKET_DATA, DAY, [BTC])
    assert lake.contents(MARKET_DATA, DAY).keys() == {ETH}
    lake.write(MARKET_DATA, DAY, [(ETH, [])])
    assert not lake.contents(MARKET_DATA, DAY)
    assert lake.contents(MARKET_DATA, NEXT).keys() == {there}
    lake.remove(MARKET_DATA, NEXT)
    assert not lake.contents(MARKET_DATA, NEXT)


def test_small_parts_share_a_file_and_big_ones_do_not(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "GROUP_ROWS", 1_000)
    monkeypatch.setattr(writing, "SHARED_GROUP_ROWS", 300)
    monkeypatch.setattr(writing, "FILE_BYTES", 200_000)
    parts = [part(MARKET_DATA, f"S{number:02}USDT") for number in range(12)]
    counts = [100, 100, 100, 100, 7_000, *[100] * 7]
    held = {of: rows(MARKET_DATA, n, of) for of, n in zip(parts, counts, strict=True)}
    lake.write(MARKET_DATA, DAY, [(of, sliced(held[of], 999)) for of in parts])
    assert len(_data(lake)) == 2
    for of in parts:
        assert _read(lake, of.symbol).equals(held[of])
    assert len(lake.contents(MARKET_DATA, DAY)) == 12


def test_parts_in_another_order_are_taken_too(lake: Lake) -> None:
    held = {of: rows(MARKET_DATA, 50, of) for of in (ETH, BTC)}
    lake.write(MARKET_DATA, DAY, [(of, [held[of]]) for of in (ETH, BTC)])
    for of in (ETH, BTC):
        assert _read(lake, of.symbol).equals(held[of])


def test_what_is_no_part_is_refused_and_leaves_nothing(lake: Lake) -> None:
    good = rows(MARKET_DATA, 50, BTC)
    lake.write(MARKET_DATA, DAY, [(BTC, [good])])
    files = lake.found().keys()
    tomorrow = rows(MARKET_DATA, 50, part(MARKET_DATA, "ETHUSDT", NEXT))
    for wrong in (good, tomorrow, good.drop_columns("side"), good.slice(20).take([1, 0])):
        with pytest.raises(InputError):
            lake.write(MARKET_DATA, DAY, [(ETH, [wrong])])
    with pytest.raises(InputError, match="twice"):
        lake.write(MARKET_DATA, DAY, [(BTC, [good]), (BTC, [good])])
    with pytest.raises(InputError, match="no column 'prise'"):
        lake.read(MARKET_DATA, "binance", "BTCUSDT", *bounds(), columns=["prise"])
    assert lake.found().keys() == files


def test_nothing_there_is_an_empty_table(lake: Lake) -> None:
    found = lake.read(MARKET_DATA, "binance", "BTCUSDT", *bounds(), floats=["price"])
    assert found.num_rows == 0
    assert found.schema.field("price").type == pa.float64()
    assert not lake.contents(MARKET_DATA, DAY)
    assert not lake.files()
    assert not lake.found()


def test_without_a_place_or_a_catalog_it_says_so(
    database: Place, empty_database: Place, tmp_path: object
) -> None:
    held = [(BTC, [rows(MARKET_DATA, 5, BTC)])]
    for dsn, place, kind, text in (
        (database.dsn, None, WarehouseError, "CRYPTOSCALP_COLD_WAREHOUSE"),
        (database.dsn, "gopher://x", InputError, "gopher"),
        (database.dsn, "/proc/nowhere", WarehouseError, "/proc/nowhere"),
        (empty_database.admin_dsn, str(tmp_path), SchemaMismatch, "db upgrade"),
    ):
        with closing(Lake(dsn, place)) as lake, pytest.raises(kind, match=text):
            lake.write(MARKET_DATA, DAY, held)


def _read(lake: Lake, symbol: str) -> pa.Table:
    return lake.read(MARKET_DATA, "binance", symbol, *bounds())


def _data(lake: Lake) -> set[str]:
    return {path for path in lake.files() if path.endswith(".parquet")}

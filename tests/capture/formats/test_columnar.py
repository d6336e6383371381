"""Anybody's Parquet, Feather, JSON and JSON Lines: recorded files, exactness, damage."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather, ipc

from cryptoscalp.capture.formats import columnar
from cryptoscalp.capture.formats.mapping import parse_map
from cryptoscalp.capture.formats.reading import Format, Options
from cryptoscalp.infra.db.errors import InputError
from tests.capture.formats.recorded import again, knows, read, recorded, rows, stored

PARQUET, FEATHER, JSON, JSONL = columnar.FORMATS
BTC = Options(exchange="binance", symbol="BTC/USDT")
KRAKEN = "price=#1, volume=#2, timestamp=#3:s, side=#4, sequence=#7"
NOON = 1_700_049_600_000


def test_recorded_trades_and_quotes_by_their_column_names() -> None:
    path = recorded("nautilus_trader/binance_btcusdt-trades.parquet")
    assert knows(PARQUET, path)
    good, refused, _ = stored(read(PARQUET, path, BTC)[1])
    assert (good["trades"].height, refused) == (2_001, [])
    assert good["trades"].select("symbol", "sequence", "price", "volume", "side").row(0) == (
        "BTCUSDT", 553_287_559, Decimal("39432.48"), Decimal("0.000263"), "SELL",
    )  # fmt: skip
    path = recorded("nautilus_trader/binance_btcusdt-quotes.parquet")
    good, refused, _ = stored(read(PARQUET, path, Options(exchange="binance"))[1])
    assert (good["quotes"].height, refused) == (451, [])
    # The file writes BTC/USDT.
    assert good["quotes"]["symbol"].unique().to_list() == ["BTCUSDT"]


def test_a_recorded_answer_of_kraken_by_positions() -> None:
    path = recorded("nautilus_trader/kraken_http_trades_XBTUSDT.json")
    options = Options(exchange="kraken", symbol="XBTUSDT", mapping=parse_map(KRAKEN))
    reader, chunks = read(JSON, path, options)
    good, refused, _ = stored(chunks)
    assert (good["trades"].height, refused) == (1_000, [])
    # 1762795433.9717445 s: a float of seconds would not hold its digits.
    assert good["trades"]["timestamp"][0] == datetime(2025, 11, 10, 17, 23, 53, 971_744, UTC)
    assert good["trades"]["timestamp"].is_duplicated().sum() > 430
    assert pl.concat(list(again(JSON, reader, chunks, "trades"))).equals(rows(chunks, "trades"))


@pytest.mark.parametrize(
    "name",
    [
        "freqtrade/backtest-result.json",
        "fills/bbgo_binance_btcusdt_account_fills_2019-2020.json",
        "bbgo/bitfinex_ws_raw.jsonl",
        "barter/binance_spot_market_data_with_disconnect_events.json",
    ],
)
def test_what_is_no_table_of_prices_is_not_taken_for_one(name: str) -> None:
    path = recorded(name)
    assert not any(knows(form, path) for form in columnar.FORMATS)
    with pytest.raises(InputError, match="--map"):
        read(JSONL if name.endswith("l") else JSON, path, BTC)


def _parquet(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path, row_group_size=2)


def _feather(path: Path, table: pa.Table) -> None:
    with ipc.new_file(path, table.schema) as writer:
        for batch in table.to_batches(max_chunksize=2):
            writer.write_batch(batch)


BOTH = pytest.mark.parametrize(
    ("form", "write", "suffix"), [(PARQUET, _parquet, "parquet"), (FEATHER, _feather, "feather")]
)
Write = Callable[[Path, pa.Table], None]
EXACT = st.decimals(-(10**19), 10**19, places=18, allow_nan=False, allow_infinity=False)


def _trades(**columns: Any) -> pa.Table:
    """A table of trades; what is not given is the same in each row."""
    count = len(next(iter(columns.values())))
    whole = {"timestamp": [NOON] * count, "price": [1.5] * count, "size": [2.0] * count} | columns
    return pa.table(whole)


@pytest.mark.long
@BOTH
@given(data=st.data())
def test_floats_and_decimals_come_through_exactly(
    tmp_path_factory: pytest.TempPathFactory,
    form: Format,
    write: Write,
    suffix: str,
    data: st.DataObject,
) -> None:
    floats = data.draw(st.lists(st.floats(-1e19, 1e19), min_size=1, max_size=5))
    sizes = data.draw(st.lists(EXACT, min_size=len(floats), max_size=len(floats)))
    path = tmp_path_factory.mktemp("columnar") / f"x.{suffix}"
    write(path, _trades(price=pa.array(floats), size=pa.array(sizes, pa.decimal128(38, 18))))
    reader, chunks = read(form, path, BTC)
    found = rows(chunks, "trades")
    assert found["price"].to_list() == floats
    assert [Decimal(text) for text in found["volume"]] == sizes
    anew = pl.concat(list(again(form, reader, chunks, "trades")))
    assert anew["price"].to_list() == floats
    assert [Decimal(text) for text in anew["volume"]] == sizes


@given(
    st.lists(
        st.tuples(EXACT, st.floats(1e-12, 1e15), st.sampled_from(("buy", "SELL", "b"))),
        min_size=1,
    )
)
def test_numbers_of_json_come_through_exactly(
    tmp_path_factory: pytest.TempPathFactory, trades: list[tuple[Decimal, float, str]]
) -> None:
    folder = tmp_path_factory.mktemp("columnar")
    lines = [
        f'{{"time":{NOON},"price":{price:f},"qty":{size!r},"side":"{side}"}}'
        for price, size, side in trades
    ]
    (folder / "x.jsonl").write_text("\n".join(lines))
    (folder / "x.json").write_text(f'{{"data":[{",".join(lines)}]}}')
    for form, name in ((JSONL, "x.jsonl"), (JSON, "x.json")):
        assert knows(form, folder / name)
        found = rows(read(form, folder / name, BTC)[1], "trades")
        assert [Decimal(text) for text in found["price"]] == [price for price, _, _ in trades]
        assert [float(text) for text in found["volume"]] == [size for _, size, _ in trades]


@BOTH
@pytest.mark.parametrize(
    "times",
    [
        pa.array([NOON], pa.timestamp("ms")),
        pa.array([NOON // 1_000], pa.timestamp("s", "Europe/Berlin")),
        pa.array([NOON * 1_000_000 + 999], pa.timestamp("ns", "UTC")),
        pa.array([datetime(2023, 11, 15, 12, tzinfo=UTC)]),
        pa.array(["2023-11-15T12:00:00Z"]).dictionary_encode(),
        pa.array([b"1700049600000"]),
        pa.array([NOON * 1_000_000], pa.uint64()),
        pa.array([NOON / 1_000]),
    ],
)
def test_times_of_every_type(
    tmp_path: Path, form: Format, write: Write, suffix: str, times: pa.Array
) -> None:
    path = tmp_path / f"x.{suffix}"
    write(path, _trades(timestamp=times))
    reader, chunks = read(form, path, BTC)
    good, refused, _ = stored(chunks)
    assert refused == []
    assert good["trades"]["timestamp"].to_list() == [datetime(2023, 11, 15, 12, tzinfo=UTC)]
    assert pl.concat(list(again(form, reader, chunks, "trades"))).equals(rows(chunks, "trades"))


def test_narrow_floats_are_their_shortest_text(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    _parquet(path, _trades(price=pa.array([0.1], pa.float32())))
    reader, chunks = read(PARQUET, path, BTC)
    assert stored(chunks)[0]["trades"]["price"].to_list() == [Decimal("0.1")]
    assert json.loads(chunks[0].raw(1))["price"] == 0.1
    assert next(again(PARQUET, reader, chunks, "trades"))["price"].to_list() == [0.1]


def test_the_record_of_a_row_is_its_json(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = _trades(price=[float("nan"), 1e-7]).append_column(
        "extra", pa.array([{"at": [b"\xff"]}, None])
    )
    when = pa.array([NOON * 1_000_000 + 1, 2**63 - 1], pa.timestamp("ns"))
    wide = pa.array([Decimal("1.10"), None], pa.decimal128(30, 2))
    _parquet(path, table.append_column("when", when).append_column("wide", wide))
    _, chunks = read(PARQUET, path, BTC)
    _, [refused], _ = stored(chunks)
    assert (refused.line, refused.reason) == (1, "out_of_domain")
    assert refused.raw == (
        b'{"timestamp":1700049600000,"price":"NaN","size":2.0,'
        b'"extra":{"at":[{"bytes":"ff"}]},"when":"2023-11-15T12:00:00.000000001Z","wide":1.10}'
    )
    assert b'"price":1e-7' in chunks[0].raw(2)
    with pytest.raises(KeyError):
        chunks[0].raw(3)


def test_text_that_is_not_utf8_spoils_its_row_only(tmp_path: Path) -> None:
    path = tmp_path / "x.feather"
    sides = pa.array([b"buy", b"s\xffll", b"sell"]).view(pa.string())
    _feather(path, _trades(price=[1.0, 2.0, 3.0], side=sides))
    reader, chunks = read(FEATHER, path, BTC)
    good, [refused], _ = stored(chunks)
    assert good["trades"].select("line", "price", "side").rows() == [
        (1, Decimal(1), "BUY"),
        (3, Decimal(3), "SELL"),
    ]
    assert (refused.line, refused.reason) == (2, "malformed")
    assert pl.concat(list(again(FEATHER, reader, chunks, "trades"))).equals(rows(chunks, "trades"))


def test_a_feather_file_that_is_cut_off_gives_its_whole_batches(tmp_path: Path) -> None:
    path = tmp_path / "x.feather"
    _feather(path, _trades(price=[float(number) for number in range(1, 8)]))
    whole = path.read_bytes()
    seen = set()
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        try:
            good, refused, _ = stored(read(FEATHER, path, BTC)[1])
        except InputError:
            seen.add(0)
            continue
        count = good["trades"].height
        assert good["trades"]["price"].to_list() == list(range(1, count + 1))
        assert [(reject.line, reject.reason) for reject in refused] == [
            (count + 1, "truncated_file")
        ]
        seen.add(count)
    assert seen == {0, 2, 4, 6, 7}


def test_a_damaged_row_group_ends_a_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = _trades(price=[float(number) for number in range(1, 7)])
    options: dict[str, Any] = {"write_page_checksum": True, "use_dictionary": False}
    pq.write_table(table, path, row_group_size=2, compression="none", **options)
    prices = pq.ParquetFile(path).metadata.row_group(1).column(1)
    content = bytearray(path.read_bytes())
    content[prices.data_page_offset + prices.total_compressed_size - 1] ^= 0xFF
    path.write_bytes(content)
    good, [refused], _ = stored(read(PARQUET, path, BTC)[1])
    assert good["trades"]["price"].to_list() == [1, 2]
    assert (refused.line, refused.reason) == (3, "truncated_file")


def test_the_first_version_of_feather_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.feather"
    with pytest.warns(DeprecationWarning, match="Feather"):
        feather.write_feather(_trades(price=[0.25]), path, version=1)
    assert knows(FEATHER, path)
    assert stored(read(FEATHER, path, BTC)[1])[0]["trades"]["price"].to_list() == [Decimal("0.25")]


@pytest.mark.parametrize(
    ("content", "form", "message"),
    [
        (b"PAR1 and no more", PARQUET, "cannot be read"),
        (b"PARE and no more", PARQUET, "encrypted"),
        (b"ARROW1\0\0", FEATHER, "cannot be read"),
        (b"[[1,2]]", JSON, "--map"),
        (b"[[1,2]]", PARQUET, "no Parquet file"),
        (b'{"price":1,"time":"x","size":1', JSON, "--map"),
        (b"", JSONL, "--format"),
    ],
)
def test_what_cannot_be_read_is_said(
    tmp_path: Path, content: bytes, form: Format, message: str
) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as raised:
        read(form, path, BTC)
    assert str(path) in str(raised.value)


def test_only_the_symbol_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    line = '{{"symbol":"{}","time":1700049600,"price":1,"size":1}}\n'
    path.write_text("".join(map(line.format, ("BTC/USDT", "ETH/USDT", "BTC-USDT"))))
    options = Options(exchange="okx", symbol="BTC/USDT")
    _, [chunk] = read(JSONL, path, options)
    assert chunk.trades["line"].to_list() == [1, 3]
    assert dict(chunk.ignored) == {("okx", "ETH-USDT", "trade"): 1}


def test_floats_beyond_the_last_decimal_are_rounded_half_even(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    _parquet(path, _trades(price=[1.2345678901234567e-5, 0.5]))
    good, _, rounded = stored(read(PARQUET, path, BTC)[1])
    exact = Decimal("0.000012345678901234567").quantize(Decimal("1e-18"), context=Context(prec=40))
    assert good["trades"]["price"].to_list() == [exact, Decimal("0.5")]
    assert rounded == 1

"""NautilusTrader catalogue files: two recorded ones, and made ones of the other kinds."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.capture.formats.fixed_point import decimals
from cryptoscalp.capture.formats.nautilus import FORMAT, named
from cryptoscalp.capture.formats.reading import Options
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.infra.db.errors import InputError
from tests.capture.formats.recorded import again, knows, read, recorded, rows, stored

SAMPLES = ("catalog_128bit_quotes.parquet", "catalog_64bit_quotes.parquet")
MINUTE = 60_000_000_000
NOON = 1_700_049_600_000_000_000


def test_the_same_quotes_in_both_precisions_are_the_same_rows() -> None:
    frames = []
    for name in SAMPLES:
        path = recorded(f"nautilus_trader/{name}")
        assert knows(FORMAT, path)
        reader, chunks = read(FORMAT, path, Options())
        good, refused, rounded = stored(chunks)
        assert (good["quotes"].height, refused, rounded) == (9_500, [], 0)
        assert reader.proof.quotes is Continuity.UNKNOWN
        assert pl.concat(list(again(FORMAT, reader, chunks, "quotes"))).equals(
            rows(chunks, "quotes")
        )
        frames.append(good["quotes"])
    assert frames[0].equals(frames[1])
    assert frames[0].row(0, named=True)["bid_price"] == Decimal("112.12")
    assert frames[0].select("exchange", "symbol").unique().rows() == [("sim", "EURUSD")]
    # Nanoseconds are cut off: what differed by those only is one time now.
    assert frames[0]["timestamp"].is_duplicated().sum() > 4_742


@given(st.data())
def test_fixed_point_numbers_are_exact(data: st.DataObject) -> None:
    width = data.draw(st.sampled_from((8, 16)))
    signed = data.draw(st.booleans())
    scale = {8: 9, 16: 16}[width]
    bits = width * 8 - signed
    number = st.integers(-(2**bits) if signed else 0, 2**bits - 1)
    edges = st.sampled_from([0, 1, 10**scale, 10**38 if width == 16 else 1, 2**bits - 1])
    numbers = data.draw(st.lists(st.none() | number | edges, min_size=1))
    cells = pl.Series(
        [None if one is None else one.to_bytes(width, "little", signed=signed) for one in numbers],
        dtype=pl.Binary,
    )
    found = decimals(cells, signed=signed).to_list()
    for text, one in zip(found, numbers, strict=True):
        if one is None:
            assert text is None
        else:
            assert _exact(text, scale) == one


def _exact(text: str, scale: int) -> int:
    """The number in units of 1e-scale, by whole numbers alone."""
    sign, digits, exponent = Decimal(text).as_tuple()
    assert isinstance(exponent, int)
    value = int("".join(map(str, digits)) + "0" * (exponent + scale))
    return -value if sign else value


def _price(value: str) -> bytes:
    return int(Decimal(value).scaleb(16)).to_bytes(16, "little", signed=True)


def _catalog(path: Path, columns: Mapping[str, Any], metadata: Mapping[str, str]) -> Path:
    """A file as the catalogue writes it."""
    arrays = {
        name: pa.array(cells, pa.binary(16))
        if isinstance(cells[0], bytes)
        else pa.array(cells, pa.uint64() if name.startswith("ts_") else None)
        for name, cells in columns.items()
    }
    noted = {"price_precision": "2", "size_precision": "3", **metadata}
    pq.write_table(pa.table(arrays).replace_schema_metadata(noted), path)
    return path


def test_trades_have_their_aggressor_and_their_id(tmp_path: Path) -> None:
    path = _catalog(
        tmp_path / "part-0.parquet",
        {
            "price": [_price("93000.25"), _price("93000.5"), _price("93001")],
            "size": [_price("0.001"), _price("2"), _price("3")],
            "aggressor_side": [1, 2, 0],
            "trade_id": ["11", "12", "13"],
            "ts_event": [NOON + 1_999, NOON + 2_000, NOON + 3_000],
            "ts_init": [NOON + 5_000] * 3,
        },
        {"instrument_id": "BTCUSDT-PERP.BINANCE"},
    )
    reader, chunks = read(FORMAT, path, Options())
    good, refused, _ = stored(chunks)
    assert refused == []
    found = good["trades"].select("exchange", "symbol", "price", "volume", "side", "sequence")
    whose = ("binanceusdm", "BTCUSDT")
    assert found.rows() == [
        (*whose, Decimal("93000.25"), Decimal("0.001"), "BUY", 11),
        (*whose, Decimal("93000.5"), Decimal(2), "SELL", 12),
        (*whose, Decimal(93001), Decimal(3), None, 13),
    ]
    times = good["trades"]["timestamp"].dt.epoch("us").to_list()
    assert [time - NOON // 1_000 for time in times] == [1, 2, 3]
    assert pl.concat(list(again(FORMAT, reader, chunks, "trades"))).equals(rows(chunks, "trades"))


@pytest.mark.parametrize(
    ("bar_type", "event", "init"),
    [
        # By its close, as written live and for a backtest; by its open, closing at ts_init.
        ("BTC-USD.COINBASE-5-MINUTE-LAST-EXTERNAL", NOON + 5 * MINUTE, NOON + 5 * MINUTE + 7),
        ("BTC-USD.COINBASE-5-MINUTE-LAST-INTERNAL", NOON + 5 * MINUTE, NOON + 5 * MINUTE),
        ("BTC-USD.COINBASE-5-MINUTE-LAST-INTERNAL@1-MINUTE-EXTERNAL", NOON, NOON + 5 * MINUTE),
    ],
)
def test_bars_are_candles_by_their_start(
    tmp_path: Path, bar_type: str, event: int, init: int
) -> None:
    names = ("open", "high", "low", "close", "volume")
    cells = dict(zip(names, map(_price, ("1.5", "2", "1", "1.75", "10")), strict=True))
    columns = {name: [cell] for name, cell in cells.items()}
    path = _catalog(
        tmp_path / "bars.parquet",
        {**columns, "ts_event": [event], "ts_init": [init]},
        {"bar_type": bar_type},
    )
    reader, chunks = read(FORMAT, path, Options())
    good, refused, _ = stored(chunks)
    assert refused == []
    [row] = good["candles"].rows(named=True)
    assert (row["exchange"], row["symbol"], row["interval"]) == ("coinbase", "BTC-USD", "5m")
    assert good["candles"]["timestamp"].dt.epoch("us")[0] == NOON // 1_000
    assert [row[name] for name in names] == [Decimal(n) for n in ("1.5", "2", "1", "1.75", "10")]
    assert pl.concat(list(again(FORMAT, reader, chunks, "candles"))).equals(rows(chunks, "candles"))


@pytest.mark.parametrize(
    ("instrument", "whose"),
    [
        ("BTCUSDT.BINANCE", ("binance", "BTCUSDT")),
        ("BTCUSDT-PERP.BINANCE", ("binanceusdm", "BTCUSDT")),
        ("BTCUSDT_260925.BINANCE", ("binanceusdm", "BTCUSDT_260925")),
        ("ETHUSD_PERP.BINANCE", ("binancecoinm", "ETHUSD_PERP")),
        ("BTCUSDT-LINEAR.BYBIT", ("bybit", "BTCUSDT")),
        ("ETHUSDT-SPOT.BYBIT", ("bybitspot", "ETHUSDT")),
        ("BTC-USDT-SWAP.OKX", ("okx", "BTC-USDT-SWAP")),
        ("BTC/USD.KRAKEN", ("kraken", "BTC/USD")),
        ("PI_XBTUSD.KRAKEN", ("krakenfutures", "PI_XBTUSD")),
        ("EUR/USD.SIM", ("sim", "EUR/USD")),
    ],
)
def test_instruments_are_named_as_the_venue_does(instrument: str, whose: tuple[str, str]) -> None:
    assert named(instrument) == whose


@pytest.mark.parametrize(
    ("columns", "metadata", "options", "message"),
    [
        (["open", "high", "low", "close", "volume"],
         {"bar_type": "BTC-USD.COINBASE-100-TICK-LAST-INTERNAL"}, Options(), "100-TICK"),
        (["open", "high", "low", "close", "volume"],
         {"bar_type": "BTC-USD.COINBASE-1-MINUTE-BID-INTERNAL"}, Options(), "BID prices"),
        (["order"], {"instrument_id": "BTC-USD.COINBASE"}, Options(), "quotes, trades and bars"),
        (["price", "size", "aggressor_side", "trade_id"], {"instrument_id": "BTC-USD.COINBASE"},
         Options(exchange="kraken"), "coinbase"),
    ],
)  # fmt: skip
def test_what_cannot_be_stored_is_said(
    tmp_path: Path,
    columns: list[str],
    metadata: dict[str, str],
    options: Options,
    message: str,
) -> None:
    cells: dict[str, Any] = {name: [_price("1")] for name in columns}
    times = {"ts_event": [NOON], "ts_init": [NOON]}
    path = _catalog(tmp_path / "part-0.parquet", {**cells, **times}, metadata)
    assert knows(FORMAT, path)
    with pytest.raises(InputError, match=message):
        read(FORMAT, path, options)

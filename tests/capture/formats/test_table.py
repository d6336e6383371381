"""Rows and a layout give events, and every row is accounted for."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.capture.chunk import (
    CANDLE_COLUMNS,
    FUNDING_COLUMNS,
    MARK_COLUMNS,
    QUOTE_COLUMNS,
    TRADE_COLUMNS,
    Chunk,
)
from cryptoscalp.capture.formats.layout import Layout, planned
from cryptoscalp.capture.formats.reading import Options
from cryptoscalp.capture.formats.table import Table, settled, to_chunk
from cryptoscalp.infra.db.errors import InputError

TRADES = Layout(
    kind="trades",
    columns={"timestamp": "t", "price": "p", "volume": "v"},
    constants={"exchange": "binance", "symbol": "BTCUSDT"},
)
T = "1700239042832"


def chunk(layout: Layout, options: Options | None = None, **columns: Any) -> Chunk:
    frame = pl.DataFrame(columns)
    lines = pl.int_range(1, frame.height + 1, dtype=pl.Int64, eager=True)
    table = Table(frame, lines, lambda line: b"raw %d" % line)
    made = to_chunk(table, layout, options or Options())
    frames = (made.trades, made.quotes, made.candles, made.mark_prices, made.funding_rates)
    events = sum(one.height for one in frames)
    assert made.received == events + len(made.rejects) + sum(made.ignored.values())
    assert made.trades.columns == list(TRADE_COLUMNS)
    assert made.quotes.columns == list(QUOTE_COLUMNS)
    assert made.candles.columns == list(CANDLE_COLUMNS)
    assert made.mark_prices.columns == list(MARK_COLUMNS)
    assert made.funding_rates.columns == list(FUNDING_COLUMNS)
    return made


def test_text_stays_as_it_was_written() -> None:
    made = chunk(TRADES, t=[T, T], p=["4.04e-06", " 36533.70"], v=["12e12", "1"])
    assert made.trades["price"].to_list() == ["4.04e-06", "36533.70"]
    assert made.trades["volume"].to_list() == ["12e12", "1"]
    assert made.trades.select("timestamp", "feed", "exchange", "symbol").row(0) == (
        1_700_239_042_832_000,
        "trade",
        "binance",
        "BTCUSDT",
    )


def test_types_keep_what_they_hold() -> None:
    made = chunk(
        TRADES,
        t=[datetime(2023, 11, 17, 16, 37, 22, 832_000, tzinfo=UTC)],
        p=pl.Series([Decimal("0.100000000000000001")], dtype=pl.Decimal(38, 18)),
        v=pl.Series([0.1], dtype=pl.Float32),
    ).trades
    assert made["timestamp"].to_list() == [1_700_239_042_832_000]
    assert made["price"].to_list() == ["0.100000000000000001"]
    assert made["volume"].to_list() == [0.1]


@pytest.mark.parametrize(
    ("how", "cells", "sides"),
    [
        (
            "word",
            ["Buy", "SELL", "b", "s", "bid", "ASK", "", "ANY", "buyer?"],
            ["BUY", "SELL", "BUY", "SELL", "BUY", "SELL", None, None, "buyer?"],
        ),
        (
            "buyer_maker",
            ["true", "False", "1", "0", "1.0", "0.0", "", "maybe"],
            ["SELL", "BUY", "SELL", "BUY", "SELL", "BUY", None, "maybe"],
        ),
        ("buyer_maker", [True, False, None], ["SELL", "BUY", None]),
    ],
)
def test_the_side_is_the_aggressors(how: Any, cells: list[Any], sides: list[str | None]) -> None:
    layout = msgspec.structs.replace(TRADES, columns=TRADES.columns | {"side": "s"}, side=how)
    rows = len(cells)
    made = chunk(layout, t=[T] * rows, p=["1"] * rows, v=["1"] * rows, s=cells)
    assert made.trades["side"].to_list() == sides


def test_an_id_that_is_no_number_is_refused_among_numbers_and_left_out_among_words() -> None:
    layout = msgspec.structs.replace(TRADES, columns=TRADES.columns | {"sequence": "i"})
    ids = ["42", "f7496ecb-b174-51b9", "548321769.0", "-1", "9" * 30, ""]
    made = chunk(layout, t=[T] * 6, p=["1"] * 6, v=["1"] * 6, i=ids)
    assert made.trades["sequence"].to_list() == [42, 548_321_769, None]
    assert [(one.line, one.reason) for one in made.rejects] == [
        (line, "malformed") for line in (2, 4, 5)
    ]
    assert made.rejects[0].detail == (
        "sequence 'f7496ecb-b174-51b9' is no whole number, as other ids of the file are"
    )
    words = ["f7496ecb-b174-51b9", "f7496ecb-b174-51ba"]
    unnumbered = chunk(layout, t=[T] * 2, p=["1"] * 2, v=["1"] * 2, i=words)
    assert unnumbered.trades["sequence"].to_list() == [None, None]
    assert not unnumbered.rejects


def test_a_cell_that_is_no_time_makes_its_row_a_reject() -> None:
    made = chunk(TRADES, t=[T, "soon", "9" * 25, ""], p=["1"] * 4, v=["1"] * 4)
    assert made.trades["line"].to_list() == [1, 4]
    assert made.trades["timestamp"].to_list() == [1_700_239_042_832_000, None]
    assert [(one.line, one.reason, one.detail) for one in made.rejects] == [
        (2, "malformed", "timestamp 'soon' is not a time in milliseconds"),
        (
            3,
            "timestamp_out_of_range",
            f"timestamp '{'9' * 25}' read as a time in milliseconds is no date",
        ),
    ]
    first = made.rejects[0]
    assert (first.exchange, first.symbol, first.stream) == ("binance", "BTCUSDT", "trade")
    assert first.raw == b"raw 2"


def test_rows_of_another_symbol_are_counted_as_ignored() -> None:
    layout = Layout(
        kind="trades",
        columns=TRADES.columns | {"symbol": "s", "exchange": "e"},
        exchanges={"binance-futures": "binanceusdm"},
    )
    rows = {"t": [T] * 4, "p": ["1"] * 4, "v": ["1"] * 4}
    names = {"s": ["BTCUSDT", "ETHUSDT", "ETHUSDT", None], "e": ["binance-futures"] * 4}
    made = chunk(layout, Options(symbol="BTC/USDT"), **rows, **names)
    assert made.trades["symbol"].to_list() == ["BTCUSDT", None]
    assert made.ignored == {("binanceusdm", "ETHUSDT", "trade"): 2}
    other = chunk(layout, Options(exchange="binance"), **rows, **names)
    assert sum(other.ignored.values()) == 4


def test_a_quote_without_a_time_is_stamped_with_its_receivers() -> None:
    columns = {"received_at": "r", "timestamp": "t", "bid_price": "b", "ask_price": "a"}
    columns |= {"bid_volume": "v", "ask_volume": "v"}
    layout = Layout(kind="quotes", columns=columns, constants=TRADES.constants)
    made = chunk(layout, t=[T, None], r=[T, T], b=["1", "1"], a=["2", None], v=["1", "1"]).quotes
    assert made["by_receive_time"].to_list() == [False, True]
    assert made["timestamp"].to_list() == [1_700_239_042_832_000] * 2
    assert made["ask_price"].to_list() == ["2", None]
    assert made["source"].to_list() == ["ticker"] * 2


def test_a_derivatives_row_is_a_mark_price_and_a_funding_rate() -> None:
    columns = {"timestamp": "t", "mark_price": "m", "funding_rate": "f", "funding_time": "n"}
    layout = Layout(kind="derivatives", columns=columns, constants=TRADES.constants)
    made = chunk(
        layout,
        t=[T] * 4,
        m=["1", None, "2", None],
        f=["0.0001", "-0.01", None, None],
        n=[T, "", T, T],
    )
    assert made.mark_prices["mark_price"].to_list() == ["1", "2"]
    assert made.funding_rates["funding_rate"].to_list() == ["0.0001", "-0.01"]
    assert made.funding_rates["funding_time"].to_list() == [1_700_239_042_832_000, None]
    assert made.ignored == {("binance", "BTCUSDT", "funding_rate"): 1}
    assert made.received == 5


def test_candles_take_their_interval_from_a_column_in_anybodys_spelling() -> None:
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), "p")
    columns = {"timestamp": "t", "interval": "i", "trade_count": "n"} | prices
    layout = Layout(kind="candles", columns=columns, constants=TRADES.constants, offset_us=-60)
    words = ["1m", "60min", "1H", "1d", "1M", "7m"]
    made = chunk(layout, t=[T] * 6, p=["1"] * 6, i=words, n=["5", "", "x", "1", "1", "1"]).candles
    assert made["interval"].to_list() == ["1m", "1h", "1h", "1d", "1M", "7m"]
    assert made["trade_count"].to_list() == [5, None, None, 1, 1, 1]
    assert made["timestamp"][0] == 1_700_239_042_832_000 - 60


def test_the_unit_is_settled_once_and_the_caller_knows_better() -> None:
    first = pl.DataFrame({"t": ["1700239042832"]})
    layout = settled(TRADES, first, Options())
    assert layout.units == {"timestamp": "ms"}
    later = settled(layout, pl.DataFrame({"t": ["1700239042"]}), Options())
    assert later is layout
    assert settled(layout, first, Options(unit="us")).units == {"timestamp": "us"}
    with pytest.raises(InputError, match="there is no unit of time 'days'; choose s, ms, us, ns"):
        settled(layout, first, Options(unit="days"))


def test_a_layout_is_plain_data() -> None:
    layout = msgspec.structs.replace(TRADES, units={"timestamp": "ns"}, nothing=("", "-"))
    assert planned(msgspec.json.decode(msgspec.json.encode(layout.plain()))) == layout


_CELL = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.sampled_from([T, "1", "-1", "1e999", "nan", "2021-01-01", "9" * 40, "BTCUSDT", "buy"]),
)


@given(st.lists(st.tuples(*[_CELL] * 6), max_size=8))
def test_no_content_raises_and_no_row_is_lost(rows: list[tuple[str | None, ...]]) -> None:
    names = ("t", "p", "v", "i", "s", "n")
    columns = {
        name: pl.Series([row[place] for row in rows], dtype=pl.String)
        for place, name in enumerate(names)
    }
    fields = {"timestamp": "t", "price": "p", "volume": "v", "sequence": "i", "side": "s"}
    layout = Layout(kind="trades", columns=fields | {"symbol": "n"}, constants={"exchange": "x"})
    assert chunk(layout, Options(symbol="BTCUSDT"), **columns).received == len(rows)

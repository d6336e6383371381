"""Files of a NautilusTrader ParquetDataCatalog: quotes, trades and bars of one instrument.

Each file says in its metadata which instrument it is of. Times are nanoseconds, cut to
microseconds: quotes that differed by nanoseconds only are distinct rows of one time.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import msgspec
import polars as pl

from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.lines import head
from cryptoscalp.capture.formats.arrow_files import is_parquet
from cryptoscalp.capture.formats.fixed_point import decimals
from cryptoscalp.capture.formats.found import Found
from cryptoscalp.capture.formats.intervals import LENGTHS_US, interval_of
from cryptoscalp.capture.formats.layout import Layout
from cryptoscalp.capture.formats.reading import Format, Options, Plan, Reader, Sample
from cryptoscalp.capture.formats.sources import Source, source_of
from cryptoscalp.capture.formats.table import Table
from cryptoscalp.capture.formats.table_reader import TableReader, again
from cryptoscalp.infra.db.errors import InputError

NAME: Final = "nautilus"
_START: Final = "bar_start"
_LAYOUTS: Final = (
    Layout(
        kind="quotes",
        columns={
            "timestamp": "ts_event", "bid_price": "bid_price", "bid_volume": "bid_size",
            "ask_price": "ask_price", "ask_volume": "ask_size",
        },
        units={"timestamp": "ns"},
    ),
    Layout(
        kind="trades",
        columns={
            "timestamp": "ts_event", "price": "price", "volume": "size",
            "side": "aggressor_side", "sequence": "trade_id",
        },
        units={"timestamp": "ns"},
    ),
    Layout(
        kind="candles",
        columns={
            "timestamp": _START, "open": "open", "high": "high", "low": "low",
            "close": "close", "volume": "volume",
        },
        units={"timestamp": "ns"},
    ),
)  # fmt: skip
_SIZES: Final = ("size", "bid_size", "ask_size", "volume")
_AGGRESSORS: Final = {
    "0": None, "1": "BUY", "2": "SELL", "NO_AGGRESSOR": None, "BUYER": "BUY", "SELLER": "SELL",
}  # fmt: skip
_BAR: Final = re.compile(
    r"(?P<instrument>.+)-(?P<step>[0-9]+)-(?P<unit>[A-Z]+)-(?P<price>[A-Z]+)-[A-Z]+(?:@.*)?"
)
_COIN_M: Final = re.compile(r"[A-Z0-9]+USD_(?:PERP|[0-9]{6})")
_DATED: Final = re.compile(r"[A-Z0-9]+_[0-9]{6}")
_KRAKEN_FUTURE: Final = re.compile(r"(?:PI|PF|PV|FI|FF)_.+")
#: Venues whose symbols Nautilus writes as they do, by the names that it and we have for them.
_VENUES: Final = {
    "BINANCE_DELIVERY": "binancecoinm",
    "BINANCE_US": "binanceus",
    "COINBASE_INTX": "coinbaseinternational",
    "OKEX": "okx",
}


def named(instrument: str) -> tuple[str, str]:
    """The exchange and the venue's own symbol of an instrument id, `BTCUSDT-PERP.BINANCE`.

    Nautilus adds to the symbols of some venues what kind of contract it is. A venue that is not
    known here keeps its name in lower case and its symbol as it is.
    """
    symbol, _, venue = instrument.rpartition(".")
    match venue:
        case "BINANCE" if symbol.endswith("-PERP"):
            return "binanceusdm", symbol.removesuffix("-PERP")
        case "BINANCE" if _COIN_M.fullmatch(symbol):
            return "binancecoinm", symbol
        case "BINANCE" if _DATED.fullmatch(symbol):
            return "binanceusdm", symbol
        case "BYBIT":
            bare, _, product = symbol.rpartition("-")
            if product in ("SPOT", "LINEAR", "INVERSE", "OPTION"):
                return "bybitspot" if product == "SPOT" else "bybit", bare
        case "KRAKEN" if _KRAKEN_FUTURE.fullmatch(symbol):
            return "krakenfutures", symbol
    return _VENUES.get(venue, venue.lower()), symbol


def _knows(sample: Sample) -> bool:
    if not is_parquet(sample.head):
        return False
    try:
        source = source_of(sample.item, sample.head)
    except InputError:
        return False
    return source is not None and _instrument(source) is not None


def _instrument(source: Source) -> str | None:
    """The instrument or the bar type that the writer of a catalog file notes."""
    if "ts_event" not in source.header or "ts_init" not in source.header:
        return None
    return source.metadata.get("bar_type") or source.metadata.get("instrument_id")


def _open(item: Item, options: Options) -> Reader:
    source = source_of(item, head(item))
    instrument = _instrument(source) if source is not None else None
    if source is None or instrument is None:
        raise InputError(
            f"{item}: is no file of a NautilusTrader catalog: such a file is Parquet, with ts_event"
            " and ts_init and its instrument_id or bar_type in the metadata"
        )
    columns = {*source.header, _START}
    layout = next((one for one in _LAYOUTS if columns.issuperset(one.columns.values())), None)
    if layout is None:
        raise InputError(
            f"{item}: quotes, trades and bars of a NautilusTrader catalog can be stored; this file"
            f" has the columns {', '.join(source.header)}"
        )
    facts: dict[str, int] = {}
    constants: dict[str, str] = {}
    if layout.kind == "candles":
        instrument, interval = _bar(item, instrument)
        constants["interval"] = interval
        facts["length_us"] = LENGTHS_US[interval]
    exchange, symbol = named(instrument)
    constants |= {"exchange": exchange, "symbol": symbol}
    layout = msgspec.structs.replace(layout, constants=constants)
    return TableReader(NAME, source, Found(layout), options, prepare=_prepared, facts=facts)


def _bar(item: Item, bar_type: str) -> tuple[str, str]:
    """The instrument and the interval of a bar type, `BTCUSDT.BINANCE-1-MINUTE-LAST-EXTERNAL`."""
    told = _BAR.fullmatch(bar_type)
    interval = interval_of(told["step"] + told["unit"].lower()) if told is not None else None
    if told is None or interval is None:
        raise InputError(
            f"{item}: holds bars {bar_type}; candles of these lengths can be stored:"
            f" {', '.join(LENGTHS_US)}"
        )
    if told["price"] != "LAST":
        raise InputError(
            f"{item}: holds bars {bar_type} of {told['price']} prices; candles are of traded prices"
        )
    return told["instrument"], interval


def _prepared(table: Table, facts: Plan) -> Table:
    """The table with its numbers as decimal text, its sides as words, its bars by their start."""
    frame = table.frame
    made = [
        decimals(cells, signed=cells.name not in _SIZES)
        for cells in frame
        if cells.dtype == pl.Binary
    ]
    if "aggressor_side" in frame.columns:
        made.append(frame["aggressor_side"].cast(pl.String).replace(_AGGRESSORS))
    if "length_us" in facts:
        # The time of a bar is its close; a source that gives the open has the close as ts_init
        # (nautilustrader.io, Concepts, Backtesting, Bar-based execution).
        length = facts["length_us"] * 1_000
        event, init = (frame[name].cast(pl.Int64, strict=False) for name in ("ts_event", "ts_init"))
        start = event.zip_with(init - event == length, event - length)
        made.append(start.alias(_START))
    return replace(table, frame=frame.with_columns(made))


FORMAT: Final = Format(
    NAME,
    "quotes, trades and bars of a NautilusTrader catalog (Parquet)",
    _knows,
    _open,
    again(_prepared),
)

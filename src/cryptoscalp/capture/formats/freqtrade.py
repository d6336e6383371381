"""Files of freqtrade's data folder: `PAIR-trades` and `PAIR-INTERVAL`, Feather, Parquet or JSON.

A file's name says its pair, its interval and whether it is of futures (`BTC_USDT_USDT-5m-futures`);
its exchange is the folder's, which no file says. Trades on Binance carry the ids of aggregate
trades: freqtrade takes them from the aggTrades archive and, by ccxt, from the aggTrades API.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import polars as pl

from cryptoscalp.capture.decimals import SCALE
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.lines import head
from cryptoscalp.capture.formats.found import Found
from cryptoscalp.capture.formats.intervals import interval_of
from cryptoscalp.capture.formats.layout import Kind, Layout, Unit
from cryptoscalp.capture.formats.reading import Format, Options, Plan, Proof, Reader, Sample
from cryptoscalp.capture.formats.sources import Source, source_of
from cryptoscalp.capture.formats.spelling import spelled
from cryptoscalp.capture.formats.table import Table
from cryptoscalp.capture.formats.table_reader import TableReader, again, in_venue_spelling
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.market.names import venue_spelling

NAME: Final = "freqtrade"
_FILE: Final = re.compile(
    r"(?P<pair>[A-Za-z0-9_]+)-(?:trades|(?P<interval>[0-9]+[A-Za-z]{1,2})(?:-(?P<candle>\w+))?)"
    r"\.(?:feather|parquet|json)"
)
_TRADES: Final = {
    "timestamp": "timestamp", "sequence": "id", "side": "side", "price": "price",
    "volume": "amount",
}  # fmt: skip
_CANDLES: Final = {
    "timestamp": "date", "open": "open", "high": "high", "low": "low", "close": "close",
    "volume": "volume",
}  # fmt: skip
_TRADE_ROW: Final = ("timestamp", "id", "type", "side", "price", "amount", "cost")
_CANDLE_ROW: Final = ("date", "open", "high", "low", "close", "volume")
# freqtrade has one name for all markets of a venue: spot, linear and inverse futures.
_MARKETS: Final = {
    "binance": ("binance", "binanceusdm", "binancecoinm"),
    "bybit": ("bybitspot", "bybit", "bybit"),
    "kraken": ("kraken", "krakenfutures", "krakenfutures"),
}


@dataclass(frozen=True, slots=True)
class _Pair:
    base: str
    quote: str
    settle: str | None = None

    @property
    def market(self) -> int:
        """0 spot, 1 linear, 2 inverse: the place in _MARKETS."""
        return 0 if self.settle is None else 2 if self.settle == self.base else 1

    def on(self, exchange: str) -> str:
        return venue_spelling(self.base, self.quote, self.settle, exchange)


@dataclass(frozen=True, slots=True)
class _Named:
    """What a file's name tells; the pair is None where it may be read in two ways."""

    pair: _Pair | None
    futures: bool
    interval: str | None
    candle: str


def _named(name: str) -> _Named | None:
    told = _FILE.fullmatch(name)
    if told is None:
        return None
    candle = told["candle"] or ""
    futures = bool(candle)
    pair = None
    match told["pair"].split("_"):
        case [base, quote] if not futures:
            pair = _Pair(base, quote)
        case [base, quote, settle] if futures or (not told["interval"] and settle in (base, quote)):
            # Only candles are called futures; the trades of one have a settlement currency.
            pair, futures = _Pair(base, quote, settle), True
    return _Named(pair, futures, told["interval"], candle)


def _knows(sample: Sample) -> bool:
    if _named(sample.name) is None:
        return False
    try:
        source = source_of(sample.item, sample.head)
    except InputError:
        return False
    return source is not None and _kind(source) is not None


def _kind(source: Source) -> Kind | None:
    header = set(source.header)
    if header == {f"#{place}" for place in range(1, 8)}:
        return "trades"
    if header == {f"#{place}" for place in range(1, 7)}:
        return "candles"
    if header.issuperset(_TRADES.values()):
        return "trades"
    return "candles" if header.issuperset(_CANDLES.values()) else None


def _open(item: Item, options: Options) -> Reader:
    source = source_of(item, head(item))
    kind = None if source is None else _kind(source)
    if source is None or kind is None:
        shown = ", ".join(source.header) if source is not None else "none"
        raise InputError(
            f"{item}: is no file of freqtrade; its columns are {shown}; they should be"
            f" {', '.join(_TRADE_ROW)} or {', '.join(_CANDLE_ROW)}"
        )
    named = _named(item.name)
    candle = named.candle if named is not None and kind == "candles" else ""
    if candle not in ("", "futures", "funding_rate"):
        raise InputError(
            f"{item}: holds candles of the {candle} price; only those of traded prices can be"
            " stored, and funding_rate files"
        )
    exchange = _exchange(item, options, named)
    asked = spelled(options.symbol, exchange) if options.symbol else None
    pair = named.pair if named is not None else None
    symbol = asked if pair is None else pair.on(exchange)
    layout = _layout(source, kind, exchange, funding=candle == "funding_rate")
    if "symbol" not in layout.columns:
        if symbol is None:
            raise InputError(
                f"{item}: its name does not tell its pair for certain (freqtrade writes"
                " BTC_USDT-5m.feather, futures BTC_USDT_USDT-5m-futures.feather);"
                " give it with --symbol"
            )
        layout.constants["symbol"] = symbol
    if layout.kind == "candles" and named is not None and named.interval:
        interval = interval_of(named.interval)
        if interval is None:
            raise InputError(f"{item}: candles of {named.interval} are of no length that is stored")
        layout.constants["interval"] = interval
    proof = Proof(trades=Continuity.CONSECUTIVE_IDS) if _aggregated(exchange) else Proof()
    return TableReader(
        NAME,
        source,
        Found(layout, proof),
        replace(options, symbol=asked),
        prepare=_prepared,
        facts={"exchange": exchange, "symbols": "symbol"} if "symbol" in layout.columns else {},
    )


def _exchange(item: Item, options: Options, named: _Named | None) -> str:
    exchange = options.exchange
    if exchange is None:
        raise InputError(
            f"{item}: freqtrade's files do not tell their exchange; name it, for example"
            " --exchange binance"
        )
    pair = named.pair if named is not None else None
    if pair is not None:
        for family in _MARKETS.values():
            if exchange in family and exchange != family[pair.market]:
                kind = ("the spot market", "linear futures", "inverse futures")[pair.market]
                raise InputError(
                    f"{item}: is of {kind}, and {exchange} is another market of that venue;"
                    f" give --exchange {family[pair.market]}"
                )
    return exchange


def _aggregated(exchange: str) -> bool:
    return exchange in (*_MARKETS["binance"], "binanceus")


def _layout(source: Source, kind: Kind, exchange: str, *, funding: bool) -> Layout:
    columns = dict(_TRADES if kind == "trades" else _CANDLES)
    if source.header[0] == "#1":
        row = _TRADE_ROW if kind == "trades" else _CANDLE_ROW
        columns = {field: f"#{row.index(name) + 1}" for field, name in columns.items()}
    units: dict[str, Unit] = {"timestamp": "ms"}
    constants = {"exchange": exchange}
    if kind == "trades":
        constants["feed"] = "agg_trade" if _aggregated(exchange) else "trade"
        if "symbol" in source.header:
            columns["symbol"] = "symbol"
    elif funding:
        # A candle of funding rates has the rate in all its prices.
        time = columns["timestamp"]
        columns = {"timestamp": time, "funding_rate": columns["open"], "funding_time": time}
        return Layout(
            kind="derivatives",
            columns=columns,
            constants=constants,
            units={**units, "funding_time": "ms"},
        )
    return Layout(kind=kind, columns=columns, constants=constants, units=units)


def _prepared(table: Table, facts: Plan) -> Table:
    """The table with the venue's symbols, and with freqtrade's floats as floats."""
    frame = in_venue_spelling(table, facts).frame
    return replace(table, frame=frame.with_columns(_floats(cells) for cells in frame))


def _floats(cells: pl.Series) -> pl.Series:
    """A column that freqtrade wrote from floats, as floats where their noise would be refused.

    0.000107560000000000001 is not what the venue said but what a float made of it. Only a column
    in which every cell is the shortest text of a float is taken for one.
    """
    if cells.dtype != pl.String:
        return cells
    if not cells.str.contains(rf"\.[0-9]{{{SCALE + 1}}}|[eE]-").any():
        return cells
    floats = cells.cast(pl.Float64, strict=False)
    if floats.null_count() > cells.null_count() or not floats.drop_nulls().is_finite().all():
        return cells
    pairs = zip(cells.to_list(), floats.to_list(), strict=True)
    same = all(text is None or Decimal(text) == Decimal(repr(number)) for text, number in pairs)
    return floats if same else cells


FORMAT: Final = Format(
    NAME,
    "trades, candles and funding rates of freqtrade's data folder (Feather, Parquet, JSON)",
    _knows,
    _open,
    again(_prepared),
)

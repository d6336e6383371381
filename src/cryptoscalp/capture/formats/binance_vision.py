"""Files of data.binance.vision: trades, aggTrades, bookTicker, klines and fundingRate.

The archive has written them with and without a header, in milliseconds and (spot, since 2025) in
microseconds. Only spot trades say whether they were at the best price; that tells spot from
futures. Klines look alike everywhere: their market is told by a futures contract's name or by the
archive's own folders, or has to be given.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final, NamedTuple

from cryptoscalp.capture.formats.csv_head import Head
from cryptoscalp.capture.formats.csv_tables import csv_format
from cryptoscalp.capture.formats.found import Found
from cryptoscalp.capture.formats.intervals import interval_of
from cryptoscalp.capture.formats.layout import Kind, Layout
from cryptoscalp.capture.formats.reading import Options, Proof
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.capture.venues.binance import COIN_M, EXCHANGES, SPOT, USD_M, market
from cryptoscalp.infra.db.errors import InputError


class _Content(NamedTuple):
    """A kind of file: the archive's header, where the fields stand, what the content proves.

    `times` and `flags` are the places by which rows without a header are known; `futures` is
    None where spot and futures look alike.
    """

    kind: Kind
    header: str
    fields: dict[str, int]
    times: frozenset[int]
    flags: frozenset[int]
    futures: bool | None
    feed: str = "trade"


_TRADE: Final = {"sequence": 0, "price": 1, "volume": 2, "timestamp": 4, "side": 5}
_AGG_TRADE: Final = {"sequence": 0, "price": 1, "volume": 2, "timestamp": 5, "side": 6}
_AGG_HEADER: Final = (
    "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
)
_CONTENTS: Final = (
    _Content(
        "trades", "id,price,qty,quote_qty,time,is_buyer_maker,is_best_match",
        _TRADE, frozenset({4}), frozenset({5, 6}), False,
    ),
    _Content(
        "trades", "id,price,qty,quote_qty,time,is_buyer_maker",
        _TRADE, frozenset({4}), frozenset({5}), True,
    ),
    _Content(  # COIN-M
        "trades", "id,price,qty,base_qty,time,is_buyer_maker",
        _TRADE, frozenset({4}), frozenset({5}), True,
    ),
    _Content(
        "trades", f"{_AGG_HEADER},was_best_price",
        _AGG_TRADE, frozenset({5}), frozenset({6, 7}), False, "agg_trade",
    ),
    _Content(
        "trades", _AGG_HEADER,
        _AGG_TRADE, frozenset({5}), frozenset({6}), True, "agg_trade",
    ),
    _Content(
        "quotes",
        "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,"
        "event_time",
        {
            "sequence": 0, "bid_price": 1, "bid_volume": 2, "ask_price": 3, "ask_volume": 4,
            "timestamp": 5,
        },
        frozenset({5, 6}), frozenset(), True,
    ),
    _Content(
        "candles",
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
        "taker_buy_quote_volume,ignore",
        {
            "timestamp": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5,
            "trade_count": 8,
        },
        frozenset({0, 6}), frozenset(), None,
    ),
    _Content(
        "derivatives", "calc_time,funding_interval_hours,last_funding_rate",
        {"timestamp": 0, "funding_time": 0, "funding_rate": 2},
        frozenset({0}), frozenset(), True,
    ),
)  # fmt: skip
# Without a header these three columns could be anything's.
_NEED_A_HEADER: Final = ("derivatives",)
_NAME: Final = re.compile(
    r"(?P<symbol>[^\W_]+(_PERP|_\d{6})?)-(?P<what>\w+)-\d{4}-\d{2}(-\d{2})?\b"
)
_CONTRACT: Final = re.compile(r"\w+_(PERP|\d{6})")
_TIME: Final = re.compile(r"\d{13}|\d{16}")
_TREE: Final = re.compile(r"/(spot|futures/um|futures/cm)/(daily|monthly)/(?P<what>\w+)/")
_TREES: Final = {"spot": SPOT, "futures/um": USD_M, "futures/cm": COIN_M}


def _recognise(head: Head, options: Options) -> Found | None:
    content = next((one for one in _CONTENTS if _is(one, head)), None)
    if content is None:
        return None
    constants = {"feed": content.feed} if content.kind == "trades" else {}
    named = _NAME.search(head.item.name)
    if named is not None:
        constants["symbol"] = named["symbol"]
    if content.kind == "candles":
        interval = _interval(named["what"] if named else "", head)
        constants |= {"interval": interval} if interval else {}
    exchange = _exchange(content, constants.get("symbol", options.symbol or ""), head)
    constants |= {"exchange": exchange} if exchange else {}
    return Found(
        Layout(
            kind=content.kind,
            columns={field: head.columns[place] for field, place in content.fields.items()},
            constants=constants,
            side="buyer_maker",
        ),
        Proof(trades=Continuity.CONSECUTIVE_IDS) if content.kind == "trades" else Proof(),
        EXCHANGES,
    )


def _is(content: _Content, head: Head) -> bool:
    if head.header:
        names = ",".join(head.header).replace("is_best_match", "was_best_price")
        return names == content.header.replace("is_best_match", "was_best_price")
    cells = head.first
    flags = {place for place, cell in enumerate(cells) if cell.lower() in ("true", "false")}
    return (
        content.kind not in _NEED_A_HEADER
        and len(cells) == content.header.count(",") + 1
        and flags == content.flags
        and all(_TIME.fullmatch(cells[place]) for place in content.times)
    )


def _exchange(content: _Content, symbol: str, head: Head) -> str | None:
    if content.futures is not None:
        return market(content.futures, symbol)
    if _CONTRACT.fullmatch(symbol):
        return market(True, symbol)
    tree = _TREE.search(PurePath(head.item.path).as_posix())
    return _TREES[tree[1]] if tree else None


def _interval(what: str, head: Head) -> str | None:
    tree = _TREE.search(PurePath(head.item.path).as_posix())
    if tree and tree["what"] != "klines":
        raise InputError(
            f"{tree['what']} are candles of a price that nobody traded at; there is"
            " no table for them"
        )
    if what == "1mo":
        raise InputError("months differ in length and are no interval; import 1d candles")
    return interval_of(what)


FORMAT: Final = csv_format(
    "binance-vision",
    "CSV files of data.binance.vision: trades, aggTrades, bookTicker, klines, fundingRate",
    _recognise,
)

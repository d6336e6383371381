"""Tables that no format claims, by the names of their columns or by a mapping (--map).

Names are compared without case, blanks and underscores. A table is known only when they leave no
doubt: it has a time and a price and a size, two sides with sizes, or four prices of a candle, and
nothing that belongs to orders, fills or depth. What was found stands in the batch's plan.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

from cryptoscalp.capture.formats.headers import distinct
from cryptoscalp.capture.formats.intervals import interval_of
from cryptoscalp.capture.formats.layout import Kind, Layout, Unit
from cryptoscalp.infra.db.errors import InputError

_TIMES: Final = (
    "timestamp", "timestampms", "timestampus", "timestampns", "time", "timems", "datetime", "date",
    "ts", "tsms", "opentime", "tradetime", "transacttime", "transactiontime", "unixtime", "unix",
)  # fmt: skip
_RECEIVED: Final = (
    "localtimestamp", "receivedat", "receivetime", "localtime", "timestampofreceive",
)  # fmt: skip
_MAKERS: Final = (
    "buyermaker", "isbuyermaker", "isbuyermarketmaker", "isbuyerthemaker",
)  # fmt: skip
_WHOSE: Final = {"exchange": ("exchange",), "symbol": ("symbol", "instrument", "pair")}
_NAMES: Final[dict[Kind, dict[str, tuple[str, ...]]]] = {
    "quotes": {
        "bid_price": ("bidprice", "bid", "bestbidprice", "bestbid"),
        "bid_volume": ("bidsize", "bidqty", "bidquantity", "bidamount", "bidvolume", "bestbidqty",
                       "bestbidsize"),
        "ask_price": ("askprice", "ask", "bestaskprice", "bestask"),
        "ask_volume": ("asksize", "askqty", "askquantity", "askamount", "askvolume", "bestaskqty",
                       "bestasksize"),
        "sequence": ("updateid", "sequence"),
    },
    "candles": {
        "open": ("open", "o"),
        "high": ("high", "h"),
        "low": ("low", "l"),
        "close": ("close", "c"),
        "volume": ("volume", "vol", "v"),
        "trade_count": ("count", "tradecount", "trades", "numberoftrades"),
        "interval": ("interval", "timeframe"),
    },
    "trades": {
        "price": ("price",),
        "volume": ("quantity", "qty", "size", "amount", "volume"),
        "side": ("side", *_MAKERS),
        "sequence": ("tradeid", "id", "sequence"),
    },
}  # fmt: skip
_OPTIONAL: Final = ("sequence", "side", "trade_count", "interval")
#: Columns of tables that have prices and sizes, and are no trades and no quotes.
_FOREIGN: Final = frozenset({
    "action", "orderid", "clientorderid", "ordertxid", "ordertype", "status", "fee", "fees",
    "commission", "ismaker", "maker", "pnl", "realizedpnl", "isask", "isbid", "level",
    "firstupdateid", "finalupdateid", "lastupdateid", "txid", "sid", "strike", "leverage",
})  # fmt: skip
_UNITS: Final = re.compile(r"\(?(ms|us|ns)\)?$")
_INTERVAL: Final = re.compile(r"(?<![A-Za-z0-9])(\d{1,2}(?:m|h|d|s|w|min))(?![A-Za-z0-9])")


def known_layout(header: Sequence[str], name: str) -> Layout | None:
    """The layout of a table with this header by the names alone; None where they leave doubt.

    `name` is the file's own, which may tell the interval of candles (`…_1m.csv`). Raises
    InputError when the names fit but several columns could be the same field.
    """
    words = [_word(column) for column in header]
    if _FOREIGN & set(words):
        return None
    for kind, fields in _NAMES.items():
        if not _fits(fields, words):
            continue
        wanted = fields | _WHOSE | {"timestamp": _TIMES, "received_at": _RECEIVED}
        places = {field: _place(field, names, words, header) for field, names in wanted.items()}
        if kind == "candles":
            places.pop("received_at")
        timed = places["timestamp"] is not None or (
            kind == "quotes" and places["received_at"] is not None
        )
        return _layout(kind, places, header, words, name) if timed else None
    return None


def _fits(fields: dict[str, tuple[str, ...]], words: list[str]) -> bool:
    return all(set(names) & set(words) for field, names in fields.items() if field not in _OPTIONAL)


def _place(
    field: str, names: tuple[str, ...], words: list[str], header: Sequence[str]
) -> int | None:
    found = [place for place, word in enumerate(words) if word in names]
    if field in ("timestamp", "sequence"):  # of several the one with the plainest name
        found = sorted(found, key=lambda place: names.index(words[place]))
        found = [place for place in found if words[place] == words[found[0]]]
    if len(found) > 1:
        columns = " or ".join(f"{header[place]!r} (#{place + 1})" for place in found)
        raise InputError(
            f"{field} could be {columns}; say which with --map, for example"
            f" --map '{field}=#{found[0] + 1}, ...'"
        )
    return found[0] if found else None


def _layout(
    kind: Kind,
    places: dict[str, int | None],
    header: Sequence[str],
    words: list[str],
    name: str,
) -> Layout:
    names = distinct(header)
    held = {field: place for field, place in places.items() if place is not None}
    units: dict[str, Unit] = {}
    for field in ("timestamp", "received_at"):
        unit = _UNITS.search(words[held[field]]) if field in held else None
        match unit and unit[1]:
            case "ms" | "us" | "ns" as found:
                units[field] = found
    side: Literal["word", "buyer_maker"] = "word"
    if "side" in held and words[held["side"]] in _MAKERS:
        side = "buyer_maker"
    interval = _INTERVAL.search(name)
    told = interval_of(interval[1]) if interval and kind == "candles" else None
    return Layout(
        kind=kind,
        columns={field: names[place] for field, place in held.items()},
        constants={"interval": told} if told and "interval" not in held else {},
        units=units,
        side=side,
    )


def _word(column: str) -> str:
    return re.sub(r"[\s_.\-\[\]]", "", column).lower()

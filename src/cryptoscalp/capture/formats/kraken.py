"""Kraken's downloadable history: time and sales (`XBTUSD.csv`), OHLCVT (`XBTUSD_60.csv`).

Neither has a header or ids; trades do not say who the aggressor was. Symbols are stored as
Kraken's messages write them, XBT/USD for the XBTUSD of a file name.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final

from cryptoscalp.capture.formats.csv_head import Head
from cryptoscalp.capture.formats.csv_tables import csv_format
from cryptoscalp.capture.formats.found import Found
from cryptoscalp.capture.formats.intervals import interval_of
from cryptoscalp.capture.formats.layout import Layout
from cryptoscalp.capture.formats.pairs import base_and_quote
from cryptoscalp.capture.formats.reading import Options, Sample
from cryptoscalp.market.names import venue_spelling

_TRADE: Final = ("timestamp", "price", "volume")
_CANDLE: Final = ("timestamp", "open", "high", "low", "close", "volume", "trade_count")
_NAME: Final = re.compile(r"(?P<symbol>[A-Z0-9.]+?)(_(?P<minutes>\d+))?(\.csv)?")
_TIME: Final = re.compile(r"[0-9]{9,10}(\.[0-9]+)?")


def _recognise(head: Head, options: Options) -> Found | None:
    fields = {len(_TRADE): _TRADE, len(_CANDLE): _CANDLE}.get(len(head.columns))
    if fields is None or head.header or not _TIME.fullmatch(head.first[0]):
        return None
    constants = {"exchange": "kraken"}
    named = _NAME.fullmatch(head.item.name)
    if named is not None:
        pair = base_and_quote(named["symbol"])
        constants |= {"symbol": venue_spelling(*pair, None, "kraken")} if pair else {}
    interval = interval_of(f"{named['minutes']}m") if named and named["minutes"] else None
    if fields is _CANDLE and interval:
        constants["interval"] = interval
    layout = Layout(
        kind="candles" if fields is _CANDLE else "trades",
        columns=dict(zip(fields, head.columns, strict=True)),
        constants=constants,
        units={"timestamp": "s"},
    )
    return Found(layout)


def _knows(sample: Sample) -> bool:
    # Three columns of numbers may be anybody's.
    return "kraken" in PurePath(sample.item.path).as_posix().lower()


FORMAT: Final = csv_format(
    "kraken", "Kraken's downloadable history: time and sales, OHLCVT", _recognise, knows=_knows
)

"""CSV files of OKX's public data: `BTC-USDT-aggtrades-2023-11-18.csv`, `BTC-USDT-trades-….csv`.

Each column has an English and a Chinese name (`price/…`), and in the files on offer the second
half is no text in any encoding: columns are known by the first.
"""

from __future__ import annotations

import re
from typing import Final

from cryptoscalp.capture.formats.csv_head import Head
from cryptoscalp.capture.formats.csv_tables import csv_format
from cryptoscalp.capture.formats.found import Found
from cryptoscalp.capture.formats.layout import Layout
from cryptoscalp.capture.formats.reading import Options

_COLUMNS: Final = {
    "sequence": "trade_id",
    "side": "side",
    "volume": "size",
    "price": "price",
    "timestamp": "created_time",
}
_NAME: Final = re.compile(
    r"(?P<symbol>[A-Z0-9]+-[A-Z0-9-]+)-(?P<what>aggtrades|trades)-\d{4}-\d{2}-\d{2}"
)


def _recognise(head: Head, options: Options) -> Found | None:
    english = {column.split("/")[0]: column for column in head.columns}
    if not set(_COLUMNS.values()) <= english.keys():
        return None
    columns = {field: english[name] for field, name in _COLUMNS.items()}
    named = _NAME.search(head.item.name)
    aggregated = named is not None and named["what"] == "aggtrades"
    constants = {"exchange": "okx", "feed": "agg_trade" if aggregated else "trade"}
    if "instrument_name" in english:
        columns["symbol"] = english["instrument_name"]
    elif named is not None:
        constants["symbol"] = named["symbol"]
    return Found(Layout(kind="trades", columns=columns, constants=constants))


FORMAT: Final = csv_format("okx", "CSV files of OKX's public data: trades, aggtrades", _recognise)

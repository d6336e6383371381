"""CSV datasets of Tardis: trades, quotes, book_snapshot_N (its best levels), derivative_ticker."""

from __future__ import annotations

from typing import Final

from cryptoscalp.capture.formats.csv_head import Head
from cryptoscalp.capture.formats.csv_tables import csv_format
from cryptoscalp.capture.formats.found import Found
from cryptoscalp.capture.formats.layout import Kind, Layout, Unit
from cryptoscalp.capture.formats.reading import Options, Proof
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.capture.venues.binance import COIN_M, USD_M

#: Tardis's names of venues that differ from their exchange ids; all others are kept as written.
#: OKX's markets are one exchange: its symbols tell spot, swaps and futures apart.
EXCHANGES: Final = {
    "binance-futures": USD_M,
    "binance-delivery": COIN_M,
    "binance-us": "binanceus",
    "bybit-spot": "bybitspot",
    "okex": "okx",
    "okex-swap": "okx",
    "okex-futures": "okx",
    "okex-options": "okx",
    "okex-spreads": "okx",
    "cryptofacilities": "krakenfutures",
}
_ROW: Final = {
    "exchange": "exchange",
    "symbol": "symbol",
    "timestamp": "timestamp",
    "received_at": "local_timestamp",
}
_TRADE: Final = {"sequence": "id", "side": "side", "price": "price", "volume": "amount"}
_QUOTE: Final = {
    "bid_price": "bid_price",
    "bid_volume": "bid_amount",
    "ask_price": "ask_price",
    "ask_volume": "ask_amount",
}
_BEST_LEVELS: Final = {
    "bid_price": "bids[0].price",
    "bid_volume": "bids[0].amount",
    "ask_price": "asks[0].price",
    "ask_volume": "asks[0].amount",
}
_DERIVATIVE: Final = {
    "mark_price": "mark_price",
    "index_price": "index_price",
    "funding_rate": "funding_rate",
    "predicted_rate": "predicted_funding_rate",
    "funding_time": "funding_timestamp",
}
_CONTENTS: Final[tuple[tuple[Kind, dict[str, str], dict[str, str]], ...]] = (
    ("trades", _TRADE, {}),
    ("quotes", _BEST_LEVELS, {"source": "snapshot"}),
    ("quotes", _QUOTE, {"source": "ticker"}),
    ("derivatives", _DERIVATIVE, {}),
)


def _recognise(head: Head, options: Options) -> Found | None:
    if not head.has(*_ROW.values()):
        return None
    for kind, columns, constants in _CONTENTS:
        if head.has(*columns.values()):
            units: dict[str, Unit] = dict.fromkeys(("timestamp", "received_at"), "us")
            if kind == "derivatives":
                units["funding_time"] = "us"
            layout = Layout(
                kind=kind,
                columns=_ROW | columns,
                constants=constants,
                units=units,
                exchanges=EXCHANGES,
            )
            return Found(layout, _proof(head))
    return None


def _proof(head: Head) -> Proof:
    """Binance counts its trades by one; of other venues' ids that is not known."""
    at = head.columns.index("exchange")
    counts = len(head.first) > at and head.first[at].startswith("binance")
    return Proof(trades=Continuity.CONSECUTIVE_IDS) if counts else Proof()


FORMAT: Final = csv_format(
    "tardis",
    "CSV datasets of Tardis: trades, quotes, book_snapshot_N, derivative_ticker",
    _recognise,
)

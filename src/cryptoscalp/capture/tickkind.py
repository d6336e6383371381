"""What differs between the two tick tables for the code that writes both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString

_PROVENANCE: Final = ("received_at", "batch_id")


@dataclass(frozen=True, slots=True)
class TickKind:
    """One tick table: its stream column and type, its content, and what the writer copies."""

    table: LiteralString
    lock: LiteralString
    stream: LiteralString
    stream_type: LiteralString
    content: tuple[LiteralString, ...]
    setting: LiteralString
    merge_newest: LiteralString

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that COPY sends, in order."""
        identity = ("timestamp", "symbol", "exchange", self.stream, "sequence")
        return (*identity, *self.content, *_PROVENANCE)


TRADES: Final = TickKind(
    table="market_data",
    lock="trades",
    stream="feed",
    stream_type="trade_feed",
    content=("price", "volume", "side"),
    setting="cryptoscalp.declared_trades",
    merge_newest="merge_newest_trades",
)
QUOTES: Final = TickKind(
    table="order_book_l1",
    lock="quotes",
    stream="source",
    stream_type="quote_source",
    content=("bid_price", "bid_volume", "ask_price", "ask_volume"),
    setting="cryptoscalp.declared_quotes",
    merge_newest="merge_newest_quotes",
)

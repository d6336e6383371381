"""The market subject's tables, as SQLAlchemy Core metadata.

Read for their comments: each table and column says what it holds, in which unit.
"""

from cryptoscalp.market.tables.candles import candles
from cryptoscalp.market.tables.columns import metadata
from cryptoscalp.market.tables.instruments import exchanges, instrument_revisions, instruments
from cryptoscalp.market.tables.ledger import batch_streams, batches, coverage, quarantine
from cryptoscalp.market.tables.maps import import_maps
from cryptoscalp.market.tables.newest import newest_quotes, newest_trades
from cryptoscalp.market.tables.states import funding_rates, mark_prices
from cryptoscalp.market.tables.ticks import market_data, order_book_l1

__all__ = [
    "batch_streams",
    "batches",
    "candles",
    "coverage",
    "exchanges",
    "funding_rates",
    "import_maps",
    "instrument_revisions",
    "instruments",
    "mark_prices",
    "market_data",
    "metadata",
    "newest_quotes",
    "newest_trades",
    "order_book_l1",
    "quarantine",
]

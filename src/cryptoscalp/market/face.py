"""`db.market`: everything about market data that a caller reads or corrects."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.market.batches import batches, undo_batch
from cryptoscalp.market.candles import candles
from cryptoscalp.market.events import events, trades_with_quotes
from cryptoscalp.market.instruments import add_instrument, instruments, set_instrument
from cryptoscalp.market.newest import last_trade, latest, newest_quotes
from cryptoscalp.market.overview import overview
from cryptoscalp.market.partitions import ensure_partitions, list_partitions
from cryptoscalp.market.ranges import funding_rates, mark_prices, quotes, trades
from cryptoscalp.market.received import coverage, gaps, quarantined


class Market(Face[D_co]):
    """Quotes, trades, candles, mark prices, funding rates, coverage, batches, partitions."""

    __slots__ = ()

    latest = operation(latest, retry=True)
    last_trade = operation(last_trade, retry=True)
    newest_quotes = operation(newest_quotes, retry=True)
    trades = operation(trades, retry=True)
    quotes = operation(quotes, retry=True)
    mark_prices = operation(mark_prices, retry=True)
    funding_rates = operation(funding_rates, retry=True)
    events = operation(events, retry=True)
    trades_with_quotes = operation(trades_with_quotes, retry=True)
    candles = operation(candles, retry=True)
    coverage = operation(coverage, retry=True)
    gaps = operation(gaps, retry=True)
    quarantined = operation(quarantined, retry=True)
    instruments = operation(instruments, retry=True)
    add_instrument = operation(add_instrument, transaction=True, retry=True)
    set_instrument = operation(set_instrument, transaction=True, retry=True)
    batches = operation(batches, retry=True)
    undo_batch = operation(undo_batch, transaction=True, retry=False)
    overview = operation(overview, retry=True)
    partitions = operation(list_partitions, retry=True)
    ensure_partitions = operation(ensure_partitions, retry=True)

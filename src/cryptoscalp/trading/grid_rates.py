"""Flow: last prices of instruments, and rates between currencies, on a grid of moments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Final

import numpy as np

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.infra.db.queries import query
from cryptoscalp.market.buckets import STORED_SECONDS
from cryptoscalp.trading.grid_types import Floats, Instrument, Moments
from cryptoscalp.trading.grid_values import Prices, last_prices, newest

_ROOM: Final = "cryptoscalp.trading"
_ALL_PRICES: Final = query(_ROOM, "grid_prices")
_NEWEST_PRICES: Final = query(_ROOM, "grid_newest_prices")
#: Candles of one second are too many for a grid of whole minutes; their minute's say the same.
_INTERVALS: Final = {name: seconds for name, seconds in STORED_SECONDS.items() if seconds > 1}
_FEW: Final = 3


def prices_on(used: Collection[Instrument], moments: Moments) -> Flow[dict[Instrument, Prices]]:
    """The last price of each instrument at each moment."""
    if not used:
        return {}
    wanted = sorted(used)
    few = moments.count <= _FEW or moments.step_s > 60
    found = yield from rows(
        _NEWEST_PRICES if few else _ALL_PRICES,
        {
            "symbols": [one.symbol for one in wanted],
            "exchanges": [one.exchange for one in wanted],
            "intervals": list(_INTERVALS),
            "seconds": list(_INTERVALS.values()),
            "first": moments.first,
            "last": moments.last,
            "step_s": moments.step_s,
        },
    )
    table = np.array(found, dtype=np.float64).reshape(-1, 5)
    return {
        one: last_prices(table[table[:, 0] == n, 1:], moments)
        for n, one in enumerate(wanted, start=1)
    }


def rates_on(
    needed: Collection[tuple[str, str]],
    moments: Moments,
    prices: dict[Instrument, Prices],
) -> Flow[tuple[dict[tuple[str, str], Floats], dict[tuple[str, str], frozenset[Instrument]]]]:
    """The rate of each pair (from, to) at each moment, and the instruments it depends on.

    From a spot pair of the two, either way round, the one whose price is the newest; where none
    has a price, from two over one currency between. `prices` are those that are known already;
    those that were read are added.
    """
    rates: dict[tuple[str, str], Floats] = {
        pair: np.ones(moments.count) for pair in needed if pair[0] == pair[1]
    }
    pairs: dict[tuple[str, str], frozenset[Instrument]] = {}
    wanted = sorted(set(needed) - rates.keys())
    if not wanted:
        return rates, pairs
    codes = sorted({code for pair in wanted for code in pair})
    found = yield from rows(
        "SELECT symbol::text, exchange::text, base, quote FROM instruments"
        " WHERE settle IS NULL AND inverse IS NOT TRUE AND base IS NOT NULL AND quote IS NOT NULL"
        " AND (base = ANY (%(codes)s) OR quote = ANY (%(codes)s)) ORDER BY exchange, symbol",
        {"codes": codes},
    )
    spot: dict[tuple[str, str], list[tuple[Instrument, bool]]] = defaultdict(list)
    for symbol, exchange, base, quote in found:
        spot[base, quote].append((Instrument(symbol, exchange), False))
        spot[quote, base].append((Instrument(symbol, exchange), True))

    def known(legs: Collection[tuple[str, str]]) -> Flow[None]:
        lacking = {one for leg in legs for one, _ in spot.get(leg, ())} - prices.keys()
        prices.update((yield from prices_on(lacking, moments)))

    def direct(leg: tuple[str, str]) -> Floats:
        return newest(((prices[one], way) for one, way in spot.get(leg, ())), moments.count)

    yield from known(wanted)
    for pair in wanted:
        rates[pair] = direct(pair)
        pairs[pair] = frozenset(one for one, _ in spot.get(pair, ()))
    open_ = [pair for pair in wanted if np.isnan(rates[pair]).any()]
    between = {
        (source, target): sorted(
            {via for code, via in spot if code == source}
            & {via for via, code in spot if code == target}
        )
        for source, target in open_
    }
    yield from known(
        {
            leg
            for (source, target), vias in between.items()
            for via in vias
            for leg in ((source, via), (via, target))
        }
    )
    for (source, target), vias in between.items():
        for via in vias:
            over = direct((source, via)) * direct((via, target))
            rate = rates[source, target]
            rates[source, target] = np.where(np.isnan(rate), over, rate)
            pairs[source, target] |= {
                one for leg in ((source, via), (via, target)) for one, _ in spot[leg]
            }
    return rates, pairs

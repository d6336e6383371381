"""Flow: what a portfolio holds, line by line, and which prices move each."""

from __future__ import annotations

import re
from decimal import Decimal, localcontext
from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.risk.risk_types import Factor, Line
from cryptoscalp.trading.amounts import rates_json
from cryptoscalp.trading.exact import EXACT, ZERO
from cryptoscalp.trading.types import PortfolioValue, PositionValue, Rates

#: A leg of the path that `conversion` tells: BTC>USDT binance:BTCUSDT@2024-08-08T12:00:00.000000Z.
_LEG: Final = re.compile(r"(\S+)>(\S+) ([^\s:]+):(.+)@\d{4}-\d\d-\d\dT[\d:.]+Z")

_Rate = tuple[Decimal, tuple[Factor, ...] | None]


def lines_of(valued: PortfolioValue, rates: Rates | None = None) -> Flow[list[Line]]:
    """The positions of a valued portfolio, then its free cash in other currencies.

    Raises MissingRate for a currency without a rate at that moment.
    """
    ids = [one.position_id for one in valued.positions]
    found = yield from rows(
        "SELECT p.position_id, p.inverse, p.margined, s.name FROM positions AS p"
        " LEFT JOIN strategies AS s USING (strategy_id) WHERE p.position_id = ANY (%s)",
        (ids,),
    )
    terms = {row[0]: (bool(row[1]), bool(row[2]), row[3]) for row in found}
    base = valued.base_currency
    codes = {one.pnl_currency for one in valued.positions} | {one.currency for one in valued.cash}
    known = yield from _rates(valued, sorted(codes - {base}), rates)
    known[base] = (Decimal(1), ())
    with localcontext(EXACT):
        held = [
            _position(one, terms[one.position_id], known[one.pnl_currency])
            for one in valued.positions
        ]
        cash = [
            Line(
                None, None, None, None, "LONG" if one.free >= 0 else "SHORT", one.currency, None,
                None, abs(one.free), one.free, known[one.currency][0],
                one.free * known[one.currency][0], False, None, known[one.currency][1],
            )
            for one in valued.cash
            if one.currency != base and one.free
        ]  # fmt: skip
    return held + cash


def _position(one: PositionValue, terms: tuple[bool, bool, str | None], known: _Rate) -> Line:
    inverse, margined, strategy = terms
    rate, behind = known
    signed = one.notional if one.side == "LONG" else -one.notional
    return Line(
        position_id=one.position_id,
        strategy=strategy,
        symbol=one.symbol,
        exchange=one.exchange,
        side=one.side,
        currency=one.pnl_currency,
        price=one.price,
        priced_at=one.priced_at,
        notional=one.notional,
        # A derivative is worth what it has gained, inventory what it would bring.
        worth=one.unrealized_pnl if margined else signed,
        rate=rate,
        exposure=one.notional_value if one.side == "LONG" else ZERO - one.notional_value,
        inverse=inverse,
        moved_by=Factor(one.symbol, one.exchange),
        rate_by=behind,
    )


def _rates(valued: PortfolioValue, codes: list[str], rates: Rates | None) -> Flow[dict[str, _Rate]]:
    if not codes:
        return {}
    base = valued.base_currency
    found = yield from rows(
        "SELECT asked.code, known.rate, known.path FROM unnest(%s::text[]) AS asked (code)"
        " CROSS JOIN LATERAL conversion(asked.code, %s, %s, %s, %s::jsonb, NULL) AS known",
        (codes, base, valued.at, base, rates_json(rates)),
    )
    legs = {code: _legs(path) for code, _, path in found}
    pairs = sorted({(leg[3], leg[2]) for one in legs.values() for leg in one or ()})
    bases = yield from rows(
        "SELECT i.symbol::text, i.exchange::text, i.base FROM instruments AS i"
        " JOIN unnest(%s::text[], %s::text[]) AS asked (symbol, exchange)"
        " ON i.symbol = asked.symbol AND i.exchange = asked.exchange",
        ([symbol for symbol, _ in pairs], [exchange for _, exchange in pairs]),
    )
    base_of = {(symbol, exchange): code for symbol, exchange, code in bases}
    return {code: (rate, _factors(legs[code], base_of)) for code, rate, _ in found}


def _legs(path: str) -> list[tuple[str, str, str, str]] | None:
    """The legs of a path: from, to, exchange, symbol; None where the market is not behind one."""
    found = [_LEG.fullmatch(part) for part in path.split(", ")]
    legs = [one.groups() for one in found if one]
    if len(legs) < len(found):
        return None
    return [(one[0], one[1], one[2], one[3]) for one in legs]


def _factors(
    legs: list[tuple[str, str, str, str]] | None, base_of: dict[tuple[str, str], str]
) -> tuple[Factor, ...] | None:
    if legs is None:
        return None
    return tuple(
        Factor(symbol, exchange, inverted=base_of.get((symbol, exchange)) != source)
        for source, _, exchange, symbol in legs
    )

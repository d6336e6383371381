"""Flow: the fills that stand in the books, neither taken back nor taking back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.trading.types import Fill, Portfolio

# A fill's rates are those it was booked with, of what is not reckoned from its own price.
_STANDING: Final = """
SELECT t.trade_id, t.symbol, t.exchange, t.exchange_trade_id, t.timestamp, t.side::text,
       trim_scale(t.quantity), trim_scale(t.price), trim_scale(t.commission),
       t.commission_currency::text, t.liquidity::text, s.name, p.hedge_side::text,
       t.exchange_order_id, t.model_id, t.note,
       (SELECT jsonb_object_agg(known.currency, trim_scale(known.rate)::text)
        FROM (SELECT t.pnl_currency::text AS currency, t.base_rate::numeric AS rate
              UNION ALL SELECT l.currency::text, l.rate FROM cash_ledger AS l
              WHERE l.trade_id = t.trade_id AND l.kind = 'FEE') AS known
        WHERE known.currency <> %(base)s
          AND NOT (known.currency = i.base AND NOT p.margined)) AS rates
FROM trades AS t
JOIN positions AS p ON p.position_id = coalesce(t.opens_position_id, t.closes_position_id)
JOIN instruments AS i ON i.symbol = t.symbol AND i.exchange = t.exchange
LEFT JOIN strategies AS s ON s.strategy_id = t.strategy_id
WHERE t.portfolio_id = %(portfolio)s AND t.kind <> 'REVERSAL'
  AND NOT EXISTS (SELECT FROM trades AS r WHERE r.reverses_trade_id = t.trade_id)
  AND (%(symbol)s::text IS NULL OR t.symbol = %(symbol)s)
  AND (%(exchange)s::text IS NULL OR t.exchange = %(exchange)s)
  AND ((%(start)s::timestamptz IS NULL OR t.timestamp >= %(start)s)
       AND (%(end)s::timestamptz IS NULL OR t.timestamp < %(end)s)
       OR t.exchange_trade_id = ANY (%(ids)s))
ORDER BY t.timestamp, t.trade_id
"""


@dataclass(frozen=True, slots=True)
class StandingFill:
    """A fill that stands in the books, and the trade that it is booked as.

    Its `rates` are those it was booked with, in the portfolio's base currency.
    """

    trade_id: int
    fill: Fill


def standing_fills(
    account: Portfolio,
    symbol: str | None = None,
    exchange: str | None = None,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    ids: Collection[str] = (),
) -> Flow[list[StandingFill]]:
    """Fills of a portfolio that stand, by time; adjustments are some, reversals are none.

    `symbol` is the venue's; `start` is included, `end` is not. Fills whose venue ids are among
    `ids` are there whenever they were.
    """
    found = yield from rows(
        _STANDING,
        {
            "portfolio": account.portfolio_id,
            "base": account.base_currency,
            "symbol": symbol,
            "exchange": exchange,
            "start": start,
            "end": end,
            "ids": list(ids),
        },
        prepare=False,
    )
    return [_standing(row) for row in found]


def booked_ids(
    account: Portfolio, symbol: str, exchange: str, ids: Collection[str]
) -> Flow[set[tuple[str, str]]]:
    """(venue's id, side) of those ids that fills are booked under, also of such as taken back."""
    found = yield from rows(
        "SELECT exchange_trade_id, side::text FROM trades WHERE portfolio_id = %s AND exchange = %s"
        " AND symbol = %s AND exchange_trade_id = ANY (%s) AND kind <> 'REVERSAL'",
        (account.portfolio_id, exchange, symbol, list(ids)),
    )
    return {(row[0], row[1]) for row in found}


def _standing(row: Row) -> StandingFill:
    (
        trade_id, symbol, exchange, name, at, side, quantity, price, fee, currency, liquidity,
        strategy, sided, order, model_id, note, rates,
    ) = row  # fmt: skip
    fields: dict[str, Any] = {
        "liquidity": liquidity, "strategy": strategy, "position_side": sided,
        "exchange_order_id": order, "model_id": model_id, "note": note,
    }  # fmt: skip
    return StandingFill(
        trade_id,
        Fill(
            symbol, exchange, name, at, side, quantity, price, fee, currency,
            rates={key: Decimal(rate) for key, rate in rates.items()} if rates else None, **fields,
        ),
    )  # fmt: skip

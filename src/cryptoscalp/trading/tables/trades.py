"""Trades: the account's own fills, append-only; corrections are further rows."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text, text

from cryptoscalp.market.tables.columns import (
    exchange,
    moment,
    price,
    quantity,
    symbol,
    trade_side,
)
from cryptoscalp.trading.tables.columns import (
    amount,
    currency,
    key,
    liquidity,
    metadata,
    of_exchange,
    of_instrument,
    of_model_version,
    recorded_at,
    reference,
    refers,
    refers_named,
    trade_kind,
)

trades = Table(
    "trades",
    metadata,
    key("trade_id", "its number; of one instrument in a portfolio, the order of booking"),
    moment("timestamp", "execution time by the exchange"),
    symbol(),
    exchange(),
    Column("side", trade_side, nullable=False, comment="what the account did"),
    quantity("quantity", "executed size, base currency or contracts"),
    price("price", "execution price, quote currency"),
    amount("commission", "fee in commission_currency; below zero for a rebate",
           server_default="0"),
    amount("pnl", "realized by what it closed, before commission, in pnl_currency",
           server_default="0"),
    reference("portfolio_id", "portfolio that it belongs to"),
    reference("strategy_id", "strategy that it belongs to; NULL for none", nullable=True),
    reference("order_id", "order that it fills, where the books know it", nullable=True),
    Column("kind", trade_kind, nullable=False, server_default="FILL",
           comment="ADJUSTMENT: booked to agree with the venue; REVERSAL: takes another one back"),
    Column("exchange_trade_id", Text, comment="the venue's id; NULL for a REVERSAL"),
    Column("revision", Integer, nullable=False, server_default="0",
           comment="counts the fills booked under one id after the earlier ones were reversed"),
    reference("reverses_trade_id", "the trade that a REVERSAL takes back", nullable=True),
    Column("exchange_order_id", Text, comment="the venue's order id, where the fill says it"),
    Column("liquidity", liquidity, comment="MAKER or TAKER; NULL where not said"),
    amount("notional", "quantity at price, in pnl_currency, rounded once"),
    currency("pnl_currency", "settlement currency; of a spot pair its quote currency"),
    currency("commission_currency", "currency of the fee; NULL without one", nullable=True),
    price("commission_rate", "pnl_currency a unit of commission_currency", nullable=True),
    amount("commission_value", "commission in pnl_currency", server_default="0"),
    price("base_rate", "units of the portfolio's base currency a unit of pnl_currency, then"),
    reference("closes_position_id", "position that it reduces or closes", nullable=True),
    quantity("closed_quantity", "how much of it"),
    amount("closed_cost", "cost basis that leaves it", server_default="0"),
    amount("closed_value", "the closed part at this trade's price", server_default="0"),
    reference("opens_position_id", "position that it opens or increases", nullable=True),
    quantity("opened_quantity", "by how much"),
    amount("opened_cost", "cost basis that enters it", server_default="0"),
    Column("model_id", BigInteger, comment="model version that decided"),
    Column("note", Text, comment="why, for adjustments and reversals"),
    recorded_at(),
    of_exchange(),
    of_instrument(),
    of_model_version(),
    refers("portfolio_id", "portfolios.portfolio_id"),
    refers("strategy_id", "strategies.strategy_id"),
    refers("order_id", "orders.order_id"),
    refers("reverses_trade_id", "trades.trade_id"),
    refers_named("closes_position_id", "positions.position_id", "fk_trades_closes_position"),
    refers_named("opens_position_id", "positions.position_id", "fk_trades_opens_position"),
    CheckConstraint("quantity > 0 AND price > 0 AND notional > 0 AND base_rate > 0"
                    " AND (commission = 0 OR (commission_currency IS NOT NULL"
                    " AND commission_rate IS NOT NULL))", name="chk_trade_amounts"),
    CheckConstraint("(kind = 'REVERSAL') = (reverses_trade_id IS NOT NULL)"
                    " AND (kind = 'REVERSAL') = (exchange_trade_id IS NULL)"
                    " AND closed_quantity >= 0 AND opened_quantity >= 0"
                    " AND closed_quantity + opened_quantity > 0"
                    " AND (closes_position_id IS NULL) = (closed_quantity = 0)"
                    " AND (opens_position_id IS NULL) = (opened_quantity = 0)",
                    name="chk_trade_effect"),
    Index("trades_symbol_timestamp_idx", "symbol", "timestamp", postgresql_using="brin"),
    Index("trades_portfolio_symbol_timestamp_idx", "portfolio_id", "symbol", "timestamp"),
    Index("trades_venue_id_idx", "portfolio_id", "exchange", "symbol", "exchange_trade_id", "side",
          "revision", unique=True, postgresql_where=text("kind <> 'REVERSAL'")),
    Index("trades_reverses_trade_id_idx", "reverses_trade_id", unique=True,
          postgresql_where=text("reverses_trade_id IS NOT NULL")),
    Index("trades_closes_position_id_idx", "closes_position_id",
          postgresql_where=text("closes_position_id IS NOT NULL")),
    Index("trades_opens_position_id_idx", "opens_position_id",
          postgresql_where=text("opens_position_id IS NOT NULL")),
    Index("trades_order_id_idx", "order_id", postgresql_where=text("order_id IS NOT NULL")),
    comment="The account's fills, append-only; one row a fill, also where it flips a position.",
)  # fmt: skip

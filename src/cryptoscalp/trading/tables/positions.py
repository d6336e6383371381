"""Positions: one row a cycle, from the fill that opens it to the one that closes it (S12, S23)."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Numeric, Table, text

from cryptoscalp.market.tables.columns import exchange, moment, price, quantity, symbol
from cryptoscalp.market.tables.columns import quantity_type as _quantity
from cryptoscalp.trading.tables.columns import (
    amount,
    currency,
    key,
    metadata,
    of_exchange,
    of_instrument,
    position_side,
    position_status,
    reference,
    refers,
)

_OPEN = "status IN ('OPEN', 'PARTIAL')"

positions = Table(
    "positions",
    metadata,
    key("position_id", "its number"),
    moment("timestamp", "time of the last fill that changed it"),
    symbol(),
    exchange(),
    Column("side", position_side, nullable=False, comment="LONG or SHORT"),
    quantity("quantity", "total entered in this cycle, base currency or contracts"),
    price("entry_price", "average price of what is open; the last one, once it is closed"),
    price("current_price", "price that it was last marked with"),
    amount("unrealized_pnl", "of what is open at current_price, in pnl_currency; by a trigger",
           server_default="0"),
    price("stop_loss", "price at which to give up", nullable=True),
    price("take_profit", "price at which to take the profit", nullable=True),
    Column("status", position_status, nullable=False, server_default="OPEN",
           comment="PARTIAL once something of it was closed"),
    reference("portfolio_id", "portfolio that holds it"),
    reference("strategy_id", "strategy that opened it; NULL for none", nullable=True),
    Column("hedge_side", position_side,
           comment="its side in a HEDGING portfolio, NULL in a NETTING one"),
    Column("closed_quantity", _quantity, nullable=False, server_default="0",
           comment="of quantity, closed again"),
    # Not GENERATED: PostgreSQL would reckon it anew at every mark, a quarter of its time.
    quantity("open_quantity", "of quantity, still open; by a trigger"),
    amount("cost_basis", "what the open quantity was entered at, exactly, in pnl_currency"),
    amount("exit_value", "what was closed, at the prices it was closed at, in pnl_currency",
           server_default="0"),
    price("exit_price", "average price of what was closed", nullable=True),
    amount("realized_pnl", "of what was closed, before commission and funding, in pnl_currency",
           server_default="0"),
    amount("funding", "payments received (above zero) or made, in pnl_currency",
           server_default="0"),
    currency("pnl_currency", "settlement currency; of a spot pair its quote currency"),
    Column("inverse", Boolean, nullable=False, server_default="false",
           comment="settled in the base currency; terms as they were when it opened"),
    Column("contract_multiplier", Numeric, nullable=False, server_default="1",
           comment="base units (linear) or quote units (inverse) a contract"),
    Column("margined", Boolean, nullable=False, comment="a derivative; false for spot"),
    Column("leverage", Numeric, nullable=False, server_default="1",
           comment="initial margin is notional / leverage"),
    moment("opened_at", "time of the fill that opened it"),
    moment("closed_at", "time of the fill that closed it", nullable=True),
    moment("marked_at", "time of the price it was last marked with", nullable=True),
    of_exchange(),
    of_instrument(),
    refers("portfolio_id", "portfolios.portfolio_id"),
    refers("strategy_id", "strategies.strategy_id"),
    # Few and short: PostgreSQL reads each one anew in every statement, every mark.
    CheckConstraint("quantity > 0 AND closed_quantity >= 0 AND closed_quantity <= quantity"
                    " AND open_quantity = quantity - closed_quantity",
                    name="chk_position_quantity"),
    CheckConstraint("entry_price > 0 AND current_price > 0 AND contract_multiplier > 0"
                    " AND leverage > 0 AND cost_basis >= 0"
                    " AND (exit_price IS NULL OR exit_price > 0)"
                    " AND (stop_loss IS NULL OR stop_loss > 0)"
                    " AND (take_profit IS NULL OR take_profit > 0)"
                    " AND (stop_loss IS NULL OR take_profit IS NULL"
                    " OR CASE side WHEN 'LONG' THEN stop_loss < take_profit"
                    " ELSE take_profit < stop_loss END)", name="chk_position_prices"),
    CheckConstraint("(status = 'OPEN') = (closed_quantity = 0)"
                    " AND (status = 'CLOSED') = (closed_quantity = quantity)"
                    " AND (status = 'CLOSED') = (closed_at IS NOT NULL)"
                    " AND (status <> 'CLOSED' OR cost_basis = 0)"
                    " AND (hedge_side IS NULL OR hedge_side = side)"
                    " AND (marked_at IS NULL OR (marked_at >= '2009-01-03 00:00:00+00'"
                    " AND marked_at < 'infinity'))", name="chk_position_status"),
    Index("positions_symbol_status_idx", "symbol", "status"),
    Index("active_positions_idx", "portfolio_id", "symbol", "exchange",
          postgresql_where=text(_OPEN)),
    Index("positions_one_open_idx", "portfolio_id", "strategy_id", "symbol", "exchange",
          "hedge_side", unique=True, postgresql_where=text(_OPEN),
          postgresql_nulls_not_distinct=True),
    Index("positions_portfolio_id_idx", "portfolio_id", "opened_at"),
    comment="Positions, one row a cycle. Written by record_fill() only; marks and stops may be"
    " updated.",
    # Marks rewrite a row in place (HOT): none of their columns is indexed.
    postgresql_with={"fillfactor": 50},
)  # fmt: skip

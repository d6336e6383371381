"""Cash: the append-only ledger, its balances, and funding payments (S17)."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from cryptoscalp.market.tables.columns import exchange, moment, price, quantity, symbol
from cryptoscalp.trading.tables.columns import (
    amount,
    cash_kind,
    currency,
    key,
    metadata,
    of_exchange,
    of_instrument,
    position_side,
    recorded_at,
    reference,
    refers,
)

cash_ledger = Table(
    "cash_ledger",
    metadata,
    key("entry_id", "its number"),
    moment("timestamp", "when it happened"),
    reference("portfolio_id", "portfolio whose cash it is"),
    currency("currency", "currency of amount"),
    amount("amount", "what came in (above zero) or went out"),
    Column("kind", cash_kind, nullable=False, comment="what it is; TRADE: a leg of a spot fill"),
    price("rate", "units of the portfolio's base currency a unit of currency, at that time"),
    Column("conversion_path", Text, nullable=False, comment="where the rate is from"),
    amount("base_amount", "amount in the portfolio's base currency, rounded once"),
    Column("reference", Text, comment="the caller's id of a transfer or adjustment"),
    reference("trade_id", "the fill that it belongs to", nullable=True),
    reference("funding_id", "the funding payment that it is", nullable=True),
    Column("note", Text, comment="why, for adjustments"),
    recorded_at(),
    refers("portfolio_id", "portfolios.portfolio_id"),
    refers("trade_id", "trades.trade_id"),
    refers("funding_id", "funding_payments.funding_id"),
    CheckConstraint("amount <> 0 AND rate > 0"
                    " AND (kind <> 'DEPOSIT' OR amount > 0)"
                    " AND (kind <> 'WITHDRAWAL' OR amount < 0)"
                    " AND (kind IN ('TRADE', 'REALIZED_PNL', 'FEE')) = (trade_id IS NOT NULL)"
                    " AND (kind = 'FUNDING') = (funding_id IS NOT NULL)"
                    " AND (kind IN ('DEPOSIT', 'WITHDRAWAL', 'ADJUSTMENT'))"
                    " = (reference IS NOT NULL)", name="chk_cash_entry"),
    Index("cash_ledger_balance_idx", "portfolio_id", "currency", "timestamp",
          postgresql_include=["amount"]),
    Index("cash_ledger_reference_idx", "portfolio_id", "kind", "reference", unique=True,
          postgresql_where=text("reference IS NOT NULL")),
    Index("cash_ledger_trade_id_idx", "trade_id", postgresql_where=text("trade_id IS NOT NULL")),
    Index("cash_ledger_funding_id_idx", "funding_id", unique=True,
          postgresql_where=text("funding_id IS NOT NULL")),
    comment="Every movement of cash, append-only; a spot fill moves two currencies.",
)  # fmt: skip

cash_balances = Table(
    "cash_balances",
    metadata,
    reference("portfolio_id", "portfolio whose cash it is"),
    currency("currency", "currency of balance"),
    amount("balance", "sum of the ledger's amounts"),
    Column("entries", BigInteger, nullable=False, comment="number of the ledger's rows"),
    PrimaryKeyConstraint("portfolio_id", "currency"),
    refers("portfolio_id", "portfolios.portfolio_id"),
    comment="Balance of each currency; kept by a trigger on cash_ledger.",
    postgresql_with={"fillfactor": 50},
)

funding_payments = Table(
    "funding_payments",
    metadata,
    key("funding_id", "its number"),
    moment("timestamp", "funding time"),
    symbol(),
    exchange(),
    reference("portfolio_id", "portfolio that paid or received"),
    reference("strategy_id", "strategy of the position; NULL for none", nullable=True),
    Column("position_side", position_side, comment="side meant, in a HEDGING portfolio"),
    reference("position_id", "position that it was paid for, where one is known", nullable=True),
    quantity("funding_rate", "fraction of notional; longs pay where it is above zero",
             nullable=True),
    price("mark_price", "price that notional was reckoned with", nullable=True),
    quantity("quantity", "open quantity that it was reckoned on", nullable=True),
    amount("amount", "received (above zero) or paid, in currency"),
    currency("currency", "settlement currency"),
    recorded_at(),
    of_exchange(),
    of_instrument(),
    refers("portfolio_id", "portfolios.portfolio_id"),
    refers("strategy_id", "strategies.strategy_id"),
    refers("position_id", "positions.position_id"),
    CheckConstraint("amount <> 0", name="chk_funding_amount"),
    Index("funding_payments_once_idx", "portfolio_id", "strategy_id", "symbol", "exchange",
          "position_side", "timestamp", unique=True, postgresql_nulls_not_distinct=True),
    Index("funding_payments_position_id_idx", "position_id",
          postgresql_where=text("position_id IS NOT NULL")),
    comment="Funding paid and received for perpetual contracts, append-only.",
)  # fmt: skip

"""Market regimes as they were knowable then, and where the reckoning stands."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from cryptoscalp.adaptation.tables.columns import metadata, regime_type
from cryptoscalp.market.tables import instruments
from cryptoscalp.market.tables.columns import candle_interval, exchange, moment, symbol
from cryptoscalp.registry.tables.columns import document, double, key, recorded_at


def _of_instrument() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["symbol", "exchange"], [instruments.c.symbol, instruments.c.exchange], ondelete="RESTRICT"
    )


market_regimes = Table(
    "market_regimes",
    metadata,
    key("regime_id", "its number"),
    moment("timestamp", "since when: the end of the candle with which it became known"),
    symbol(),
    Column("regime_type", regime_type, nullable=False, comment="which"),
    double("confidence", "0 to 1, when it began"),
    document("features", "what decided: volatility, trend strength, drawdown, spread, rule",
             nullable=False),
    Column("duration_minutes", Integer, nullable=False, server_default="0",
           comment="whole minutes from timestamp to the end of the last candle seen in it"),
    exchange(),
    Column("interval", candle_interval, nullable=False, comment="candles that it is reckoned on"),
    recorded_at(),
    _of_instrument(),
    UniqueConstraint("symbol", "exchange", "interval", "timestamp"),
    CheckConstraint("confidence >= 0 AND confidence <= 1 AND duration_minutes >= 0",
                    name="chk_regime"),
    comment="Regimes one after the other; the one at t is the last with timestamp <= t. A label is"
    " never changed afterwards, only its duration goes on.",
)  # fmt: skip

regime_states = Table(
    "regime_states",
    metadata,
    symbol(),
    exchange(),
    Column("interval", candle_interval, nullable=False, comment="candles that it is reckoned on"),
    moment("through", "end of the last candle taken in", nullable=True),
    document(
        "state",
        "what the online rule carries from candle to candle",
        nullable=False,
        server_default=text("'{}'::jsonb"),
    ),
    document("rule", "name and parameters of the rule", nullable=False),
    moment("created_at", "when it was asked for", server_default=text("now()")),
    moment("announced_from", "changes before it make no event", server_default=text("now()")),
    moment("updated_at", "when it last took in a candle", nullable=True),
    moment("stopped_at", "when it was stopped; NULL while it goes on", nullable=True),
    PrimaryKeyConstraint("symbol", "exchange", "interval"),
    _of_instrument(),
    comment="Instruments whose regimes are reckoned, and where the reckoning stands.",
)

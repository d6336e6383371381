"""Risk of portfolios and their parts, with the method that says so (S16)."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Integer, PrimaryKeyConstraint, Table, Text

from cryptoscalp.market.tables.columns import moment
from cryptoscalp.registry.tables.columns import document, double, finite, recorded_at, refers
from cryptoscalp.risk.tables.columns import metadata, method_columns, risk_level
from cryptoscalp.trading.tables import portfolios
from cryptoscalp.trading.tables.columns import amount, currency, reference

risk_metrics = Table(
    "risk_metrics",
    metadata,
    reference("portfolio_id", "whose risk it is"),
    moment("timestamp", "as of when positions and prices are"),
    *method_columns(),
    Column("revision", Integer, nullable=False, server_default="0",
           comment="above 0: reckoned again, and other than before, as late data came in"),
    Column("sign", Text, nullable=False, server_default="LOSS_POSITIVE",
           comment="of VaR and expected shortfall: a loss is above zero"),
    currency("base_currency", "currency of the amounts"),
    amount("portfolio_value", "equity of the whole portfolio, open gains and losses included"),
    amount("total_exposure", "gross notional of the positions meant"),
    amount("net_exposure", "notional of the long less that of the short ones"),
    amount("margin_used", "notional over leverage of derivatives and spot shorts meant"),
    amount("available_margin", "equity less all margin used, of the whole portfolio"),
    double("leverage_ratio", "total_exposure over equity; NULL where equity is not above zero",
           nullable=True),
    double("drawdown", "below the peak now, as a fraction of it; of portfolios", nullable=True),
    double("max_drawdown", "the greatest drawdown since drawdown_since; of portfolios",
           nullable=True),
    moment("drawdown_since", "first moment of the series of drawdowns", nullable=True),
    amount("value_at_risk", "loss over the horizon that is not exceeded with the confidence",
           nullable=True),
    amount("var_95", "the same at 95 %, whatever the confidence", nullable=True),
    amount("expected_shortfall", "mean loss beyond the VaR, at the confidence", nullable=True),
    Column("n", Integer, nullable=False, comment="periods used"),
    Column("excluded", Integer, nullable=False, comment="periods left out: a price was missing"),
    double("coverage", "share of gross exposure that has candles, 0 to 1"),
    moment("data_cut", "end of the last candle used; NULL where none was needed", nullable=True),
    Column("risk_level", risk_level, nullable=False, comment="by the thresholds in parameters"),
    document("components", "each position and currency held, with its part of VaR and shortfall",
             nullable=False),
    document("reasons", "figure and text: why one is NULL, what decided the level",
             nullable=False),
    document("parameters", "what the estimator fitted; thresholds, kind of price, given rates",
             nullable=False),
    recorded_at(),
    PrimaryKeyConstraint("portfolio_id", "timestamp", "scope", "subject", "estimator",
                         "confidence", "horizon", "lookback", "revision"),
    refers("portfolio_id", portfolios.c.portfolio_id),
    CheckConstraint("confidence > 0.5 AND confidence < 1 AND lookback > interval '0'"
                    " AND revision >= 0 AND sign = 'LOSS_POSITIVE'"
                    " AND (scope <> 'PORTFOLIO' OR subject = '')", name="chk_risk_method"),
    CheckConstraint("total_exposure >= 0 AND abs(net_exposure) <= total_exposure"
                    " AND margin_used >= 0 AND n >= 0 AND excluded >= 0"
                    " AND coverage >= 0 AND coverage <= 1", name="chk_risk_amounts"),
    CheckConstraint(finite("leverage_ratio") + " AND (drawdown IS NULL) = (max_drawdown IS NULL)"
                    " AND (drawdown IS NULL OR (drawdown >= 0 AND drawdown <= max_drawdown"
                    " AND max_drawdown <= 1))", name="chk_risk_ratios"),
    CheckConstraint("(value_at_risk IS NULL) = (expected_shortfall IS NULL)"
                    " AND expected_shortfall >= value_at_risk - 1e-9 * abs(value_at_risk)",
                    name="chk_risk_shortfall"),
    CheckConstraint("jsonb_typeof(components) = 'array' AND jsonb_typeof(reasons) = 'array'"
                    " AND jsonb_typeof(parameters) = 'object'"
                    " AND (reasons <> '[]' OR (value_at_risk IS NOT NULL AND var_95 IS NOT NULL"
                    " AND leverage_ratio IS NOT NULL AND max_drawdown IS NOT NULL))",
                    name="chk_risk_documents"),
    CheckConstraint("timestamp <= recorded_at + interval '1 minute'"
                    " AND (data_cut IS NULL OR data_cut <= timestamp)",
                    name="chk_risk_times"),
    comment="What portfolios and their parts may lose, append-only. A figure that is NULL has a"
    " reason.",
)  # fmt: skip

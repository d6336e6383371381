"""Risk metrics as the database keeps them, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from cryptoscalp.infra.db.flow import Row
from cryptoscalp.infra.db.packed import interval
from cryptoscalp.risk.risk_types import (
    Component,
    Factor,
    Line,
    Reason,
    RiskMetrics,
    RiskThresholds,
)
from cryptoscalp.trading.types import PriceKind, Rates

#: Of the stored parameters, what the caller declared.
_DECLARED: Final = ("thresholds", "by", "rates")


def document_of(
    found: RiskMetrics,
    thresholds: RiskThresholds,
    by: PriceKind = "last",
    rates: Rates | None = None,
) -> dict[str, Any]:
    """A row as `record_risk` takes it: money as text, all digits."""
    left_out = {"portfolio", "components", "reasons", "parameters", "revision", "recorded_at"}
    columns = {
        name: _plain(getattr(found, name))
        for name in RiskMetrics.__dataclass_fields__
        if name not in left_out
    }
    return columns | {
        "lookback": interval(found.lookback),
        "components": [component_document(one) for one in found.components],
        "reasons": [asdict(one) for one in found.reasons],
        "parameters": {
            **found.parameters,
            "thresholds": asdict(thresholds),
            "by": by,
            "rates": {code: _plain(rate) for code, rate in rates.items()} if rates else None,
        },
    }


def component_document(one: Component) -> dict[str, Any]:
    """A component with its line, flat."""
    line = one.line
    columns = {name: _plain(getattr(line, name)) for name in Line.__dataclass_fields__}
    return columns | {
        "moved_by": line.moved_by and asdict(line.moved_by),
        "rate_by": None if line.rate_by is None else [asdict(leg) for leg in line.rate_by],
        "covered": one.covered,
        "component_var": one.component_var,
        "component_shortfall": one.component_shortfall,
        "marginal_var": one.marginal_var,
    }


def component_from(found: Mapping[str, Any]) -> Component:
    """The component that a document tells of."""
    moved, behind = found["moved_by"], found["rate_by"]
    line = Line(
        position_id=found["position_id"],
        strategy=found["strategy"],
        symbol=found["symbol"],
        exchange=found["exchange"],
        side=found["side"],
        currency=found["currency"],
        price=None if found["price"] is None else Decimal(found["price"]),
        priced_at=found["priced_at"] and datetime.fromisoformat(found["priced_at"]),
        notional=Decimal(found["notional"]),
        worth=Decimal(found["worth"]),
        rate=Decimal(found["rate"]),
        exposure=Decimal(found["exposure"]),
        inverse=found["inverse"],
        moved_by=moved and Factor(**moved),
        rate_by=None if behind is None else tuple(Factor(**leg) for leg in behind),
    )
    return Component(
        line,
        found["covered"],
        found["component_var"],
        found["component_shortfall"],
        found["marginal_var"],
    )


#: The columns of a row in the order of `metrics_from`; the portfolio's name comes first.
COLUMNS = (
    "m.timestamp, m.scope::text, m.subject, m.estimator::text, m.confidence, m.horizon::text,"
    " m.lookback, m.base_currency::text, trim_scale(m.portfolio_value),"
    " trim_scale(m.total_exposure), trim_scale(m.net_exposure), trim_scale(m.margin_used),"
    " trim_scale(m.available_margin), m.leverage_ratio, m.drawdown, m.max_drawdown,"
    " m.drawdown_since, trim_scale(m.value_at_risk), trim_scale(m.var_95),"
    " trim_scale(m.expected_shortfall), m.n, m.excluded, m.coverage, m.data_cut,"
    " m.risk_level::text, m.components, m.reasons, m.parameters, m.revision, m.recorded_at"
)


def metrics_from(portfolio: str, row: Row) -> RiskMetrics:
    """The metrics that a row of `COLUMNS` tells of; parameters are those of the estimator."""
    *columns, components, reasons, parameters, revision, recorded_at = row
    found = (
        tuple(component_from(one) for one in components),
        tuple(Reason(**one) for one in reasons),
        {key: one for key, one in parameters.items() if key not in _DECLARED},
    )
    return RiskMetrics(*(portfolio, *columns, *found, revision, recorded_at))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat()
    return value

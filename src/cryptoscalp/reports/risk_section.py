"""Value at risk of a report: what was recorded of the portfolio last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.reports.report_types import Listing, Section, percent
from cryptoscalp.reports.wording import ESTIMATORS, figure
from cryptoscalp.risk.recording import history
from cryptoscalp.risk.risk_types import RiskMetrics


def newest_risk(portfolio: str, end: datetime) -> Flow[list[RiskMetrics]]:
    """The metrics of the whole portfolio by every estimator that were recorded last until `end`."""
    until = end + timedelta(microseconds=1)
    found = yield from history(portfolio, end=until, estimator=None)
    return [one for one in found if one.timestamp == found[0].timestamp]


def risk_section(metrics: Sequence[RiskMetrics]) -> Section:
    """A row an estimator: its figures with the method that made them; losses above zero."""
    if not metrics:
        return Section(
            "Value at risk",
            ("None is recorded for this portfolio until then; `cryptoscalp risk record` does.",),
        )
    columns = (
        "estimator", "value at risk", "expected shortfall", "confidence", "horizon",
        "lookback in days", "observations", "data until (UTC)", "to be read with",
    )  # fmt: skip
    rows = tuple(
        (
            ESTIMATORS[one.estimator],
            one.value_at_risk,
            one.expected_shortfall,
            percent(one.confidence),
            one.horizon,
            one.lookback / timedelta(days=1),
            one.n,
            one.data_cut,
            "; ".join(f"{figure(reason.figure)}: {reason.text}" for reason in one.reasons),
        )
        for one in metrics
    )
    first = metrics[0]
    note = (
        f"As of {first.timestamp.isoformat()}, risk level {first.risk_level.lower()}; losses above"
        f" zero, in {first.base_currency}."
    )
    listing = Listing(columns, rows, frozenset(columns[1:7]))
    return Section("Value at risk", (note,), listings=(listing,))

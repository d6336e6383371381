"""The figures that `record_risk` stores: drawdown, value at risk, shortfall."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

from cryptoscalp.infra.db.flow import Flow, rows

#: A row or a price that is older says nothing of now. The job that writes the rows runs every five
#: minutes.
FRESH: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class RiskFigures:
    """Of a portfolio as a whole: drawdown a ratio; 95 % over an hour, in its base currency.

    None: not reckoned.
    """

    at: datetime
    drawdown: Decimal | None
    var: Decimal | None
    expected_shortfall: Decimal | None


#: Gives the newest figures of a portfolio's number; None when there are none.
Figures: TypeAlias = Callable[[int], Flow[RiskFigures | None]]

# The newest moment of the portfolio as a whole at 95 % over an hour, as the job records it. Of
# several estimators the one that says most counts, of several reckonings of one the last.
_NEWEST: Final = """
    SELECT n.timestamp, max(n.drawdown)::numeric, trim_scale(max(n.var_95)::numeric),
           trim_scale(max(n.expected_shortfall)::numeric)
    FROM (
        SELECT DISTINCT ON (r.estimator, r.lookback) r.*
        FROM risk_metrics AS r
        WHERE r.portfolio_id = %(portfolio)s AND r.scope = 'PORTFOLIO' AND r.confidence = 0.95
          AND r.horizon = '1h' AND r.timestamp = (
            SELECT max(newest.timestamp) FROM risk_metrics AS newest
            WHERE newest.portfolio_id = %(portfolio)s AND newest.scope = 'PORTFOLIO'
              AND newest.confidence = 0.95 AND newest.horizon = '1h')
        ORDER BY r.estimator, r.lookback, r.revision DESC) AS n
    GROUP BY n.timestamp
"""


def newest_risk_row(portfolio_id: int) -> Flow[RiskFigures | None]:
    """What `risk_metrics` says last of a portfolio; None where nothing is recorded."""
    found = yield from rows(_NEWEST, {"portfolio": portfolio_id})
    return RiskFigures(*found[0]) if found else None

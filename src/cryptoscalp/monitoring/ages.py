"""Flow: how old what is stored is, at a glance, for `status` and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.logs.log_types import LogCounts
from cryptoscalp.logs.reading import counts

#: When it was last reckoned; risk by the key, which begins with the portfolio: of portfolios with
#: open positions the one that has waited longest, where none has any the newest row.
_RECKONED: Final = """
    SELECT name, extract(epoch FROM now() - at)::float8 FROM (VALUES
        ('performance_analytics', (SELECT max(through) FROM performance_progress)),
        ('risk_metrics', (
            SELECT coalesce(min(r.at) FILTER (WHERE EXISTS (
                       SELECT FROM positions AS o WHERE o.portfolio_id = f.portfolio_id
                       AND o.status IN ('OPEN', 'PARTIAL'))), max(r.at))
            FROM portfolios AS f CROSS JOIN LATERAL (
                SELECT m.recorded_at AS at FROM risk_metrics AS m
                WHERE m.portfolio_id = f.portfolio_id
                ORDER BY m.timestamp DESC LIMIT 1) AS r
            WHERE f.closed_at IS NULL)),
        ('stress_test_results', (SELECT max(test_date) FROM stress_test_results))) AS r (name, at)
"""


@dataclass(frozen=True, slots=True)
class DataAge:
    """The newest trade and the newest quote of an exchange, and how many instruments they are of.

    The ages are seconds of the server's clock; below zero the venue's clock is ahead.
    """

    exchange: str
    instruments: int
    trade_at: datetime | None
    trade_age_s: float | None
    quote_at: datetime | None
    quote_age_s: float | None


@dataclass(frozen=True, slots=True)
class Ages:
    """How old what is stored is.

    `gaps` counts gaps of coverage that were recorded in the last day, by cause. `reckoned` are the
    seconds since risk, performance and stress were last reckoned, None for a table without a row;
    of portfolios with open positions it is the risk of the one that was measured longest ago.
    `logs` are those of the last hour.
    """

    data: list[DataAge]
    gaps: dict[str, int]
    reckoned: dict[str, float | None]
    logs: LogCounts


_DATA: Final = """
    SELECT e.exchange::text, i.instruments, t.at, extract(epoch FROM now() - t.at)::float8,
           q.at, extract(epoch FROM now() - q.at)::float8
    FROM (SELECT exchange FROM newest_trades UNION SELECT exchange FROM newest_quotes) AS e
    LEFT JOIN (SELECT exchange, count(*) AS instruments FROM instruments GROUP BY exchange) AS i
           ON i.exchange = e.exchange
    LEFT JOIN (SELECT exchange, max(timestamp) AS at FROM newest_trades GROUP BY exchange) AS t
           ON t.exchange = e.exchange
    LEFT JOIN (SELECT exchange, max(timestamp) AS at FROM newest_quotes GROUP BY exchange) AS q
           ON q.exchange = e.exchange
    ORDER BY 1
"""


def ages() -> Flow[Ages]:
    """How old data, logs and what was reckoned are, and what gaps a day has brought."""
    data = yield from data_ages()
    gaps = yield from gaps_by_cause()
    reckoned = yield from reckoned_ages()
    return Ages(data, gaps, reckoned, (yield from counts()))


def data_ages() -> Flow[list[DataAge]]:
    """The newest events by exchange."""
    found = yield from rows(_DATA)
    return [DataAge(row[0], row[1] or 0, *row[2:]) for row in found]


def gaps_by_cause() -> Flow[dict[str, int]]:
    """Gaps of coverage that were recorded in the last day, by cause."""
    found = yield from rows(
        "SELECT cause::text, count(*) FROM coverage WHERE kind = 'GAP'"
        " AND recorded_at > now() - interval '1 day' GROUP BY cause ORDER BY cause"
    )
    return dict(found)


def reckoned_ages() -> Flow[dict[str, float | None]]:
    """Seconds since each table of results was last written, whatever moment its rows are of."""
    found = yield from rows(_RECKONED)
    return dict(found)

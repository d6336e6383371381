"""Flows: alerts are read, and sent to the log and to webhooks until they have arrived."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import Any, Final

from psycopg import sql

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, Row, call, rows
from cryptoscalp.infra.settings import Settings
from cryptoscalp.risk.limits import webhooks as receivers
from cryptoscalp.risk.limits.limit_types import AlertsSent, RiskAlert
from cryptoscalp.risk.limits.webhooks import Webhook

#: Channel of the notification that every alert sends when what it tells is committed.
CHANNEL: Final = "cryptoscalp_risk"
#: An alert that has not arrived by then is no news any more; it stays in the table.
REACH: Final = timedelta(days=1)
_LOG: Final = logging.getLogger("cryptoscalp.alerts")
_LOG_SINK: Final = "log"
_OVERDUE: Final = 3
_BATCH: Final = 500
_ALERT: Final = sql.SQL(
    "a.alert_id, a.timestamp, a.kind::text, p.name, a.level::text, a.breach_id, a.message,"
    " a.payload, ARRAY(SELECT d.sink FROM risk_alert_deliveries AS d WHERE d.alert_id = a.alert_id"
    " AND d.delivered_at IS NOT NULL ORDER BY d.sink)"
)
_DUE: Final = sql.SQL(
    "SELECT {} FROM risk_alerts AS a LEFT JOIN portfolios AS p USING (portfolio_id)"
    " LEFT JOIN risk_alert_deliveries AS d ON d.alert_id = a.alert_id AND d.sink = %s"
    " WHERE a.timestamp > now() - %s AND d.delivered_at IS NULL"
    " AND coalesce(d.next_at, '-infinity') <= now() ORDER BY a.alert_id LIMIT %s"
).format(_ALERT)


def alerts(
    portfolio: str | None = None,
    *,
    after: int = 0,
    limit: int | None = None,
    newest: bool = False,
) -> Flow[list[RiskAlert]]:
    """Alerts after one of that number, oldest first: of a portfolio and of all, or every one.

    Numbers follow the order of commit: who has read up to one has missed none. The first `limit`,
    or with `newest` the last. Raises NotFound for an unknown portfolio.
    """
    if limit is not None and limit < 1:
        raise InputError(f"limit={limit}: ask for at least one alert")
    account = yield from rows("SELECT switched_portfolio(%s)", (portfolio,))
    found = yield from rows(
        sql.SQL(
            "SELECT {columns} FROM (SELECT * FROM risk_alerts AS x WHERE x.alert_id > %(after)s"
            " AND (%(of)s::bigint IS NULL OR x.portfolio_id IS NULL OR x.portfolio_id = %(of)s)"
            " ORDER BY x.alert_id {order} LIMIT %(limit)s) AS a"
            " LEFT JOIN portfolios AS p USING (portfolio_id) ORDER BY a.alert_id"
        ).format(columns=_ALERT, order=sql.SQL("DESC" if newest else "ASC")),
        {"after": after, "of": account[0][0], "limit": limit},
    )
    return [RiskAlert(*row) for row in found]


def send_alerts(
    webhooks: str | None = None, *, timeout_s: float = receivers.TIMEOUT_S
) -> Flow[AlertsSent]:
    """Send what has not arrived yet to the log and to each webhook, at least once.

    `webhooks` are URLs parted by blanks; else CRYPTOSCALP_ALERT_WEBHOOKS. A receiver that fails is
    left alone for the rest of the round and tried again later, with growing pauses, for a day. A
    webhook that has not answered for `timeout_s` seconds has failed. Raises InputError for an
    address that is none.
    """
    chosen = receivers.webhooks(webhooks if webhooks is not None else Settings().alert_webhooks)
    delivered = failed = 0
    for webhook in (None, *chosen):
        sink = _LOG_SINK if webhook is None else webhook.name
        due = yield from rows(_DUE, (sink, REACH, _BATCH))
        for row in due:
            error = yield from call(partial(_send, webhook, row, timeout_s))
            yield from rows("SELECT record_alert_delivery(%s, %s, %s)", (row[0], sink, error))
            if error is not None:
                failed += 1
                break
            delivered += 1
    left = yield from _left([_LOG_SINK, *(one.name for one in chosen)])
    return AlertsSent(delivered, failed, *left)


def _left(sinks: list[str]) -> Flow[tuple[int, int]]:
    found = yield from rows(
        "SELECT count(*), count(*) FILTER (WHERE d.attempts >= %s)"
        " FROM risk_alerts AS a CROSS JOIN unnest(%s::text[]) AS s (sink)"
        " LEFT JOIN risk_alert_deliveries AS d ON d.alert_id = a.alert_id AND d.sink = s.sink"
        " WHERE a.timestamp > now() - %s AND d.delivered_at IS NULL",
        (_OVERDUE, sinks, REACH),
    )
    return found[0][0], found[0][1]


def _send(webhook: Webhook | None, row: Row, timeout_s: float) -> str | None:
    alert = RiskAlert(*row)
    if webhook is not None:
        return receivers.post(webhook, alert.alert_id, body_of(alert), timeout_s)
    _LOG.log(
        _severity(alert),
        "%s",
        alert.message,
        extra={
            "alert_id": alert.alert_id,
            "alert_kind": alert.kind,
            "portfolio": alert.portfolio,
            "risk_level": alert.level,
        },
    )
    return None


def body_of(alert: RiskAlert) -> dict[str, Any]:
    """An alert as webhooks get it; numbers are text, times ISO 8601."""
    return {
        "alert_id": alert.alert_id,
        "kind": alert.kind,
        "timestamp": alert.timestamp.isoformat(),
        "portfolio": alert.portfolio,
        "level": alert.level,
        "text": alert.message,
        "details": alert.payload,
    }


def _severity(alert: RiskAlert) -> int:
    match alert.kind:
        case "BREACH_CLOSED" | "RESUMED":
            return logging.INFO
        case "HALTED":
            return logging.CRITICAL
        case "BREACH_OPENED" | "BREACH_RAISED":
            return logging.ERROR if alert.level in ("HIGH", "CRITICAL") else logging.WARNING

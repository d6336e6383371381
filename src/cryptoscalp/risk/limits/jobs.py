"""Limits: scheduled work."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from cryptoscalp.infra.db.errors import DatabaseError
from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.infra.jobs.types import Job, Outcome
from cryptoscalp.risk.limits import alerts, checking


def check_limits() -> Flow[Outcome]:
    """Check every limit of every open portfolio, and record what is not kept to."""
    found = yield from checking.check_limits()
    unknown = sum(one.value is None for one in found)
    standing = sum(one.state in ("BREACHED", "CLEARING", "UNKNOWN") for one in found)
    opened = sum(one.change == "OPENED" for one in found)
    return Outcome(
        len(found),
        f"{len(found):,} checks, {standing:,} breaches stand, {opened:,} of them new;"
        f" {unknown:,} values are unknown",
    )


def send_risk_alerts() -> Flow[Outcome]:
    """Send alerts on; DatabaseError while some have failed to arrive three times."""
    sent = yield from alerts.send_alerts()
    if sent.overdue:
        raise DatabaseError(
            f"{sent.overdue:,} deliveries of risk alerts have failed three times or more, and go on"
            " being tried for a day: look at the receivers in CRYPTOSCALP_ALERT_WEBHOOKS;"
            " `cryptoscalp risk alerts` shows what has arrived where"
        )
    return Outcome(
        sent.delivered, f"{sent.delivered:,} deliveries, {sent.waiting:,} are tried again"
    )


JOBS: Final[tuple[Job, ...]] = (
    Job("check_limits", "check risk limits, record breaches, halt", "* * * * *",
        check_limits, "check_limits", timeout=timedelta(minutes=5), window=timedelta(hours=1)),
    Job("send_risk_alerts", "send risk alerts to the log and to webhooks", "* * * * *",
        send_risk_alerts, "send_risk_alerts", timeout=timedelta(minutes=5),
        window=timedelta(hours=1)),
)  # fmt: skip

"""`db.risk`: risk: exposure, value at risk, stress tests, limits and the kill switch."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.risk.limits.alerts import alerts, send_alerts
from cryptoscalp.risk.limits.checking import breaches, check_limits
from cryptoscalp.risk.limits.declaring import limits, remove_limit, set_limit
from cryptoscalp.risk.limits.switch import halt, resume, switch_events
from cryptoscalp.risk.limits.trading_state import switch


class Risk(Face[D_co]):
    """Risk: exposure, value at risk, stress tests, limits and the kill switch."""

    __slots__ = ()

    # Limits, the kill switch and alerts.
    set_limit = operation(set_limit, transaction=True, retry=True)
    remove_limit = operation(remove_limit, retry=True)
    limits = operation(limits, retry=True)
    check_limits = operation(check_limits, retry=True)
    breaches = operation(breaches, retry=True)
    trading_state = switch()
    halt = operation(halt, retry=True)
    # Tried again, it could clear a halt that came in between.
    resume = operation(resume, retry=False)
    switch_events = operation(switch_events, retry=True)
    alerts = operation(alerts, retry=True)
    send_alerts = operation(send_alerts, retry=True)

"""`db.risk`: risk: exposure, value at risk, stress tests, limits and the kill switch."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.risk.backtests import backtest, backtests, record_backtest
from cryptoscalp.risk.limits.alerts import alerts, send_alerts
from cryptoscalp.risk.limits.checking import breaches, check_limits
from cryptoscalp.risk.limits.declaring import limits, remove_limit, set_limit
from cryptoscalp.risk.limits.switch import halt, resume, switch_events
from cryptoscalp.risk.limits.trading_state import switch
from cryptoscalp.risk.measuring import measure
from cryptoscalp.risk.recording import history, record
from cryptoscalp.risk.stress.library import scenarios
from cryptoscalp.risk.stress.reversing import reverse_stress
from cryptoscalp.risk.stress.running import run_stress
from cryptoscalp.risk.stress.storing import stress_results


class Risk(Face[D_co]):
    """Risk: exposure, value at risk, stress tests, limits and the kill switch."""

    __slots__ = ()

    measure = operation(measure, retry=True)
    record = operation(record, retry=True)
    history = operation(history, retry=True)
    backtest = operation(backtest, retry=True)
    record_backtest = operation(record_backtest, retry=False)
    backtests = operation(backtests, retry=True)
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
    scenarios = operation(scenarios, retry=True)
    # Once more would be one more row of each scenario.
    run_stress = operation(run_stress, retry=False)
    stress_results = operation(stress_results, retry=True)
    reverse_stress = operation(reverse_stress, retry=True)

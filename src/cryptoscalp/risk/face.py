"""`db.risk`: risk: exposure, value at risk, stress tests, limits and the kill switch."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.risk.backtests import backtest, backtests, record_backtest
from cryptoscalp.risk.measuring import measure
from cryptoscalp.risk.recording import history, record


class Risk(Face[D_co]):
    """Risk: exposure, value at risk, stress tests, limits and the kill switch."""

    __slots__ = ()

    measure = operation(measure, retry=True)
    record = operation(record, retry=True)
    history = operation(history, retry=True)
    backtest = operation(backtest, retry=True)
    record_backtest = operation(record_backtest, retry=False)
    backtests = operation(backtests, retry=True)

"""`db.analytics`: performance analytics: how a portfolio, a strategy, a symbol is doing."""

from __future__ import annotations

from cryptoscalp.analytics.reading import compare, performance
from cryptoscalp.analytics.refresh import recompute, refresh
from cryptoscalp.infra.db.face import D_co, Face, operation


class Analytics(Face[D_co]):
    """Performance analytics: how a portfolio, a strategy, a symbol is doing."""

    __slots__ = ()

    performance = operation(performance, retry=True)
    compare = operation(compare, retry=True)
    refresh = operation(refresh, retry=True)
    recompute = operation(recompute, retry=True)

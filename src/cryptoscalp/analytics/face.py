"""`db.analytics`: performance analytics: how a portfolio, a strategy, a symbol is doing."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face


class Analytics(Face[D_co]):
    """Performance analytics: how a portfolio, a strategy, a symbol is doing."""

    __slots__ = ()

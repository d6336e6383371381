"""`db.risk`: risk: exposure, value at risk, stress tests, limits and the kill switch."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face


class Risk(Face[D_co]):
    """Risk: exposure, value at risk, stress tests, limits and the kill switch."""

    __slots__ = ()

"""`db.logs`: what the product and its server logged."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face


class Logs(Face[D_co]):
    """System logs."""

    __slots__ = ()

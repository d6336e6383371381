"""`db.monitoring`: how the database is doing."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.monitoring.doctor import doctor


class Monitoring(Face[D_co]):
    """The doctor."""

    __slots__ = ()

    doctor = operation(doctor)

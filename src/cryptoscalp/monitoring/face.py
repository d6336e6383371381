"""`db.monitoring`: how the database is doing."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.monitoring.ages import ages
from cryptoscalp.monitoring.doctor import doctor
from cryptoscalp.monitoring.metrics import metrics
from cryptoscalp.monitoring.standing import standing


class Monitoring(Face[D_co]):
    """The doctor, and what there is to be measured."""

    __slots__ = ()

    doctor = operation(doctor)
    ages = operation(ages, retry=True)
    standing = operation(standing, retry=True)
    metrics = operation(metrics)

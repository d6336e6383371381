"""`db.retention`: what leaves PostgreSQL and the cold tier, when, and what holds it."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.retention.holding import hold, holds, release
from cryptoscalp.retention.planning import plan
from cryptoscalp.retention.running import run
from cryptoscalp.retention.thawing import thaw
from cryptoscalp.retention.verifying import verify


class Retention(Face[D_co]):
    """Plan, run and verify retention; place and release holds; bring days back."""

    __slots__ = ()

    plan = operation(plan, retry=True)
    run = operation(run)
    verify = operation(verify)
    hold = operation(hold)
    release = operation(release)
    holds = operation(holds, retry=True)
    thaw = operation(thaw)

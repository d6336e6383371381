"""The declared list of scheduled jobs: everything that runs without being asked."""

from __future__ import annotations

from typing import Final

from cryptoscalp.adaptation import jobs as adaptation
from cryptoscalp.analytics import jobs as analytics
from cryptoscalp.infra.jobs.types import Job
from cryptoscalp.logs import jobs as logs
from cryptoscalp.market import jobs as market
from cryptoscalp.registry import jobs as registry
from cryptoscalp.replay import jobs as replay
from cryptoscalp.retention import jobs as retention
from cryptoscalp.risk import jobs as risk
from cryptoscalp.risk.limits import jobs as limits
from cryptoscalp.risk.stress import jobs as stress
from cryptoscalp.trading import jobs as trading

JOBS: Final[tuple[Job, ...]] = (
    *market.JOBS,
    *trading.JOBS,
    *registry.JOBS,
    *adaptation.JOBS,
    *replay.JOBS,
    *analytics.JOBS,
    *risk.JOBS,
    *limits.JOBS,
    *stress.JOBS,
    *logs.JOBS,
    *retention.JOBS,
)

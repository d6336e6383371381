"""The declared list of scheduled jobs: everything that runs without being asked."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.jobs.types import Job
from cryptoscalp.market import jobs as market
from cryptoscalp.retention import jobs as retention
from cryptoscalp.trading import jobs as trading

JOBS: Final[tuple[Job, ...]] = (*market.JOBS, *trading.JOBS, *retention.JOBS)

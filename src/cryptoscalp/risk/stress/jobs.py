"""Stress tests: scheduled work."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.jobs.types import Job

JOBS: Final[tuple[Job, ...]] = ()

"""Scheduled work on drift, regimes and adaptations."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from cryptoscalp.adaptation import drift, regime_updates
from cryptoscalp.adaptation.events import announce_performance
from cryptoscalp.infra.db.errors import DatabaseError
from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.infra.jobs.types import Job, Outcome

#: Detectors named in an error.
_TOLD: Final = 5


def check_drift() -> Flow[Outcome]:
    """Let every detector take in what became known; DatabaseError names those that could not."""
    done = yield from drift.check_drift()
    if done.failed:
        raise DatabaseError(
            f"{len(done.failed):,} of {done.detectors:,} drift detectors could not go on: "
            + "; ".join(done.failed[:_TOLD])
        )
    return Outcome(
        done.observations,
        f"{done.detectors:,} detectors took in {done.observations:,} observations,"
        f" {done.drifts:,} drifts",
    )


def check_performance() -> Flow[Outcome]:
    """Announce deployed versions whose error has grown."""
    found = yield from announce_performance()
    return Outcome(len(found), f"{len(found):,} deployed versions have become worse")


def update_regimes() -> Flow[Outcome]:
    """Take in the candles that have ended, for every instrument whose regimes are watched."""
    made = yield from regime_updates.update_regimes()
    candles = sum(one.candles for one in made)
    began = sum(one.regimes for one in made)
    return Outcome(
        candles, f"{candles:,} candles of {len(made):,} instruments, {began:,} regimes began"
    )


JOBS: Final[tuple[Job, ...]] = (
    Job("check_drift", "let drift detectors take in what became known", "* * * * *",
        check_drift, "check_drift", timeout=timedelta(minutes=10), window=timedelta(hours=1)),
    Job("check_performance", "announce models whose error has grown", "*/5 * * * *",
        check_performance, "check_performance", timeout=timedelta(minutes=10),
        window=timedelta(hours=1)),
    Job("update_regimes", "reckon the market regimes of watched instruments", "* * * * *",
        update_regimes, "update_regimes", timeout=timedelta(minutes=10),
        window=timedelta(hours=1)),
)  # fmt: skip

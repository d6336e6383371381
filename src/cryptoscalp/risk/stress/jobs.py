"""Scheduled work: what every open portfolio would lose in the declared scenarios."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from cryptoscalp.infra.db.errors import CryptoscalpError, DatabaseError, InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, aside
from cryptoscalp.infra.jobs.types import Job, Outcome
from cryptoscalp.risk.stress.library import scenarios
from cryptoscalp.risk.stress.running import run_stress
from cryptoscalp.trading.portfolios import portfolios

#: Portfolios and scenarios named in a sentence.
_TOLD: Final = 5


def run_stress_tests() -> Flow[Outcome]:
    """Stress every portfolio that is open; DatabaseError names those that could not be.

    Scenarios that cannot be applied to a portfolio (candles that are not stored) are told in the
    sentence, and are no failure.
    """
    declared = yield from scenarios()  # a scenario that cannot be read fails the job at once
    made, refused, failed = 0, [], []
    open_ = [one for one in (yield from portfolios()) if one.closed_at is None]
    for one in open_:
        try:
            found = yield from aside(partial(run_stress, one.name))
        except (InputError, NotFound) as error:
            failed.append(f"{one.name}: {_first(error)}")
            continue
        made += len(found.results)
        refused += [f"{name} for {one.name}" for name, _ in found.refused]
    if failed:
        raise DatabaseError(
            f"{len(failed):,} of {len(open_):,} portfolios could not be stressed: "
            + "; ".join(failed[:_TOLD])
        )
    told = f"{made:,} stress tests of {len(open_):,} portfolios, {len(declared):,} scenarios"
    if refused:
        more = f" and {len(refused) - _TOLD:,} more" if len(refused) > _TOLD else ""
        told += f"; not applicable: {', '.join(refused[:_TOLD])}{more}"
    return Outcome(made, told)


def _first(error: CryptoscalpError) -> str:
    return str(error).split("; ", 1)[0]


JOBS: Final[tuple[Job, ...]] = (
    Job("run_stress_tests", "reckon what portfolios would lose in declared scenarios", "20 2 * * *",
        run_stress_tests, "run_stress_tests", timeout=timedelta(hours=1),
        window=timedelta(days=2)),
)  # fmt: skip

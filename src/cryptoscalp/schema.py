"""The whole declared schema: every subject's tables, SQL objects and how long its rows are kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import MetaData

from cryptoscalp.adaptation import kept as adaptation_kept
from cryptoscalp.adaptation import objects as adaptation_objects
from cryptoscalp.adaptation.tables import metadata as adaptation_metadata
from cryptoscalp.analytics import kept as analytics_kept
from cryptoscalp.analytics import objects as analytics_objects
from cryptoscalp.analytics.tables import metadata as analytics_metadata
from cryptoscalp.infra.cold import kept as cold_kept
from cryptoscalp.infra.cold import objects as cold_objects
from cryptoscalp.infra.cold.tables import metadata as cold_metadata
from cryptoscalp.infra.cold.types import Kept
from cryptoscalp.infra.db.queries import text
from cryptoscalp.infra.jobs import kept as jobs_kept
from cryptoscalp.infra.jobs import objects as jobs_objects
from cryptoscalp.infra.jobs.tables import metadata as jobs_metadata
from cryptoscalp.logs import kept as logs_kept
from cryptoscalp.logs import objects as logs_objects
from cryptoscalp.logs.tables import metadata as logs_metadata
from cryptoscalp.market import kept as market_kept
from cryptoscalp.market import objects as market_objects
from cryptoscalp.market.tables import metadata as market_metadata
from cryptoscalp.registry import kept as registry_kept
from cryptoscalp.registry import objects as registry_objects
from cryptoscalp.registry.tables import metadata as registry_metadata
from cryptoscalp.replay import kept as replay_kept
from cryptoscalp.replay import objects as replay_objects
from cryptoscalp.replay.tables import metadata as replay_metadata
from cryptoscalp.risk import kept as risk_kept
from cryptoscalp.risk import objects as risk_objects
from cryptoscalp.risk.limits import kept as limits_kept
from cryptoscalp.risk.limits import objects as limits_objects
from cryptoscalp.risk.limits.tables import metadata as limits_metadata
from cryptoscalp.risk.stress import kept as stress_kept
from cryptoscalp.risk.stress import objects as stress_objects
from cryptoscalp.risk.stress.tables import metadata as stress_metadata
from cryptoscalp.risk.tables import metadata as risk_metadata
from cryptoscalp.trading import kept as trading_kept
from cryptoscalp.trading import objects as trading_objects
from cryptoscalp.trading.tables import metadata as trading_metadata


@dataclass(frozen=True, slots=True)
class Subject:
    """What one subject adds to the database; each of its tables has an entry in `kept`.

    `sql_objects` are files in the folder `sql` of its `room`, in the order they are made.
    """

    name: str
    room: str
    metadata: MetaData
    sql_objects: tuple[str, ...]
    kept: tuple[Kept, ...]

    def sql_text(self, name: str) -> str:
        """The text of one live SQL object."""
        return text(self.room, name)


SUBJECTS = (
    Subject(
        "cold", "cryptoscalp.infra.cold", cold_metadata, cold_objects.SQL_OBJECTS, cold_kept.KEPT
    ),
    Subject(
        "jobs", "cryptoscalp.infra.jobs", jobs_metadata, jobs_objects.SQL_OBJECTS, jobs_kept.KEPT
    ),
    Subject(
        "market",
        "cryptoscalp.market",
        market_metadata,
        market_objects.SQL_OBJECTS,
        market_kept.KEPT,
    ),
    Subject(
        "registry",
        "cryptoscalp.registry",
        registry_metadata,
        registry_objects.SQL_OBJECTS,
        registry_kept.KEPT,
    ),
    Subject(
        "trading",
        "cryptoscalp.trading",
        trading_metadata,
        trading_objects.SQL_OBJECTS,
        trading_kept.KEPT,
    ),
    Subject(
        "adaptation",
        "cryptoscalp.adaptation",
        adaptation_metadata,
        adaptation_objects.SQL_OBJECTS,
        adaptation_kept.KEPT,
    ),
    Subject(
        "replay",
        "cryptoscalp.replay",
        replay_metadata,
        replay_objects.SQL_OBJECTS,
        replay_kept.KEPT,
    ),
    Subject(
        "analytics",
        "cryptoscalp.analytics",
        analytics_metadata,
        analytics_objects.SQL_OBJECTS,
        analytics_kept.KEPT,
    ),
    Subject("risk", "cryptoscalp.risk", risk_metadata, risk_objects.SQL_OBJECTS, risk_kept.KEPT),
    Subject(
        "limits",
        "cryptoscalp.risk.limits",
        limits_metadata,
        limits_objects.SQL_OBJECTS,
        limits_kept.KEPT,
    ),
    Subject(
        "stress",
        "cryptoscalp.risk.stress",
        stress_metadata,
        stress_objects.SQL_OBJECTS,
        stress_kept.KEPT,
    ),
    Subject("logs", "cryptoscalp.logs", logs_metadata, logs_objects.SQL_OBJECTS, logs_kept.KEPT),
)

#: The declared list of retention: an entry for each table of every subject.
KEPT: tuple[Kept, ...] = tuple(entry for subject in SUBJECTS for entry in subject.kept)

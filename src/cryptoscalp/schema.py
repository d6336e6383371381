"""The whole declared schema: every subject's tables, SQL objects and how long its rows are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import MetaData

from cryptoscalp.infra.cold import kept as cold_kept
from cryptoscalp.infra.cold import objects as cold_objects
from cryptoscalp.infra.cold.tables import metadata as cold_metadata
from cryptoscalp.infra.cold.types import Kept
from cryptoscalp.infra.jobs import kept as jobs_kept
from cryptoscalp.infra.jobs import objects as jobs_objects
from cryptoscalp.infra.jobs.tables import metadata as jobs_metadata
from cryptoscalp.market import kept as market_kept
from cryptoscalp.market import objects as market_objects
from cryptoscalp.market.tables import metadata as market_metadata
from cryptoscalp.trading import kept as trading_kept
from cryptoscalp.trading import objects as trading_objects
from cryptoscalp.trading.tables import metadata as trading_metadata


@dataclass(frozen=True, slots=True)
class Subject:
    """What one subject adds to the database; each of its tables has an entry in `kept`."""

    name: str
    metadata: MetaData
    sql_objects: tuple[str, ...]
    sql_text: Callable[[str], str]
    kept: tuple[Kept, ...]


SUBJECTS = (
    Subject("cold", cold_metadata, cold_objects.SQL_OBJECTS, cold_objects.sql_text, cold_kept.KEPT),
    Subject("jobs", jobs_metadata, jobs_objects.SQL_OBJECTS, jobs_objects.sql_text, jobs_kept.KEPT),
    Subject(
        "market",
        market_metadata,
        market_objects.SQL_OBJECTS,
        market_objects.sql_text,
        market_kept.KEPT,
    ),
    Subject(
        "trading",
        trading_metadata,
        trading_objects.SQL_OBJECTS,
        trading_objects.sql_text,
        trading_kept.KEPT,
    ),
)

#: The declared list of retention: an entry for each table of every subject.
KEPT: tuple[Kept, ...] = tuple(entry for subject in SUBJECTS for entry in subject.kept)

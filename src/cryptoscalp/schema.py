"""The whole declared schema: every subject's tables and SQL objects, in order of creation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import MetaData

from cryptoscalp.market import objects as market_objects
from cryptoscalp.market.tables import metadata as market_metadata


@dataclass(frozen=True, slots=True)
class Subject:
    """What one subject adds to the database."""

    name: str
    metadata: MetaData
    sql_objects: tuple[str, ...]
    sql_text: Callable[[str], str]


SUBJECTS = (
    Subject("market", market_metadata, market_objects.SQL_OBJECTS, market_objects.sql_text),
)

"""Stress tests: tables."""

from __future__ import annotations

from sqlalchemy import MetaData

from cryptoscalp.market.tables.columns import metadata as market_metadata

metadata = MetaData(naming_convention=market_metadata.naming_convention)

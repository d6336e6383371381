"""Column mappings that callers saved for their own files."""

from __future__ import annotations

from sqlalchemy import JSON, CheckConstraint, Column, Table, Text, text

from cryptoscalp.market.tables.columns import metadata, moment

import_maps = Table(
    "import_maps",
    metadata,
    Column("name", Text, primary_key=True, comment="the caller's name for it"),
    Column("mapping", JSON, nullable=False, comment="field of an event -> column of the file"),
    moment("created_at", "first saved", server_default=text("now()")),
    moment("updated_at", "last saved", server_default=text("now()")),
    CheckConstraint("name <> ''", name="chk_map_named"),
    comment="Column mappings for generic files, by name.",
)

"""Alembic's way into the declared schema; run by cryptoscalp.infra.migrations only."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection, text

from cryptoscalp.infra.migrations import scripts
from cryptoscalp.infra.migrations.declared import Declared
from cryptoscalp.schema import SUBJECTS

# Partitions are made from data, and what others keep in the same schema is none of our business.
_LEFT_OUT = text(
    """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
      AND (relispartition OR relowner <> 'cryptoscalp_owner'::regrole)
    """
)


def declare() -> Declared:
    return Declared(
        metadata=tuple(subject.metadata for subject in SUBJECTS),
        objects=tuple(
            (name, subject.sql_text(name)) for subject in SUBJECTS for name in subject.sql_objects
        ),
    )


def migrate(connection: Connection, attributes: dict[str, Any]) -> None:
    left_out = {row[0] for row in connection.execute(_LEFT_OUT)}
    connection.rollback()

    def include_name(name: str | None, kind: str, _parents: Any) -> bool:
        return not (kind == "table" and name in left_out)

    context.configure(
        connection=connection,
        target_metadata=[subject.metadata for subject in SUBJECTS],
        include_schemas=False,
        include_name=include_name,
        compare_type=True,
        compare_server_default=True,
        # A downgrade of several revisions is refused as a whole or done as a whole.
        transaction_per_migration=scripts.DESTROY_DATA not in attributes,
    )
    inspect = attributes.get(scripts.INSPECT)
    if inspect is not None:
        inspect(context.get_context())
        return
    with context.begin_transaction():
        context.run_migrations()


found = context.config.attributes
if scripts.DECLARED in found:
    found[scripts.DECLARED](declare())
else:
    migrate(found[scripts.CONNECTION], found)

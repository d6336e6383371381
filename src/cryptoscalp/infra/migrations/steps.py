"""What a revision is made of: frozen SQL, and the refusal to destroy regulated rows."""

from __future__ import annotations

from alembic import op
from psycopg import sql
from sqlalchemy import Connection

from cryptoscalp.infra.db.errors import IntegrityRefused
from cryptoscalp.infra.migrations.scripts import DESTROY_DATA, location


def frozen(revision: str, name: str) -> str:
    """The SQL text that a revision froze under a name."""
    return (location() / "frozen" / revision / f"{name}.sql").read_text(encoding="utf-8")


def order(revision: str) -> list[str]:
    """Names of the texts that a revision's upgrade runs, in order."""
    return (location() / "frozen" / revision / "order.txt").read_text(encoding="utf-8").split()


def run_frozen(revision: str, *names: str) -> None:
    """Run frozen texts in the revision's transaction; all of its upgrade when none is named."""
    for name in names or order(revision):
        run_sql(op.get_bind(), frozen(revision, name))


def run_sql(connection: Connection, text: str) -> None:
    """Run SQL as it stands: neither per-cent signs nor colons in it mean a parameter."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(text)


def refuse_loss(*tables: str) -> None:
    """Raise IntegrityRefused when one of the tables has rows, unless the caller said to destroy.

    Locks the tables, so that no row can come in before they are dropped.
    """
    context = op.get_context()
    assert context.config is not None
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    # ONLY: a lock on each of a thousand partitions would fill the server's lock table.
    names = sql.SQL(", ").join(sql.SQL("ONLY {}").format(sql.Identifier(t)) for t in tables)
    driver.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(names))
    if context.config.attributes.get(DESTROY_DATA, False):
        return
    holding = [
        table
        for table in tables
        if driver.execute(
            sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))
        ).fetchone()[0]
    ]
    if holding:
        raise IntegrityRefused(
            f"the downgrade would destroy regulated rows, which have to be kept for 7 years: "
            f"{', '.join(holding)} {'hold' if len(holding) > 1 else 'holds'} rows; nothing was "
            f"changed: export them first, then say twice that they may go (--destroy-data --yes)"
        )

"""What a revision is made of: frozen SQL, and the refusal to destroy regulated rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
from alembic import op
from psycopg import sql
from sqlalchemy import Connection

from cryptoscalp.infra.cold import catalog
from cryptoscalp.infra.db.by_day import ByDay
from cryptoscalp.infra.db.capabilities import Layout
from cryptoscalp.infra.db.errors import IntegrityRefused
from cryptoscalp.infra.jobs import queue
from cryptoscalp.infra.migrations import layouts
from cryptoscalp.infra.migrations.scripts import DESTROY_DATA, LAYOUT, location


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


def cut_by_day(tables: Iterable[ByDay], *, native: bool = False) -> None:
    """Bring partitioned tables into the layout that was chosen for the database.

    `native` for the way down: the revisions before know partitions only.
    """
    context = op.get_context()
    assert context.config is not None
    chosen: Layout = "native" if native else context.config.attributes.get(LAYOUT, "native")
    layouts.cut(_driver(), chosen, tables)


def install_queue() -> None:
    """Make the queue of jobs, of the installed procrastinate."""
    queue.install(_driver())


def remove_queue() -> None:
    """Drop the queue of jobs, with whatever waits in it."""
    queue.remove(_driver())


def install_catalog() -> None:
    """Make the catalog of the cold tier, of the installed PyIceberg."""
    catalog.install(op.get_bind())


def remove_catalog() -> None:
    """Drop the catalog of the cold tier; its files stay where they are."""
    catalog.remove(op.get_bind())


def refuse_loss(*tables: str) -> None:
    """Raise IntegrityRefused when one of the tables has rows, unless the caller said to destroy.

    Locks the tables, so that no row can come in before they are dropped.
    """
    context = op.get_context()
    assert context.config is not None
    driver = _driver()
    # ONLY: a lock on each of a thousand partitions would fill the server's lock table.
    names = sql.SQL(", ").join(sql.SQL("ONLY {}").format(sql.Identifier(t)) for t in tables)
    driver.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(names))
    if context.config.attributes.get(DESTROY_DATA, False):
        return
    holding = [
        table
        for table in tables
        if driver.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(table))).rowcount
    ]
    if holding:
        raise IntegrityRefused(
            f"the downgrade would destroy regulated rows, which have to be kept for 7 years: "
            f"{', '.join(holding)} {'hold' if len(holding) > 1 else 'holds'} rows; nothing was "
            f"changed: export them first, then say twice that they may go (--destroy-data --yes)"
        )


def _driver() -> psycopg.Connection[Any]:
    driver = op.get_bind().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver

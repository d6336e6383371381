"""`cryptoscalp db`: the schema of the database."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session, command

AdminUrl = Annotated[
    str | None,
    typer.Option(
        "--admin-url",
        metavar="URL",
        help="Login that may make roles and tables of an external database; else"
        " CRYPTOSCALP_ADMIN_URL, else the database's own URL.",
    ),
]

_LAYOUTS: Final = "native (partitions) or timescale (hypertables)"

#: Characters of a difference that a table shows.
_DETAIL: Final = 120

_db = typer.Typer(
    rich_markup_mode=None,
    help="Bring the schema up to date, look at it, check it.",
)


def register(app: typer.Typer) -> None:
    """Add `db` and its commands."""
    app.add_typer(_db, name="db")


@command(_db, "upgrade")
def upgrade(
    session: Session,
    revision: Annotated[
        str, typer.Argument(metavar="[REVISION]", help="An id, a version such as 1.0.0, or head.")
    ] = "head",
    layout: Annotated[
        str,
        typer.Option("--layout", help=f"{_LAYOUTS}; auto: as it is, or as can be."),
    ] = "auto",
    admin_url: AdminUrl = None,
) -> None:
    """Bring the schema up to date.

    Makes the roles first where they are missing.
    """
    from cryptoscalp.infra import migrations

    admin_dsn, dsn, login = _places(session, admin_url)
    before = migrations.current(dsn)
    migrations.upgrade(admin_dsn, login=login, revision=revision, layout=layout)
    _report(session, before, _same_database(dsn, before, revision))


@command(_db, "downgrade")
def downgrade(
    session: Session,
    revision: Annotated[str, typer.Argument(help="An id, a version, or base for no tables.")],
    yes: Annotated[bool, typer.Option("--yes", help="Yes, take tables away.")] = False,
    destroy_data: Annotated[
        bool, typer.Option("--destroy-data", help="Destroy stored rows too.")
    ] = False,
    admin_url: AdminUrl = None,
) -> None:
    """Take the schema back to an earlier revision.

    All or nothing; nothing while regulated rows would be destroyed, unless --destroy-data is said.
    """
    from cryptoscalp.infra import migrations

    if not yes:
        raise typer.BadParameter(f"going back to {revision} takes tables away; say --yes")
    admin_dsn, dsn, _ = _places(session, admin_url)
    before = migrations.current(dsn)
    migrations.downgrade(admin_dsn, revision, destroy_data=destroy_data)
    _report(session, before, migrations.current(dsn))


@command(_db, "convert")
def convert(
    session: Session,
    layout: Annotated[str, typer.Option("--layout", help=f"{_LAYOUTS[0].upper()}{_LAYOUTS[1:]}.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Yes, copy the rows while nobody can use the tables.")
    ] = False,
    admin_url: AdminUrl = None,
) -> None:
    """Change how days of ticks are kept, rows included.

    One transaction: counts and contents of each day are compared before the old tables go.
    """
    from cryptoscalp.infra import migrations

    admin_dsn, _, _ = _places(session, admin_url)
    moved = migrations.convert(admin_dsn, layout, with_data=yes)
    if session.json:
        output.emit({"layout": layout, "moved": moved})
    elif moved:
        rows = [(one.table, f"{one.days:,}", f"{one.rows:,}") for one in moved]
        output.table(["table", "days", "rows"], rows)
    else:
        output.say(f"the layout is {layout} already")


@command(_db, "current")
def current(session: Session) -> None:
    """Show the schema's revision, the one needed, and the layout."""
    from cryptoscalp.infra import migrations

    _, dsn, _ = _places(session, None)
    found, head = migrations.current(dsn), migrations.head()
    can = migrations.capabilities(dsn)
    if session.json:
        timescale = {"version": can.timescale, "edition": can.edition} if can.timescale else None
        output.emit(
            {"revision": found, "head": head, "layout": can.layout, "timescaledb": timescale}
        )
    else:
        shape = f", layout {can.layout}" if can.layout else ""
        on = f", TimescaleDB {can.timescale} ({can.edition})" if can.timescale else ""
        output.say(f"{found or 'none'} (this version needs {head}){shape}{on}")


@command(_db, "check")
def check(session: Session, admin_url: AdminUrl = None) -> None:
    """Compare the database with the declared schema.

    Exit code 1 when they differ.
    """
    from cryptoscalp.infra import migrations
    from cryptoscalp.infra.db.errors import SchemaMismatch

    admin_dsn, _, _ = _places(session, admin_url)
    found = migrations.check(admin_dsn)
    if session.json:
        output.emit({"matches": not found, "differences": found})
    elif found:
        rows = [(one.kind, one.name, _short(one.detail)) for one in found]
        output.table(["kind", "name", "difference"], rows)
    else:
        output.say("the database is as declared")
    if found:
        raise SchemaMismatch(
            f"the database differs from the declared schema in {len(found)} places;"
            " restore them, or make a new database and import again"
        )


@command(_db, "ddl")
def ddl(session: Session) -> None:
    """Print the declared schema as SQL; needs no database."""
    from cryptoscalp.infra import migrations

    if session.json:
        output.emit({"ddl": migrations.ddl()})
    else:
        output.say(migrations.ddl().rstrip())


def bring_up_to_date(session: Session, admin_url: str | None = None) -> None:
    """Upgrade the database unless it is at this version's revision."""
    from cryptoscalp.infra import migrations

    admin_dsn, dsn, login = _places(session, admin_url)
    before = migrations.current(dsn)
    if before != migrations.head():
        migrations.upgrade(admin_dsn, login=login)
        _same_database(dsn, before, "head")


def _places(session: Session, admin_url: str | None) -> tuple[str, str, str]:
    """Connection strings of who migrates and of the product, and the product's login."""
    from cryptoscalp.database import LOGIN
    from cryptoscalp.infra.db.dsn import checked, login_of
    from cryptoscalp.infra.settings import Settings

    url = session.external_url
    if url is None:
        if admin_url is not None:
            raise typer.BadParameter("--admin-url is for an external database; give --url too")
        server = session.server()
        server.ensure_running()
        return server.admin_dsn, server.dsn, LOGIN
    admin = admin_url or Settings().admin_url or url
    return checked(admin, "the administrator's URL"), url, login_of(url)


def _same_database(dsn: str, before: str | None, revision: str) -> str | None:
    """The revision after an upgrade; an error when the administrator upgraded another database."""
    from cryptoscalp.infra import migrations
    from cryptoscalp.infra.db.errors import SchemaMismatch

    found = migrations.current(dsn)
    if found is None or (revision == "head" and found == before != migrations.head()):
        raise SchemaMismatch(
            "the database is no further than before: the administrator's URL names another one;"
            " let both URLs name the same host, port and database"
        )
    return found


def _short(detail: str) -> str:
    one_line = " ".join(detail.split())
    return one_line if len(one_line) <= _DETAIL else f"{one_line[:_DETAIL]} … (--json shows all)"


def _report(session: Session, before: str | None, after: str | None) -> None:
    if session.json:
        output.emit({"before": before, "after": after})
    elif before == after:
        output.say(f"the schema is at {after or 'no revision'} already")
    else:
        output.say(f"the schema went from {before or 'none'} to {after or 'none'}")

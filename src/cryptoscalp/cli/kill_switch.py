"""`cryptoscalp risk halt`, `resume`, `state`, `alerts`: who may trade, and what was told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import listing, output
from cryptoscalp.cli.book_options import Limit
from cryptoscalp.cli.limits import MaybePortfolio
from cryptoscalp.cli.risk import GROUP
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.database import Database
    from cryptoscalp.risk.limits.limit_types import TradingState

MaybeName = Annotated[
    str | None, typer.Argument(metavar="PORTFOLIO", help="A portfolio; else all of them.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is recorded.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `risk`."""
    for called, body in (("halt", halt), ("resume", resume), ("state", state), ("alerts", alerts)):
        command(GROUP, called)(body)


def halt(session: Session, portfolio: MaybeName = None, *, reason: Reason) -> None:
    """Stop trading in a portfolio, or in all: bots that ask are told no at once."""
    with session.connect() as db:
        _tell(session, db.risk.halt(portfolio, reason))


def resume(
    session: Session,
    portfolio: MaybeName = None,
    *,
    reason: Reason,
    officer_url: Annotated[
        str | None,
        typer.Option(
            "--officer-url",
            metavar="URL",
            help="Login of a risk officer; else CRYPTOSCALP_ADMIN_URL, else the database's own"
            " URL. Of the embedded server its administrator is one.",
        ),
    ] = None,
) -> None:
    """Let trading go on after a halt; only a risk officer may.

    A portfolio's switch and the one of all are turned each by itself.
    """
    with _officers(session, officer_url) as db:
        found = db.risk.resume(portfolio, reason)
    if portfolio and not found.may_trade and not session.json:
        output.say(f"the switch of portfolio {portfolio} is released, and yet:")
    _tell(session, found)


def state(session: Session, portfolio: MaybeName = None) -> None:
    """Show whether a portfolio may trade; exit code 1 when it may not.

    Without a portfolio: whether the switch of all portfolios lets them.
    """
    with session.connect() as db:
        found = db.risk.trading_state(portfolio, timeout_s=5.0)
    _tell(session, found)
    if not found.may_trade:
        raise typer.Exit(1)


def alerts(session: Session, portfolio: MaybePortfolio = None, limit: Limit = None) -> None:
    """Show alerts of breaches, halts and resumes, and where they have arrived."""
    with session.connect() as db:
        found = db.risk.alerts(portfolio, limit=listing.asked(session, limit), newest=True)
    if session.json:
        output.emit(found)
        return
    shown, told = listing.cut(found, limit, "alerts")
    output.table(
        ["alert", "at (UTC)", "kind", "level", "message", "arrived at"],
        [
            (str(one.alert_id), one.timestamp, one.kind, one.level, one.message,
             ", ".join(one.sent_to) or None)
            for one in shown
        ],
        right=["alert"],
    )  # fmt: skip
    output.say(told)


def _officers(session: Session, officer_url: str | None) -> Database:
    """The database over the login that may resume."""
    from cryptoscalp.database import connect
    from cryptoscalp.infra.db.dsn import checked
    from cryptoscalp.infra.settings import Settings

    url = session.external_url
    if url is not None:
        return connect(checked(officer_url or Settings().admin_url or url, "the officer's URL"))
    if officer_url is not None:
        raise typer.BadParameter("--officer-url is for an external database; give --url too")
    with session.connect():
        pass  # started, and its schema made
    return connect(session.server().admin_dsn)


def _tell(session: Session, found: TradingState) -> None:
    if session.json:
        output.emit(found)
        return
    of = f"portfolio {found.portfolio}" if found.portfolio else "every portfolio that is not halted"
    if found.may_trade:
        output.say(f"{of} may trade")
        return
    of = f"portfolio {found.portfolio}" if found.portfolio else "no portfolio"
    verb = "may not trade" if found.portfolio else "may trade"
    since = f" since {output.cell(found.since)} UTC" if found.since else ""
    by = f", by {found.changed_by}" if found.changed_by else ""
    output.say(f"{of} {verb}{since}{by}: {found.reason}")

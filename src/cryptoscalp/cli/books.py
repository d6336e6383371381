"""`cryptoscalp books`: whether every sum of the books holds."""

from __future__ import annotations

from typing import Annotated

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session, command

_books = typer.Typer(rich_markup_mode=None, help="Whether the books agree with themselves.")


def register(app: typer.Typer) -> None:
    """Add `books` and its commands."""
    app.add_typer(_books, name="books")


@command(_books, "check")
def check(
    session: Session,
    portfolio: Annotated[
        str | None, typer.Option("--portfolio", metavar="NAME", help="Only this one; else all.")
    ] = None,
) -> None:
    """Reckon every sum of the books again from its rows, and show what differs.

    Nothing is changed. Exit code 1 when anything differs.
    """
    with session.connect() as db:
        found = db.trading.check_books(portfolio)
        counts = db.trading.count_books(portfolio)
    if session.json:
        output.emit({"agree": not found, "counts": counts, "differences": found})
    elif found:
        output.table(
            ["portfolio", "of", "what must hold", "stored", "reckoned"],
            [(one.portfolio, one.subject, one.what, one.stored, one.reckoned) for one in found],
            right=["stored", "reckoned"],
        )
        output.say(f"{len(found):,} sums of the books do not hold")
    else:
        output.say(
            f"the books agree with themselves: {counts.portfolios:,} portfolios,"
            f" {counts.positions:,} positions, {counts.trades:,} trades,"
            f" {counts.cash_entries:,} cash entries"
        )
    if found:
        raise typer.Exit(1)

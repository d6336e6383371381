"""`cryptoscalp portfolio`: accounts, their terms, cash and positions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import cash, output, portfolio_pnl, portfolio_value, positions
from cryptoscalp.cli.amounts import Precisions, parsed_size
from cryptoscalp.cli.book_options import PortfolioName
from cryptoscalp.cli.session import Session, command
from cryptoscalp.trading.types import PositionMode

if TYPE_CHECKING:
    from cryptoscalp.trading.types import Portfolio

_portfolio = typer.Typer(rich_markup_mode=None, help="Accounts: terms, cash, worth, P&L, exposure.")


def register(app: typer.Typer) -> None:
    """Add `portfolio` and its commands."""
    app.add_typer(_portfolio, name="portfolio")


@command(_portfolio, "create")
def create(
    session: Session,
    name: PortfolioName,
    base: Annotated[
        str, typer.Option("--base", metavar="NAME", help="Currency that it is valued in.")
    ],
    mode: Annotated[
        PositionMode,
        typer.Option(
            "--mode",
            case_sensitive=False,
            help="netting: one position an instrument and strategy; hedging: a LONG and a SHORT.",
        ),
    ] = "NETTING",
    leverage: Annotated[
        Decimal,
        typer.Option(
            "--leverage", parser=parsed_size, metavar="NUMBER", help="That of new positions."
        ),
    ] = Decimal(1),
) -> None:
    """Make a portfolio.

    One that is there with the same terms is shown again.
    """
    with session.connect() as db:
        found = db.trading.create_portfolio(name, base, position_mode=mode, leverage=leverage)
    _show(session, found)


@command(_portfolio, "list")
def list_portfolios(session: Session) -> None:
    """Show all portfolios, the closed ones too."""
    with session.connect() as db:
        found = db.trading.portfolios()
    if session.json:
        output.emit(found)
        return
    output.table(
        ["portfolio", "base", "mode", "leverage", "created (UTC)", "closed (UTC)"],
        [
            (one.name, one.base_currency, one.position_mode, one.leverage, one.created_at,
             one.closed_at)
            for one in found
        ],
        right=["leverage"],
    )  # fmt: skip
    output.say(f"{len(found):,} portfolios")


@command(_portfolio, "show")
def show(session: Session, name: PortfolioName) -> None:
    """Show a portfolio: terms, balances, open positions.

    The inventory of spot positions is part of the balances.
    """
    with session.connect() as db:
        found = db.trading.portfolio(name)
        balances = db.trading.balances(name)
        held = db.trading.positions(name)
        precisions = Precisions(db.market.instruments())
    if session.json:
        output.emit({"portfolio": found, "balances": balances, "positions": held})
        return
    _show(session, found)
    output.table(["currency", "balance"], balances.items(), right=["balance"])
    positions.table(held, precisions, "open")


@command(_portfolio, "close")
def close(session: Session, name: PortfolioName) -> None:
    """Retire a portfolio without open positions: nothing more is booked, its books stay."""
    with session.connect() as db:
        found = db.trading.close_portfolio(name)
    _show(session, found)


def _show(session: Session, one: Portfolio) -> None:
    if session.json:
        output.emit(one)
        return
    output.fields(
        [
            ("portfolio", one.name),
            ("base currency", one.base_currency),
            ("mode", one.position_mode),
            ("leverage", one.leverage),
            ("created (UTC)", one.created_at),
            ("closed (UTC)", one.closed_at),
        ]
    )


for part in (cash, portfolio_value, portfolio_pnl):
    part.register(_portfolio)

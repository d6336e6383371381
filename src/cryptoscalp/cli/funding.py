"""`cryptoscalp funding`: what perpetual contracts paid and received."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.amounts import Precisions, parsed_amount, parsed_size
from cryptoscalp.cli.book_options import (
    At,
    Portfolio,
    PositionSideOption,
    RateOption,
    StrategyOption,
    Venue,
    rates_of,
)
from cryptoscalp.cli.reads import Symbol
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.trading.types import FundingPayment

_funding = typer.Typer(rich_markup_mode=None, help="Funding of perpetual contracts.")


def register(app: typer.Typer) -> None:
    """Add `funding` and its commands."""
    app.add_typer(_funding, name="funding")


@command(_funding, "record")
def record(
    session: Session,
    portfolio: Portfolio,
    symbol: Symbol,
    exchange: Venue,
    at: At,
    amount: Annotated[
        Decimal | None,
        typer.Option(
            "--amount",
            parser=parsed_amount,
            metavar="NUMBER",
            help="As the venue says it: above zero received, below zero paid.",
        ),
    ] = None,
    funding_rate: Annotated[
        Decimal | None,
        typer.Option(
            "--funding-rate",
            parser=parsed_amount,
            metavar="NUMBER",
            help="With --mark-price, where the amount is not known: longs pay above zero.",
        ),
    ] = None,
    mark_price: Annotated[
        Decimal | None,
        typer.Option(
            "--mark-price", parser=parsed_size, metavar="NUMBER", help="At the time of funding."
        ),
    ] = None,
    strategy: StrategyOption = None,
    position_side: PositionSideOption = None,
    rate: RateOption = None,
) -> None:
    """Book a funding payment, once a position and funding time.

    Give --amount; or --funding-rate and --mark-price, and it is reckoned on what was open then.
    """
    if amount is None and (funding_rate is None or mark_price is None):
        raise typer.BadParameter("give --amount, or --funding-rate and --mark-price")
    rates = rates_of(rate)
    with session.connect() as db:
        found = db.trading.record_funding(
            portfolio, symbol, exchange, at, amount=amount, funding_rate=funding_rate,
            mark_price=mark_price, strategy=strategy, position_side=position_side, rates=rates,
        )  # fmt: skip
        known = Precisions(db.market.instruments(found.symbol, found.exchange))
    if session.json:
        output.emit(found)
        return
    _table([found], known)
    if found.duplicate:
        output.say("it was booked before; nothing is changed")


@command(_funding, "list")
def list_payments(session: Session, portfolio: Portfolio) -> None:
    """Show the funding of a portfolio in the order of booking."""
    with session.connect() as db:
        found = db.trading.funding_payments(portfolio)
        known = Precisions(db.market.instruments())
    if session.json:
        output.emit(found)
        return
    _table(found, known)
    output.say(f"{len(found):,} payments")


def _table(found: Sequence[FundingPayment], known: Precisions) -> None:
    output.table(
        ["funding", "time (UTC)", "instrument", "position", "quantity", "rate", "mark price",
         "amount", "in"],
        [
            (
                str(one.funding_id),
                one.timestamp,
                f"{one.symbol} on {one.exchange}",
                None if one.position_id is None else str(one.position_id),
                known.of(one.symbol, one.exchange).quantity(one.quantity),
                one.funding_rate,
                one.mark_price,
                one.amount,
                one.currency,
            )
            for one in found
        ],
        right=["funding", "position", "quantity", "rate", "mark price", "amount"],
    )  # fmt: skip

"""`cryptoscalp portfolio deposit`, `withdraw` and `ledger`: cash of a portfolio."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import listing, output
from cryptoscalp.cli.amounts import money, parsed_size
from cryptoscalp.cli.book_options import (
    Limit,
    MaybeAt,
    Note,
    PortfolioName,
    RateOption,
    rates_of,
)
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.trading.types import Transferred

Currency = Annotated[
    str, typer.Argument(metavar="CURRENCY", help="As the venue writes it, such as USDT.")
]
Amount = Annotated[
    Decimal, typer.Argument(metavar="AMOUNT", parser=parsed_size, help="Above zero.")
]
Reference = Annotated[
    str,
    typer.Option(
        "--reference", metavar="TEXT", help="Your name for it; under one name it is booked once."
    ),
]


def register(group: typer.Typer) -> None:
    """Add the commands to `portfolio`."""
    command(group, "deposit")(deposit)
    command(group, "withdraw")(withdraw)
    command(group, "ledger")(ledger)


def deposit(
    session: Session,
    name: PortfolioName,
    currency: Currency,
    amount: Amount,
    reference: Reference,
    at: MaybeAt = None,
    rate: RateOption = None,
    note: Note = None,
) -> None:
    """Book cash that came in.

    Safe to repeat: the same reference is booked once.
    """
    rates = rates_of(rate)
    with session.connect() as db:
        found = db.trading.deposit(
            name, currency, amount, reference=reference, timestamp=at, rates=rates, note=note
        )
    _show(session, found)


def withdraw(
    session: Session,
    name: PortfolioName,
    currency: Currency,
    amount: Amount,
    reference: Reference,
    at: MaybeAt = None,
    rate: RateOption = None,
    note: Note = None,
    overdraw: Annotated[
        bool, typer.Option("--overdraw", help="Book it also where the balance is smaller.")
    ] = False,
) -> None:
    """Book cash that went out; the balance has to cover it.

    Safe to repeat: the same reference is booked once.
    """
    rates = rates_of(rate)
    with session.connect() as db:
        found = db.trading.withdraw(
            name, currency, amount, reference=reference, timestamp=at, rates=rates,
            overdraw=overdraw, note=note,
        )  # fmt: skip
    _show(session, found)


def ledger(
    session: Session,
    name: PortfolioName,
    currency: Annotated[
        str | None, typer.Option("--currency", metavar="NAME", help="Only this currency.")
    ] = None,
    limit: Limit = None,
) -> None:
    """Show the cash ledger in the order of booking."""
    with session.connect() as db:
        found = db.trading.cash_ledger(name, currency, limit=listing.asked(session, limit))
    if session.json:
        output.emit(found)
        return
    rows, line = listing.cut(found, limit, "entries")
    output.table(
        ["entry", "time (UTC)", "kind", "currency", "amount", "in base", "of", "note"],
        [
            (
                str(one.entry_id),
                one.timestamp,
                one.kind,
                one.currency,
                one.amount,
                money(one.base_amount),
                _origin(one.reference, one.trade_id, one.funding_id),
                one.note,
            )
            for one in rows
        ],
        right=["entry", "amount", "in base"],
    )
    output.say(line)


def _origin(reference: str | None, trade_id: int | None, funding_id: int | None) -> str | None:
    if trade_id is not None:
        return f"trade {trade_id}"
    return reference if funding_id is None else f"funding {funding_id}"


def _show(session: Session, found: Transferred) -> None:
    if session.json:
        output.emit(found)
        return
    one = found.entry
    done = "was booked before; nothing is changed" if found.duplicate else "is booked"
    output.say(
        f"{one.kind.lower()} {one.reference!r} of {output.exact(abs(one.amount))} {one.currency}"
        f" {done} (entry {one.entry_id}, {output.cell(one.timestamp)})"
    )

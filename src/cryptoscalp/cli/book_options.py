"""The options that commands of the books share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import typer

from cryptoscalp.cli.amounts import parsed_amount, parsed_size
from cryptoscalp.cli.times import parsed_time
from cryptoscalp.market.types import Side
from cryptoscalp.trading.types import PositionSide, PriceKind


@dataclass(frozen=True, slots=True)
class GivenRate:
    """What a unit of a currency is worth in the portfolio's base currency."""

    currency: str
    rate: Decimal


def parsed_rate(text: str | GivenRate) -> GivenRate:
    """A rate from `BNB=312.5`."""
    if isinstance(text, GivenRate):
        return text
    currency, equals, number = text.partition("=")
    if not equals or not currency.strip():
        raise typer.BadParameter(f"{text!r} is no rate; write CURRENCY=NUMBER, such as BNB=312.5")
    return GivenRate(currency.strip(), parsed_size(number))


def rates_of(given: list[GivenRate] | None) -> dict[str, Decimal] | None:
    """Currency -> rate; a currency that is given two rates is misuse."""
    rates: dict[str, Decimal] = {}
    for one in given or []:
        if rates.setdefault(one.currency, one.rate) != one.rate:
            raise typer.BadParameter(f"--rate {one.currency} is given twice, and differs")
    return rates or None


def parsed_day(text: str | date) -> date:
    """A UTC day."""
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it as 2024-08-08") from None


Portfolio = Annotated[
    str, typer.Option("--portfolio", metavar="NAME", help="The portfolio that it is in.")
]
PortfolioName = Annotated[str, typer.Argument(metavar="NAME", help="Name of the portfolio.")]
Venue = Annotated[
    str, typer.Option("--exchange", metavar="NAME", help="The exchange, such as binance.")
]
StrategyOption = Annotated[
    str | None,
    typer.Option("--strategy", metavar="NAME", help="The strategy whose position it changes."),
]
PositionSideOption = Annotated[
    PositionSide | None,
    typer.Option(
        "--position-side", case_sensitive=False, help="The position, in a HEDGING portfolio."
    ),
]
SideOption = Annotated[Side, typer.Option("--side", case_sensitive=False, help="Bought or sold.")]
Quantity = Annotated[
    Decimal,
    typer.Option(
        "--quantity", parser=parsed_size, metavar="NUMBER", help="In base currency, or contracts."
    ),
]
Fee = Annotated[
    Decimal,
    typer.Option(
        "--fee", parser=parsed_amount, metavar="NUMBER", help="Paid; below zero for a rebate."
    ),
]
FeeCurrency = Annotated[
    str | None, typer.Option("--fee-currency", metavar="NAME", help="What the fee was paid in.")
]
By = Annotated[
    PriceKind,
    typer.Option(
        "--by",
        case_sensitive=False,
        help="quote: the side that closes the position; mid; last: the last trade; mark: the"
        " venue's mark price.",
    ),
]
RateOption = Annotated[
    list[GivenRate] | None,
    typer.Option(
        "--rate",
        parser=parsed_rate,
        metavar="NAME=NUMBER",
        help="Worth of a currency in the base currency, such as BNB=312.5; repeatable. Else the"
        " stored market data are asked.",
    ),
]
MaybeAt = Annotated[
    datetime | None,
    typer.Option("--at", parser=parsed_time, metavar="TIME", help="When; now unless said."),
]
At = Annotated[
    datetime, typer.Option("--at", parser=parsed_time, metavar="TIME", help="When it happened.")
]
Note = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="A remark, kept with it.")]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit", min=1, metavar="COUNT", help="The last so many; a table shows 40 unless said."
    ),
]

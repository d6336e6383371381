"""Amounts as the command line takes them, and as its tables show them; JSON has all digits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.trading.exact import EXACT

if TYPE_CHECKING:
    from cryptoscalp.market.types import Instrument

#: Decimals of what was reckoned (P&L, worth) and of averages beyond the tick.
_MONEY: Final = 8
_AVERAGE: Final = 2


def parsed_number(text: str | Decimal) -> Decimal:
    """A number as it is written."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("nan")
    if not found.is_finite():
        raise typer.BadParameter(f"{text!r} is no number; write it in decimals, such as 0.001")
    return found


def parsed_amount(text: str | Decimal) -> Decimal:
    """A number that the books can hold, with its sign."""
    from cryptoscalp.infra.db.errors import InputError
    from cryptoscalp.trading.amounts import number

    try:
        return number(parsed_number(text), "the number")
    except InputError as error:
        raise typer.BadParameter(str(error)) from error


def parsed_size(text: str | Decimal) -> Decimal:
    """A number above zero that the books can hold."""
    found = parsed_amount(text)
    if found <= 0:
        raise typer.BadParameter(f"{text} must be above zero")
    return found


def money(value: Decimal | None) -> str | None:
    """An amount that was reckoned: at most 8 decimals, all of them where 8 would say zero."""
    if value is None:
        return None
    short = _rounded(value, _MONEY)
    return output.exact(short or value)


def _rounded(value: Decimal, decimals: int) -> Decimal:
    """The value to that many decimals; as it is where it has no more."""
    if decimals_of(value) <= decimals:
        return value
    return value.quantize(Decimal(1).scaleb(-decimals), context=EXACT)


def decimals_of(number: Decimal) -> int:
    """How many decimals a number has, zeros at its end not counted."""
    exponent = number.normalize(EXACT).as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def _padded(value: Decimal, step: Decimal | None) -> str:
    """The value with the decimals of the step, and with all of its own where it has more."""
    if step is None or decimals_of(value) > (decimals := decimals_of(step)):
        return output.exact(value)
    return f"{value:.{decimals}f}"


@dataclass(frozen=True, slots=True)
class Precision:
    """How an instrument's prices and quantities are shown; None where a step is not known."""

    tick_size: Decimal | None = None
    lot_size: Decimal | None = None

    def price(self, value: Decimal | None) -> str | None:
        """A price with the decimals of the tick size."""
        return None if value is None else _padded(value, self.tick_size)

    def average(self, value: Decimal | None) -> str | None:
        """An average price: to two decimals more than the tick size has."""
        if value is None or self.tick_size is None:
            return self.price(value)
        short = _rounded(value, decimals_of(self.tick_size) + _AVERAGE)
        return self.price(short or value)

    def quantity(self, value: Decimal | None) -> str | None:
        """A quantity with the decimals of the lot size."""
        return None if value is None else _padded(value, self.lot_size)


class Precisions:
    """The precision of each of some instruments."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._known = {
            (one.symbol, one.exchange): Precision(one.tick_size, one.lot_size)
            for one in instruments
        }

    def of(self, symbol: str, exchange: str) -> Precision:
        """That of an instrument; of one that is not among them, all digits are shown."""
        return self._known.get((symbol, exchange), Precision())

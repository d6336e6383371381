"""What callers give as money, sizes and times, checked before anything is asked of the database."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, get_args

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.market.names import moment, one_of
from cryptoscalp.market.types import Side
from cryptoscalp.trading.exact import EXACT
from cryptoscalp.trading.types import Fill, Liquidity, PositionSide, Rates

_INTEGER_DIGITS: Final = 20
_DECIMALS: Final = 18


def number(value: Decimal | int, name: str) -> Decimal:
    """A number of at most 20 digits and 18 decimals; InputError otherwise, also for a float."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal):
        raise InputError(
            f"{name} {value!r} is {type(value).__name__}; money and sizes are Decimal, such as"
            " Decimal('0.1')"
        )
    if not value.is_finite():
        raise InputError(f"{name} {value} is no number")
    if value and value.adjusted() >= _INTEGER_DIGITS:
        raise InputError(f"{name} {value} has more than {_INTEGER_DIGITS} digits before the point")
    exponent = value.normalize(EXACT).as_tuple().exponent
    assert isinstance(exponent, int)
    if value and -exponent > _DECIMALS:
        raise InputError(f"{name} {value} has more than {_DECIMALS} decimals")
    return value


def above_zero(value: Decimal | int, name: str) -> Decimal:
    """A number above zero; InputError otherwise."""
    found = number(value, name)
    if found <= 0:
        raise InputError(f"{name} {value} must be above zero")
    return found


def now_or(value: datetime | None, name: str) -> datetime:
    """The moment that is given, else now; InputError for one without a zone."""
    return datetime.now(UTC) if value is None else moment(value, name)


def rates_json(rates: Rates | None) -> str | None:
    """Given rates as the database takes them; InputError for one that is not above zero."""
    if not rates:
        return None
    return json.dumps(
        {currency: str(above_zero(rate, f"rate of {currency}")) for currency, rate in rates.items()}
    )


def checked_fill(fill: Fill) -> Fill:
    """The fill, when it can be one; InputError says which field cannot."""
    name = f"fill {fill.exchange_trade_id!r}"
    if not isinstance(fill.exchange_trade_id, str):
        raise InputError(
            f"{name}: exchange_trade_id is {type(fill.exchange_trade_id).__name__}; it must be text"
        )
    if not fill.exchange_trade_id or "\0" in fill.exchange_trade_id:
        raise InputError(f"{name} has no exchange_trade_id; a fill is known by its venue's id")
    moment(fill.timestamp, f"{name}: timestamp")
    one_of(fill.side, get_args(Side), f"side (of {name})")
    above_zero(fill.quantity, f"{name}: quantity")
    above_zero(fill.price, f"{name}: price")
    if number(fill.fee, f"{name}: fee") and not fill.fee_currency:
        raise InputError(f"{name}: its fee {fill.fee} has no currency")
    if fill.liquidity is not None:
        one_of(fill.liquidity, get_args(Liquidity), f"liquidity (of {name})")
    if fill.position_side is not None:
        one_of(fill.position_side, get_args(PositionSide), f"position side (of {name})")
    if fill.leverage is not None:
        above_zero(fill.leverage, f"{name}: leverage")
    return fill

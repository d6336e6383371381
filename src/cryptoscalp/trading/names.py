"""Names in the books: portfolios, strategies, currencies, instruments as callers write them."""

from __future__ import annotations

import re
from typing import Final

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.market.names import resolve

_CURRENCY: Final = re.compile(r"\S{1,32}")


def named(name: str, what: str) -> str:
    """A name that is one; InputError otherwise."""
    if not isinstance(name, str) or not name.strip() or name != name.strip():
        raise InputError(f"{what} {name!r} is no name; write one without blanks around it")
    return name


def currency(code: str) -> str:
    """A currency as venues write it; InputError for what cannot be one."""
    if not isinstance(code, str) or not _CURRENCY.fullmatch(code):
        raise InputError(f"{code!r} is no currency; write it as the venue does, such as USDT")
    return code


def venue_name(symbol: str, exchange: str) -> Flow[str]:
    """The venue's spelling of a symbol; asks the database only where a unified one is given."""
    if "/" not in symbol:
        return symbol
    stored, _ = yield from resolve(symbol, exchange)
    return stored

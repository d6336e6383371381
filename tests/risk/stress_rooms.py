"""Books for stress tests: made by hand, with what each instrument is said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from cryptoscalp.risk.stress.book import Book, Top
from cryptoscalp.risk.stress.engine import stressed
from cryptoscalp.risk.stress.moves import moves_of
from cryptoscalp.risk.stress.parsing import parsed
from cryptoscalp.risk.stress.points import hypothetical_points
from cryptoscalp.risk.stress.result_types import Outcome
from cryptoscalp.risk.stress.scenario_types import Scenario
from cryptoscalp.trading.exact import rounded
from cryptoscalp.trading.types import PositionSide
from cryptoscalp.trading.worth import Held, Priced, Rate
from tests.trading.books import CROSS, INVERSE, LINEAR, SPOT, TRADED, Traded

AT: Final = datetime(2024, 8, 8, 12, tzinfo=UTC)
ETH_LINEAR: Final = Traded("ETHUSDT", "binanceusdm", "ETH", "USDT", "USDT")
ETH_SPOT: Final = Traded("ETHUSDT", "binance", "ETH", "USDT")
BYBIT: Final = Traded("BTCUSDT", "bybit", "BTC", "USDT", "USDT")
ALL: Final = (*TRADED, ETH_LINEAR, ETH_SPOT, BYBIT)
#: Units of USDT, the base currency of these books.
RATES: Final = {"USDT": "1", "USDC": "1", "BTC": "50000", "ETH": "2500", "USD": "1"}


@dataclass(frozen=True, slots=True)
class Open:
    """A position of a book that is made by hand."""

    of: Traded
    side: PositionSide
    quantity: str
    entry: str
    price: str
    leverage: str = "10"


def book(
    *positions: Open,
    cash: Mapping[str, str] | None = None,
    base: str = "USDT",
    rates: Mapping[str, str] = RATES,
    tops: Sequence[Top | None] = (),
) -> Book:
    """A book of open positions with cash that is free beside them."""
    balances = {code: Decimal(amount) for code, amount in (cash or {"USDT": "10000"}).items()}
    held = []
    for number, one in enumerate(positions, 1):
        quantity, entry = Decimal(one.quantity), Decimal(one.entry)
        size = quantity * one.of.multiplier
        cost = rounded(size / entry if one.of.inverse else size * entry)
        if one.of.settle is None:
            signed = quantity if one.side == "LONG" else -quantity
            balances[one.of.base] = balances.get(one.of.base, Decimal(0)) + signed
        held.append(
            Held(number, one.of.symbol, one.of.exchange, one.side, one.of.inverse,
                 one.of.multiplier, one.of.settle is not None, Decimal(one.leverage),
                 one.of.pnl_currency, one.of.base, quantity, cost)
        )  # fmt: skip
    codes = set(balances) | {one.pnl_currency for one in held}
    return Book(
        portfolio_id=1,
        portfolio="main",
        at=AT,
        base_currency=base,
        balances=balances,
        held=tuple(held),
        prices={n: Priced(Decimal(one.price), AT) for n, one in enumerate(positions, 1)},
        quotes={n: one.of.quote for n, one in enumerate(positions, 1)},
        rates={code: Rate(Decimal(rates[code]), f"{code}>{base} given") for code in codes},
        tops={n: top for n, top in enumerate(tops, 1) if top is not None},
        assets=frozenset({"BTC", "ETH", "USDT", "USD", *codes}),
        exchanges=frozenset(one.exchange for one in ALL),
        instruments=frozenset((one.symbol, one.exchange) for one in ALL),
    )


def scenario(body: str, name: str = "test") -> Scenario:
    """A hypothetical scenario of 20 minutes, unless its text says others."""
    text = f"name: {name}\ndescription: as a test says\nkind: hypothetical\n{body}\n"
    return parsed((text if "minutes:" in body.split("halt")[0] else text + "minutes: 20\n")
                  .encode(), f"{name}.yaml")  # fmt: skip


def run(made: Book, body: str | Scenario) -> Outcome:
    """A hypothetical scenario over a book."""
    one = scenario(body) if isinstance(body, str) else body
    return stressed(made, one, hypothetical_points(one, made, moves_of(one, made)))


def exact(value: Decimal | str) -> Fraction:
    """A number for arithmetic that rounds nothing."""
    return Fraction(value)


def at_price(one: Open, price: str) -> Open:
    """The position at another price."""
    return replace(one, price=price)


__all__ = [
    "AT",
    "BYBIT", "CROSS", "ETH_LINEAR", "ETH_SPOT", "INVERSE", "LINEAR", "SPOT", "Open", "at_price",
    "book", "exact", "run", "scenario",
]  # fmt: skip

"""Flow: the balances of the books compared with a venue's, and adjusted where asked to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from cryptoscalp.infra.db.flow import Flow, aside, call
from cryptoscalp.trading.amounts import now_or, rates_json
from cryptoscalp.trading.cash import adjust_cash, balances
from cryptoscalp.trading.exact import EXACT
from cryptoscalp.trading.files.balances import BalanceFile, read_balances
from cryptoscalp.trading.types import Rates

_PREFIX: Final = 16


@dataclass(frozen=True, slots=True)
class BalanceDifference:
    """A currency in the books and at the venue; `difference` is what the books lack."""

    currency: str
    books: Decimal
    venue: Decimal
    difference: Decimal


@dataclass(frozen=True, slots=True)
class BalancesReconciled:
    """Every currency that one of the sides has some of; `applied` are the entries booked."""

    portfolio: str
    balances: tuple[BalanceDifference, ...]
    applied: tuple[int, ...] = ()

    @property
    def differing(self) -> tuple[BalanceDifference, ...]:
        """The currencies whose balances are not the same."""
        return tuple(one for one in self.balances if one.difference)

    @property
    def agrees(self) -> bool:
        """Whether the books were found to be as the venue's."""
        return not self.differing


def reconcile_balances(
    portfolio: str,
    path: Path | str,
    *,
    apply: bool = False,
    at: datetime | None = None,
    rates: Rates | None = None,
) -> Flow[BalancesReconciled]:
    """Compare the balances of a portfolio with a file of them; a currency that lacks is zero.

    The file is CSV (currency and balance), Binance's JSON of an account, or an object such as
    {"BTC": "1.2"}. With `apply` the differences are booked as ADJUSTMENT at `at` (now unless said),
    one a currency, in one transaction; then comparing again finds nothing. `rates` are for
    currencies that have to be valued. Raises InputError for a file that is none or empty, NotFound
    for an unknown portfolio, MissingRate; then nothing was changed.
    """
    moment = now_or(at, "at")
    rates_json(rates)
    file = yield from call(partial(read_balances, path))
    compared = partial(_compare_and_apply, portfolio, file, apply, moment, rates)
    return (yield from aside(compared, transaction=True))


def _compare_and_apply(
    portfolio: str, file: BalanceFile, apply: bool, at: datetime, rates: Rates | None
) -> Flow[BalancesReconciled]:
    books = yield from balances(portfolio)
    zero = Decimal(0)
    pairs = [
        (currency, books.get(currency, zero), file.balances.get(currency, zero))
        for currency in sorted({*books, *file.balances})
    ]
    found = BalancesReconciled(
        portfolio,
        tuple(
            BalanceDifference(currency, ours, theirs, EXACT.subtract(theirs, ours))
            for currency, ours, theirs in pairs
            if ours or theirs
        ),
    )
    applied = []
    for one in found.differing if apply else ():
        booked = yield from adjust_cash(
            portfolio,
            one.currency,
            one.difference,
            reference=f"reconcile:{file.digest[:_PREFIX]}:{one.currency}:{one.books:f}",
            note=f"reconcile: balances of {Path(file.name).name}",
            timestamp=at,
            rates=rates,
        )
        applied.append(booked.entry.entry_id)
    return BalancesReconciled(portfolio, found.balances, tuple(applied))

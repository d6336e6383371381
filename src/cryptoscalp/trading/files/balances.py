"""Files of balances: CSV, Binance's JSON of an account, or a JSON object of amounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from cryptoscalp.infra.db.errors import InputError, UnknownFormat
from cryptoscalp.trading.exact import EXACT
from cryptoscalp.trading.files.content import Content, read_content
from cryptoscalp.trading.files.record import Record
from cryptoscalp.trading.files.records import document, split
from cryptoscalp.trading.names import currency as checked_currency

_CURRENCIES: Final = ("currency", "asset", "coin")
#: Names of the whole balance; a record that has none of them has its parts.
_WHOLE: Final = ("balance", "walletbalance", "total")
_PARTS: Final = ("free", "locked")
#: Where Binance's answers about an account keep their list.
_LISTS: Final = ("balances", "assets")


@dataclass(frozen=True, slots=True)
class BalanceFile:
    """The balances that a file says, and the SHA-256 of its content."""

    name: str
    digest: str
    balances: Mapping[str, Decimal]


def read_balances(path: Path | str) -> BalanceFile:
    """The balances of a file by currency.

    Raises InputError for a damaged or empty file, for a currency that is there twice, and
    UnknownFormat where no currency or balance is found.
    """
    content = read_content(path)
    found: dict[str, Decimal] = {}
    for record in _records(content):
        currency, amount = _one(record)
        if currency in found:
            raise InputError(f"{record.where}: {currency} is there twice; nothing was changed")
        found[currency] = amount
    if not found:
        raise InputError(f"{content.name}: holds no balance; an account without any has zeros")
    return BalanceFile(content.name, content.digest, found)


def _records(content: Content) -> Iterable[Record]:
    if not content.text.lstrip().startswith("{"):
        return split(content).records
    whole = document(content)
    for name in _LISTS:
        if isinstance(whole.get(name), list):
            return [
                _object(one, f"{content.name}, {name} {n}") for n, one in enumerate(whole[name], 1)
            ]
    if any(isinstance(value, dict | list) for value in whole.values()):
        raise UnknownFormat(
            f"{content.name}: is no account of Binance's ({' or '.join(_LISTS)}) and no object of"
            ' amounts such as {"BTC": "1.2"}'
        )
    return [
        Record(f"{content.name}, {name}", {"currency": name, "balance": amount})
        for name, amount in whole.items()
    ]


def _object(found: Any, where: str) -> Record:
    if not isinstance(found, dict):
        raise InputError(f"{where}: is no object with named fields; nothing was changed")
    return Record(where, found)


def _one(record: Record) -> tuple[str, Decimal]:
    named = {_plain(name): name for name in record.fields}
    field = next((named[name] for name in _CURRENCIES if name in named), None)
    whole = next((named[name] for name in _WHOLE if name in named), None)
    parts = [named[name] for name in _PARTS if name in named]
    if field is None or (whole is None and len(parts) < len(_PARTS)):
        raise UnknownFormat(
            f"{record.where}: needs a currency ({', '.join(_CURRENCIES)}) and a balance"
            f" ({', '.join(_WHOLE)}, or free and locked); there are {', '.join(record.fields)}"
        )
    currency = checked_currency(record.text(field))
    if whole is not None:
        return currency, record.number(whole)
    free, locked = map(record.number, parts)
    return currency, record.fitting(parts[0], EXACT.add(free, locked))


def _plain(name: str) -> str:
    return name.lower().replace(" ", "").replace("_", "")

"""Numbers with their currency glued to them, as `0.5BTC` or `1,234.5USDT`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from cryptoscalp.trading.files.record import Record, exact

#: A currency that nobody named begins with a letter; those that do not (1INCH) are of the pair.
_GLUED: Final = re.compile(r"(?P<number>[-+]?[\d,]*\.?\d+(?:E[-+]\d+)?)\s*(?P<currency>[^\W\d]\S*)")


def base_and_quote(record: Record, pair: str, bought: str, paid: str) -> tuple[str, str]:
    """The currencies of a pair: that of the base is glued to one cell, of the quote to another.

    Raises InputError where the cells carry no two currencies that make the pair.
    """
    whole = pair.replace("/", "").replace("-", "").replace("_", "")
    for cut in range(1, len(whole)):
        base, quote = whole[:cut], whole[cut:]
        if _amount(record, bought, base) is not None and _amount(record, paid, quote) is not None:
            return base, quote
    record.refuse(
        bought, f"and {paid} {record.fields.get(paid)!r} carry no currencies that make {pair}"
    )


def amount_and_currency(
    record: Record, field: str, likely: Iterable[str], *, bare: bool = False
) -> tuple[Decimal, str | None]:
    """The number of a cell and its currency: one of the `likely` ones, or any.

    With `bare` a number alone is one without a currency. Raises InputError for another text.
    """
    for currency in likely:
        amount = _amount(record, field, currency)
        if amount is not None:
            return record.fitting(field, amount), currency
    text = record.text(field)
    found = _GLUED.fullmatch(text)
    amount = exact(found["number"]) if found else None
    if found and amount is not None:
        return record.fitting(field, amount), found["currency"]
    alone = exact(text)
    if alone is None or not (bare or alone == 0):
        record.refuse(field, "is no number with its currency, such as 0.5BTC")
    return record.fitting(field, alone), None


def _amount(record: Record, field: str, currency: str) -> Decimal | None:
    text = record.text(field)
    return exact(text[: -len(currency)].rstrip()) if text.endswith(currency) else None

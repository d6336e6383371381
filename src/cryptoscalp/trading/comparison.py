"""What the fills of a venue and those of the books differ in; a pure calculation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.trading.files.found import MADE, FoundFill
from cryptoscalp.trading.standing import StandingFill
from cryptoscalp.trading.types import Fill

#: Exports write times to the second, streams to the microsecond.
_SAME_TIME: Final = timedelta(seconds=1)
_Key: TypeAlias = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field of a fill that the books and the venue have differently."""

    field: str
    books: Decimal | datetime | str | None
    venue: Decimal | datetime | str | None


@dataclass(frozen=True, slots=True)
class FillDifference:
    """A fill of one venue id and side with another content in the books, and what differs."""

    booked: StandingFill
    venue: Fill
    fields: tuple[FieldDifference, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many fills agree; what the books lack, have too many of, and have differently."""

    agreed: int
    missing: tuple[Fill, ...]
    extra: tuple[StandingFill, ...]
    differing: tuple[FillDifference, ...]


def compare_fills(venue: Sequence[Fill], books: Iterable[StandingFill]) -> Comparison:
    """Compare fills by exchange, symbol, venue's id and side.

    Where one of two fills has an id made of its content, as files without ids give, they are the
    same when their content is.
    """
    ours = {_key(one.fill): one for one in books}
    agreed, missing, differing = 0, [], []
    for fill in venue:
        booked = ours.pop(_key(fill), None)
        if booked is None:
            missing.append(fill)
        elif fields := differences(booked.fill, fill):
            differing.append(FillDifference(booked, fill, fields))
        else:
            agreed += 1
    missing, extra = _without_same(missing, list(ours.values()))
    agreed += len(ours) - len(extra)
    return Comparison(agreed, tuple(missing), tuple(extra), tuple(differing))


def once(found: Iterable[FoundFill]) -> list[FoundFill]:
    """The fills of a file, each once. Raises InputError for an id with two contents."""
    seen: dict[_Key, FoundFill] = {}
    for one in found:
        first = seen.setdefault(_key(one.fill), one)
        if fields := differences(first.fill, one.fill):
            names = ", ".join(difference.field for difference in fields)
            raise InputError(
                f"{one.where}: {one.fill.exchange_trade_id} is at {first.where} with another"
                f" {names}; nothing was booked"
            )
    return list(seen.values())


def differences(books: Fill, venue: Fill) -> tuple[FieldDifference, ...]:
    """The fields of two fills that differ; times within a second are the same."""
    found = []
    if abs(books.timestamp - venue.timestamp) >= _SAME_TIME:
        found.append(FieldDifference("timestamp", books.timestamp, venue.timestamp))
    if books.quantity != venue.quantity:
        found.append(FieldDifference("quantity", books.quantity, venue.quantity))
    if books.price != venue.price:
        found.append(FieldDifference("price", books.price, venue.price))
    if books.fee != venue.fee:
        found.append(FieldDifference("fee", books.fee, venue.fee))
    if books.fee and venue.fee and books.fee_currency != venue.fee_currency:
        found.append(FieldDifference("fee_currency", books.fee_currency, venue.fee_currency))
    return tuple(found)


def _without_same(
    missing: list[Fill], extra: list[StandingFill]
) -> tuple[list[Fill], list[StandingFill]]:
    """Both without the pairs of the same content of which one has no id of the venue."""
    candidates: dict[tuple[object, ...], list[StandingFill]] = defaultdict(list)
    for one in extra:
        candidates[_content(one.fill)].append(one)
    left, taken = [], set()
    for fill in missing:
        same = next(
            (
                one
                for one in candidates[_content(fill)]
                if one.trade_id not in taken
                and (_is_made(fill) or _is_made(one.fill))
                and abs(one.fill.timestamp - fill.timestamp) < _SAME_TIME
            ),
            None,
        )
        if same is None:
            left.append(fill)
        else:
            taken.add(same.trade_id)
    return left, [one for one in extra if one.trade_id not in taken]


def _key(fill: Fill) -> _Key:
    return fill.exchange, fill.symbol, fill.exchange_trade_id, fill.side


def _content(fill: Fill) -> tuple[object, ...]:
    paid = fill.fee_currency if fill.fee else None
    return fill.exchange, fill.symbol, fill.side, fill.quantity, fill.price, fill.fee, paid


def _is_made(fill: Fill) -> bool:
    return fill.exchange_trade_id.startswith(MADE)

"""A local order book from a snapshot and its updates: exact, and silent while out of step.

Sizes are absolute, so an update that the snapshot already holds does no harm; an update that
does not follow the one before makes every best level doubtful until the next snapshot.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# At 0 ms streams some 20 updates a second: ten seconds and more of REST answer time.
_REMEMBERED: Final = 1_000
_SCALE: Final = 18

Level = tuple[str, str]
"""(price, size) as the venue wrote them; size zero removes the level."""


_Change = tuple[bool, int, Level | None]
"""(is a bid, price in 1e-18, the level or None to remove it)."""


@dataclass(frozen=True, slots=True)
class DepthUpdate:
    """One venue message: the levels changed by update ids `first` to `last`.

    `previous` is the `last` of the message before where the venue says it (futures); spot ids
    have no holes, so there `first` follows that `last` by one.
    """

    first: int
    last: int
    previous: int | None
    bids: list[Level]
    asks: list[Level]

    def follows(self, last: int) -> bool:
        """Whether nothing is missing between update id `last` and this message."""
        return self.first == last + 1 if self.previous is None else self.previous == last

    def joins(self, snapshot: int) -> bool:
        """Whether this message is the first to apply on a snapshot at that update id."""
        before = self.first - 1 if self.previous is None else self.previous
        return before <= snapshot < self.last


@dataclass(frozen=True, slots=True)
class Top:
    """Best levels as the venue wrote them; None where a side is empty."""

    bid: Level | None
    ask: Level | None


@lru_cache(maxsize=1 << 16)
def scaled(text: str) -> int:
    """Plain decimal text as an exact integer of 1e-18; ValueError for anything else."""
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit()) or len(fraction.rstrip("0")) > _SCALE:
        raise ValueError(f"{text!r} is not a plain number of at most {_SCALE} decimals")
    return int(whole + fraction[:_SCALE].ljust(_SCALE, "0"))


class _Ladder:
    """One side: prices in order, and at each price the level as the venue wrote it."""

    __slots__ = ("levels", "prices")

    def __init__(self) -> None:
        self.prices: list[int] = []
        self.levels: dict[int, Level] = {}

    def put(self, price: int, level: Level | None) -> None:
        known = price in self.levels
        if level is not None:
            self.levels[price] = level
            if not known:
                self.prices.insert(bisect_left(self.prices, price), price)
        elif known:
            del self.levels[price]
            del self.prices[bisect_left(self.prices, price)]


class LocalBook:
    """The book of one instrument.

    Not thread-safe. `apply` and `load` raise ValueError for a level that is no number, and
    then change nothing.
    """

    def __init__(self) -> None:
        self._bids, self._asks = _Ladder(), _Ladder()
        self._last: int | None = None  # update id of the book; None while out of step
        self._joined = False  # an update has been applied since the snapshot
        self._recent: deque[DepthUpdate] = deque(maxlen=_REMEMBERED)
        self._top: Top | None = None

    @property
    def in_step(self) -> bool:
        """Whether the best levels can be trusted."""
        return self._last is not None

    def load(self, last: int, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Start from a snapshot at update id `last`, and catch up with what came before it.

        Updates arrive faster than the answer to a snapshot request, so those newer than the
        snapshot may already have passed. A snapshot that is older than a book in step, and
        cannot be caught up, is not used.
        """
        book = LocalBook()
        book._put(_changes(bids, asks))
        book._last = last
        for update in self._recent:
            book._advance(update, _changes(update.bids, update.asks))
        newest = self._recent[-1].last if self._recent else last
        if self.in_step and not (book.in_step and book._last is not None and book._last >= newest):
            return
        self._bids, self._asks = book._bids, book._asks
        self._last, self._joined = book._last, book._joined

    def apply(self, update: DepthUpdate) -> Top | None:
        """Apply an update; return the best levels if they are trusted and changed, else None."""
        self._advance(update, _changes(update.bids, update.asks))
        self._recent.append(update)
        if not (self.in_step and self._joined):
            return None
        top = Top(_best(self._bids, -1), _best(self._asks, 0))
        if self._top is not None and _equal(top, self._top):
            return None
        self._top = top
        return top

    def _advance(self, update: DepthUpdate, changes: list[_Change]) -> None:
        if self._last is None or update.last <= self._last:
            return
        if not (update.follows if self._joined else update.joins)(self._last):
            self._last, self._joined, self._top = None, False, None
            return
        self._put(changes)
        self._last, self._joined = update.last, True

    def _put(self, changes: list[_Change]) -> None:
        for is_bid, price, level in changes:
            (self._bids if is_bid else self._asks).put(price, level)


def _changes(bids: Iterable[Level], asks: Iterable[Level]) -> list[_Change]:
    return [
        (is_bid, scaled(level[0]), level if scaled(level[1]) else None)
        for is_bid, levels in ((True, bids), (False, asks))
        for level in levels
    ]


def _best(ladder: _Ladder, index: int) -> Level | None:
    return ladder.levels[ladder.prices[index]] if ladder.prices else None


def _equal(one: Top, other: Top) -> bool:
    return one == other or (_same(one.bid, other.bid) and _same(one.ask, other.ask))


def _same(one: Level | None, other: Level | None) -> bool:
    """Compare as numbers: 0.10 is 0.1."""
    if one is None or other is None:
        return one is other
    return scaled(one[0]) == scaled(other[0]) and scaled(one[1]) == scaled(other[1])

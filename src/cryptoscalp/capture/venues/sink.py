"""Where venues' messages become rows: events column by column, and the account of the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, wraps
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec
import polars as pl

from cryptoscalp.capture.account import UNKNOWN
from cryptoscalp.capture.chunk import (
    FUNDING_COLUMNS,
    MARK_COLUMNS,
    QUOTE_COLUMNS,
    TRADE_COLUMNS,
    Chunk,
    Columns,
    Reject,
    StreamKey,
)
from cryptoscalp.capture.validation import QuarantineReason

_T = TypeVar("_T")

_SYMBOL_LENGTH: Final = 64
#: Finds a symbol in a damaged payload.
SYMBOL: Final = r"(?P<symbol>[A-Za-z0-9_.:/-]{1,64})"
#: What reading a message that is not as it should be can raise.
BAD: Final = (ValueError, msgspec.MsgspecError, RecursionError)

_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Refused(Exception):
    """A payload is no message of the venue; the text says why.

    `symbol` and `stream` are told where enough of it can be read to see whose event is missing.
    """

    def __init__(self, detail: str, symbol: str | None = None, stream: str | None = None) -> None:
        super().__init__(detail)
        self.symbol, self.stream = symbol, stream


class Rows:
    """Rows of one kind, column by column.

    A tuple for each would wake the garbage collector so often that it costs a quarter more.
    """

    __slots__ = ("_appends", "_columns", "_schema")

    def __init__(self, schema: Columns) -> None:
        self._schema = schema
        self._columns: dict[str, list[Any]] = {name: [] for name in schema}
        self._appends = tuple(column.append for column in self._columns.values())

    def add(self, *values: object) -> None:
        """Add a row; its values are in the order of the schema."""
        for append, value in zip(self._appends, values, strict=True):
            append(value)

    def frame(self) -> pl.DataFrame:
        """Return the rows as a frame of the schema."""
        return pl.DataFrame(self._columns, schema=self._schema)


class Sink:
    """Takes what the messages of one exchange tell, for one chunk.

    `begin` says which record the next message is. With `only`, events of other symbols are
    counted as ignored. Times are µs since the epoch; prices, sizes and rates are text as the
    venue wrote them, None where it says there is none; sides are 'BUY' or 'SELL'.
    """

    def __init__(self, exchange: str, only: str | None = None) -> None:
        self.exchange = exchange
        self.symbols: set[str] = set()
        self.received_us = 0
        self.ignored: Counter[StreamKey] = Counter()
        self.rejects: list[Reject] = []
        self._only = only.upper() if only is not None else None
        self._line = 0
        self._raw = b""
        self._trades = Rows(TRADE_COLUMNS)
        self._quotes = Rows(QUOTE_COLUMNS)
        self._marks = Rows(MARK_COLUMNS)
        self._fundings = Rows(FUNDING_COLUMNS)

    def begin(self, line: int, received_us: int, raw: bytes) -> None:
        """Take what follows as told by the record `raw` at `line`.

        `received_us` is 0 where the record does not tell when it was received.
        """
        self._line, self.received_us, self._raw = line, received_us, raw

    def trade(
        self,
        symbol: str,
        timestamp: int,
        price: str,
        volume: str,
        side: str,
        sequence: int | None = None,
        feed: str = "trade",
    ) -> None:
        """Add a trade; `side` is the aggressor's."""
        if self._wanted(symbol, feed):
            self._trades.add(
                timestamp, self.received_us, self.exchange, symbol, feed, sequence,
                price, volume, side, self._line,
            )  # fmt: skip

    def quote(
        self,
        symbol: str,
        timestamp: int | None,
        bid: tuple[str | None, str | None],
        ask: tuple[str | None, str | None],
        sequence: int | None = None,
        source: str = "ticker",
    ) -> None:
        """Add best levels, (price, size) each; a timestamp of None is the receive time."""
        if self._wanted(symbol, source):
            untimed = timestamp is None
            self._quotes.add(
                self.received_us if untimed else timestamp, self.received_us, self.exchange,
                symbol, source, sequence, *bid, *ask, untimed, self._line,
            )  # fmt: skip

    def mark_price(self, symbol: str, timestamp: int, price: str, index: str | None) -> None:
        """Add a mark price and the index price beside it."""
        if self._wanted(symbol, "mark_price"):
            self._marks.add(
                timestamp, self.received_us, self.exchange, symbol, price, index, self._line
            )

    def funding_rate(
        self,
        symbol: str,
        timestamp: int,
        rate: str,
        due: int | None,
        predicted: str | None = None,
    ) -> None:
        """Add a funding rate, when it is due, and the rate foreseen for the period after."""
        if self._wanted(symbol, "funding_rate"):
            self._fundings.add(
                timestamp, self.received_us, self.exchange, symbol, rate, due, predicted,
                self._line,
            )  # fmt: skip

    def ignore(self, symbol: str, label: str) -> None:
        """Count a message that is understood and has no table; no symbol is ''."""
        if symbol:
            self.symbols.add(symbol)
        if not (_is_name(symbol or "-") and _is_name(label)):
            raise ValueError(f"{(symbol, label)!r:.80} names no stream")
        self.ignored[self.exchange, symbol or UNKNOWN.symbol, label] += 1

    def refuse(self, detail: str, symbol: str | None = None, stream: str | None = None) -> None:
        """Keep the record as one that could not be made an event."""
        self.rejects.append(
            Reject(
                line=self._line,
                reason=QuarantineReason.MALFORMED,
                detail=detail,
                raw=self._raw,
                exchange=self.exchange,
                symbol=symbol or None,
                stream=stream,
                timestamp_us=self.received_us or None,
            )
        )

    def chunk(self, raw: Callable[[int], bytes], *others: Reject) -> Chunk:
        """Make the chunk of everything taken; `others` are rejects that no message gave."""
        frames = [rows.frame() for rows in (self._trades, self._quotes, self._marks)]
        fundings = self._fundings.frame()
        rejects = (*self.rejects, *others)
        events = sum(frame.height for frame in (*frames, fundings))
        return Chunk(
            trades=frames[0],
            quotes=frames[1],
            mark_prices=frames[2],
            funding_rates=fundings,
            rejects=rejects,
            ignored=dict(self.ignored),
            raw=raw,
            received=events + len(rejects) + self.ignored.total(),
        )

    def _wanted(self, symbol: str, stream: str) -> bool:
        self.symbols.add(symbol)
        if self._only is None or symbol.upper() == self._only:
            return True
        self.ignore(symbol, stream)
        return False


@lru_cache(maxsize=1 << 12)
def _is_name(text: str) -> bool:
    return 0 < len(text) <= _SYMBOL_LENGTH and text.isprintable()


#: Reads one payload into the sink; Refused when it is no message of the venue.
Read: TypeAlias = Callable[[bytes, Sink], None]


class Kind(Generic[_T]):
    """One kind of market message: how its records decode, and what each of them tells.

    `put` takes a record, the symbol its message names, and the sink. A record that is not as it
    should be is refused alone; the others of its message are good.
    """

    def __init__(self, stream: str, record: type[_T], put: Callable[[_T, str, Sink], None]) -> None:
        self.stream = stream
        self._put = put
        self._one = msgspec.json.Decoder(record).decode
        self._many = msgspec.json.Decoder(list[record]).decode  # type: ignore[valid-type]

    def one(self, record: bytes | msgspec.Raw, symbol: str, sink: Sink) -> None:
        """Take a message that is one record."""
        try:
            self._put(self._one(record), symbol, sink)
        except BAD as error:
            sink.refuse(str(error), symbol, self.stream)

    def many(self, records: bytes | msgspec.Raw, symbol: str, sink: Sink) -> None:
        """Take a message that is an array of records."""
        try:
            found: Sequence[_T] = self._many(records)
        except BAD:
            for record in _items(records):
                self.one(record, symbol, sink)
            return
        for one in found:
            try:
                self._put(one, symbol, sink)
            except BAD as error:
                sink.refuse(str(error), symbol, self.stream)


def refusing(telling: str, kinds: Mapping[str, Kind[Any]]) -> Callable[[Read], Read]:
    """Let a reader raise Refused, and nothing else, for a payload that is not as it should be.

    The pattern `telling` finds the groups `label` and `symbol` in a payload that is damaged.
    """
    pattern = re.compile(telling.encode(), re.DOTALL)

    def whose(payload: bytes) -> tuple[str | None, str | None]:
        if (found := pattern.match(payload)) is None:
            return None, None
        label, symbol = found["label"].decode(), found["symbol"].decode()
        return symbol.upper(), kinds[label].stream if label in kinds else label

    def wrapped(read: Read) -> Read:
        @wraps(read)
        def reading(payload: bytes, sink: Sink) -> None:
            try:
                read(payload, sink)
            except BAD as error:
                raise Refused(str(error), *whose(payload)) from error

        return reading

    return wrapped

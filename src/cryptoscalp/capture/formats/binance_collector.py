"""Files of the hftbacktest Binance collector: `<local stamp> <combined-stream JSON>` lines.

The local stamp is nanoseconds (files of 2023: microseconds) since the epoch. Spot, USD-M and
COIN-M are told apart by what their messages hold: a spot trade has `M`, a futures trade has
`X`; futures tickers and depth have `T`, spot ones have not; COIN-M symbols end in `USD_PERP` or
`USD_<date>`. Every print of the `trade` stream is a trade, `"X":"INSURANCE_FUND"` among them:
it has an id of the same sequence, and leaving it out would look like a gap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
from msgspec import UNSET

from cryptoscalp.capture.chunk import Chunk, Reject
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.lines import LINES_PER_BLOCK, Block, blocks, read_blocks
from cryptoscalp.capture.formats.binance_rows import (
    LEAST_NS,
    LEAST_STAMP,
    MOST_STAMP,
    Channel,
    Rows,
    chunk_of,
)
from cryptoscalp.capture.validation import QuarantineReason
from cryptoscalp.capture.venues import binance as wire
from cryptoscalp.capture.venues.book import LocalBook
from cryptoscalp.infra.db.errors import InputError

FORMAT: Final = "binance-collector"

_FIRST_LINE: Final = re.compile(rb'[0-9]{16,19} \{\s*"(stream|lastUpdateId)"\s*:')
_PREFIX: Final = b'{"stream":"'
_NAME_LENGTH: Final = 128
_DECODERS: Final[dict[str, Callable[[bytes], wire.Line[Any]]]] = {
    "trade": msgspec.json.Decoder(wire.Line[wire.Trade]).decode,
    "aggTrade": msgspec.json.Decoder(wire.Line[wire.AggTrade]).decode,
    "bookTicker": msgspec.json.Decoder(wire.Line[wire.Ticker]).decode,
    "depth": msgspec.json.Decoder(wire.Line[wire.Depth]).decode,
    "markPrice": msgspec.json.Decoder(wire.Line[wire.MarkPrice]).decode,
}
# A refused record marks a gap in the stream that it would have been an event of.
_STREAMS: Final = {"bookTicker": "ticker", "aggTrade": "agg_trade", "markPrice": "mark_price"}
_decode_any = msgspec.json.Decoder().decode
_decode_snapshot = msgspec.json.Decoder(wire.Snapshot).decode


def looks_like(first_lines: bytes) -> bool:
    """Whether a file whose plain text begins with `first_lines` is in this format."""
    return _FIRST_LINE.match(first_lines) is not None


def parse(
    source: Path | str | BinaryIO | Item,
    *,
    exchange: str | None = None,
    symbol: str | None = None,
    l1_from_depth: bool = False,
    chunk_lines: int = LINES_PER_BLOCK,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Chunk]:
    """Yield the trades and quotes of a collector file, plain or gzip, in chunks of bounded size.

    `exchange` is needed only where nothing in the file tells the market. With `symbol` all
    others are counted as ignored. `l1_from_depth` makes quotes of source 'depth' from the depth
    messages, from the first snapshot on. `progress` is told the bytes of the stored
    (compressed) file read so far. Raises InputError for a file of which no line can be read,
    that holds nothing of `symbol`, or that contradicts `exchange`.
    """
    if isinstance(source, Item):
        name, found = str(source), blocks(source, lines_per_block=chunk_lines)
    else:
        named = isinstance(source, str | Path)
        name = str(source) if named else str(getattr(source, "name", "stream"))
        found = read_blocks(source, lines_per_block=chunk_lines)
    yield from chunks(
        CollectorLines(name, exchange, symbol, l1_from_depth), found, progress or (lambda _: None)
    )


def chunks(
    reader: CollectorLines, found: Iterable[Block], progress: Callable[[int], None]
) -> Iterator[Chunk]:
    """The chunks of a file's blocks; see `parse`."""
    held: list[Chunk] = []
    good = False
    for block in found:
        chunk = reader.read(block)
        progress(block.position)
        held.append(chunk)
        good = good or chunk.received > len(chunk.rejects)
        # Nothing goes out before one line was good: a file of another format leaves no trace.
        if good:
            yield from held
            held.clear()
        elif sum(waiting.received for waiting in held) > LINES_PER_BLOCK:
            break
    if not good:
        raise InputError(_unreadable(reader.name, held))
    reader.check_symbol_found()


def _unreadable(name: str, held: list[Chunk]) -> str:
    first = next((reject for chunk in held for reject in chunk.rejects), None)
    if first is None:
        return f"{name}: holds no line; nothing was imported"
    return (
        f"{name}: no line reads as '<local stamp> <combined-stream JSON>' "
        f"(line {first.line}: {first.detail}); if it is another format, name it with --format"
    )


class _Refused(Exception):
    """A line is no event; the text says why."""


class CollectorLines:
    """Reads lines, and remembers what earlier ones told: the market, the streams, the books."""

    def __init__(
        self, name: str, exchange: str | None, symbol: str | None, l1_from_depth: bool
    ) -> None:
        if exchange is not None and exchange not in wire.EXCHANGES:
            raise InputError(
                f"{name}: exchange {exchange!r} writes no {FORMAT} files;"
                f" give one of {', '.join(wire.EXCHANGES)}"
            )
        self.name = name
        self._asked = exchange
        self.home = exchange  # the market of lines that do not tell theirs
        self._symbol = symbol.upper() if symbol is not None else None
        self._l1_from_depth = l1_from_depth
        self._channels: dict[bytes, Channel] = {}
        self._books: dict[tuple[str, str], LocalBook] = {}
        self.nameless: dict[str, wire.Snapshot] = {}
        self._peeked = False
        self._symbols: set[str] = set()

    def check_symbol_found(self) -> None:
        """Raise InputError when the file held nothing of the symbol that was asked for."""
        if self._symbol is not None and self._symbol not in self._symbols:
            held = ", ".join(sorted(self._symbols)[:5]) or "none"
            raise InputError(
                f"{self.name}: holds nothing of symbol {self._symbol}; it holds {held}"
            )

    def read(self, block: Block) -> Chunk:
        if not self._peeked:
            self._peek(block)
        rows = Rows()
        channels, first, lines = self._channels, block.first, block.lines
        trades, tickers, ignored = rows.trades.add, rows.tickers.add, rows.ignored
        for number, line in enumerate(lines, first):
            stamp, _, body = line.partition(b" ")
            channel = None
            try:
                # int() takes what no recorder writes: signs, underscores, blanks.
                received = int(stamp) if stamp.isdigit() and len(stamp) <= 19 else 0
                if not LEAST_STAMP <= received <= MOST_STAMP:
                    if not line.strip():
                        continue
                    raise _Refused("the line does not begin with a local stamp in ns or µs")
                if body.startswith(_PREFIX):
                    end = body.find(b'"', 11)
                    channel = channels.get(body[11:end]) or self._open(body[11:end], body)
                else:
                    channel = self._odd(body, rows)
                    if channel is None:
                        continue
                if channel.decode is None:
                    if body[-2:] != b"}}" and body.rstrip()[-1:] != b"}":
                        raise _Refused("the line ends before its JSON does")
                    ignored[channel.key] += 1
                    continue
                message = channel.decode(body).data
                if message.s != channel.symbol:
                    raise _Refused(f"the stream is of {channel.symbol}, its data of {message.s!r}")
                label = channel.label
                if label == "bookTicker":
                    if (message.T is not UNSET) is not channel.futures:
                        channel = self._moved(body, channel.symbol, message.T is not UNSET)
                    tickers(message, received, channel, number)
                elif label == "depth":
                    if (message.T is not UNSET) is not channel.futures:
                        channel = self._moved(body, channel.symbol, message.T is not UNSET)
                    self._depth(message, received, channel, number, rows)
                elif label == "markPrice":
                    rows.marks.add(message, received, channel, number)
                else:
                    futures = message.M is UNSET
                    if futures is not channel.futures and (
                        label == "aggTrade" or not futures or message.X is not UNSET
                    ):
                        channel = self._moved(body, channel.symbol, futures)
                    trades(message, received, channel, number)
            except (_Refused, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                rows.rejects.append(_reject(number, line, str(error), channel))
        if block.broken is not None:
            rows.rejects.append(block.broken)
        return chunk_of(rows, first, lines)

    def _peek(self, block: Block) -> None:
        """Find the market of the file by the first line that tells."""
        for line in block.lines:
            try:
                content = _decode_any(line.partition(b" ")[2])
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue
            if not isinstance(content, dict):
                continue
            data = content.get("data", content)
            told = wire.told_market(data) if isinstance(data, dict) else None
            if told is None:
                continue
            if self._asked not in (None, told):
                raise InputError(
                    f"{self.name}: its messages are those of {told}, not of {self._asked};"
                    f" leave --exchange out or give {told}"
                )
            self.home = told
            break
        self._peeked = True

    def _open(self, raw_name: bytes, body: bytes) -> Channel:
        """Make the channel of a stream seen for the first time; its first line tells the market."""
        name = raw_name.decode()
        content = _decode_any(body)
        if not name.isprintable() or not name or len(name) > _NAME_LENGTH:
            raise _Refused("the name of the stream is no name")
        data = content.get("data") if isinstance(content, dict) else None
        told = wire.told_market(data) if isinstance(data, dict) else None
        return self._channel(raw_name, self._allowed(told))

    def _allowed(self, told: str | None) -> str:
        if self._asked is not None and told not in (None, self._asked):
            raise _Refused(f"the message is one of {told}, the file was said to be {self._asked}")
        exchange = told or self.home
        if exchange is None:
            raise InputError(
                f"{self.name}: its first lines do not tell Binance spot, USD-M and COIN-M apart;"
                f" name one: --exchange {'|'.join(wire.EXCHANGES)}"
            )
        return exchange

    def _channel(self, raw_name: bytes, exchange: str) -> Channel:
        before, _, rest = raw_name.decode().partition("@")
        symbol = "" if before.startswith("!") else before.upper()
        label = rest.partition("@")[0] or before
        wanted = self._symbol in (None, symbol) and (label != "depth" or self._l1_from_depth)
        self._symbols.add(symbol)
        channel = Channel(
            exchange=exchange,
            symbol=symbol,
            label=label,
            decode=_DECODERS.get(label) if wanted else None,
            futures=exchange != wire.SPOT,
            key=(exchange, symbol, label),
        )
        self._channels[raw_name] = channel
        return channel

    def _moved(self, body: bytes, symbol: str, futures: bool) -> Channel:
        """Return the channel of the same name on the other market, which a line turned out to be.

        Files of two markets may have been joined; each line is its own witness.
        """
        return self._channel(_stream_name(body), self._allowed(wire.market(futures, symbol)))

    def _odd(self, body: bytes, rows: Rows) -> Channel | None:
        """Take a line that does not begin with a stream name; None when it is dealt with."""
        content = _decode_any(body)
        if not isinstance(content, dict):
            raise _Refused("the line holds no JSON object")
        if "lastUpdateId" in content:
            self._snapshot(body, rows)
            return None
        if (
            "stream" not in content
            and "id" in content
            and ("result" in content or "error" in content)
        ):
            rows.ignored[(self._allowed(None), "", "response")] += 1
            return None
        raw_name = _stream_name(body)
        return self._channels.get(raw_name) or self._open(raw_name, body)

    def _snapshot(self, body: bytes, rows: Rows) -> None:
        snapshot = _decode_snapshot(body)
        named = "" if snapshot.symbol is UNSET else snapshot.symbol
        if self._asked is None:
            exchange = wire.market(snapshot.E is not UNSET, named)
        else:
            exchange = self._asked
        if not named:
            # Spot and USD-M answers do not say whose they are: only a file of one symbol does.
            known = {c.symbol for c in self._channels.values() if c.exchange == exchange}
            symbols = {self._symbol} if self._symbol is not None else known
            named = symbols.pop() if len(symbols) == 1 else ""
            if symbols and self._l1_from_depth:
                raise _Refused(
                    "the snapshot names no symbol and the file has several: use --symbol"
                )
        if self._l1_from_depth:
            # Without a name it waits for the first book; an own one tells now whether it is good.
            book = self._book(exchange, named) if named else LocalBook()
            try:
                book.load(snapshot.last, snapshot.bids, snapshot.asks)
            except ValueError as error:
                raise _Refused(str(error)) from error
            if not named:
                self.nameless[exchange] = snapshot
        rows.ignored[(exchange, named, "snapshot")] += 1

    def _book(self, exchange: str, symbol: str) -> LocalBook:
        book = self._books.get((exchange, symbol))
        if book is None:
            book = self._books[exchange, symbol] = LocalBook()
            # A snapshot that came before any other line belongs to the first book after it.
            if (waiting := self.nameless.pop(exchange, None)) is not None:
                book.load(waiting.last, waiting.bids, waiting.asks)
        return book

    def _depth(
        self, message: wire.Depth, received: int, channel: Channel, number: int, rows: Rows
    ) -> None:
        try:
            top = self._book(channel.exchange, channel.symbol).apply(message.update())
        except ValueError as error:
            raise _Refused(f"{error} - in `$.data`") from error
        if top is None:
            rows.ignored[channel.key] += 1
        else:
            rows.depth.add(message, received, channel, number)
            rows.tops.append(top)


def _stream_name(body: bytes) -> bytes:
    content = _decode_any(body)
    name = content.get("stream") if isinstance(content, dict) else None
    if not isinstance(name, str):
        raise _Refused("Object missing required field `stream`")
    return name.encode()


def _reject(number: int, line: bytes, detail: str, channel: Channel | None) -> Reject:
    stamp = line.partition(b" ")[0]
    received = int(stamp) if stamp.isdigit() and len(stamp) <= 19 else 0
    known = LEAST_STAMP <= received <= MOST_STAMP
    return Reject(
        line=number,
        reason=QuarantineReason.MALFORMED,
        detail=detail,
        raw=line,
        exchange=channel.exchange if channel else None,
        symbol=channel.symbol if channel else None,
        stream=_STREAMS.get(channel.label, channel.label) if channel else None,
        timestamp_us=(received // 1_000 if received >= LEAST_NS else received) if known else None,
    )

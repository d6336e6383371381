"""Sessions recorded by cryptofeed: what was received on a websocket, one message a line.

`<url> <-> <t>` is a connection, `<url> <- <t>: <json>` what was sent, and `<t>: <payload>` what
was received; `t` is in seconds, with a fraction. The recorder also keeps REST answers and lists
of instruments, `<url> -> <t>: <json>`: those hold no ticks and are refused by name. A file that
continues another has no connection line; then its name, or its messages, have to tell the venue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from cryptoscalp.capture.chunk import Chunk
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.lines import Block, blocks, head
from cryptoscalp.capture.formats.reading import (
    Format,
    Options,
    Plan,
    Position,
    Proof,
    Record,
    Sample,
)
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.capture.venues import binance
from cryptoscalp.capture.venues.directory import VENUES, exchange_at, stranger_at
from cryptoscalp.capture.venues.sink import Read, Refused, Sink
from cryptoscalp.capture.venues.values import from_seconds
from cryptoscalp.infra.db.errors import InputError

_CHUNK_LINES: Final = 20_000
_CONNECTED: Final = re.compile(rb"(wss?://\S+) <-> [0-9.]+\s*")
_SESSION: Final = re.compile(rb"wss?://\S+ (?:<->|<-) [0-9.]+|[0-9]{9,12}(?:\.[0-9]+)?: ?\S")
_ANSWER: Final = re.compile(rb"(https?://\S+) -> [0-9.]+: ")
_HEADER: Final = b"configuration: "
_LISTS: Final = re.compile(r"exchangeInfo|AssetPairs|symbols|products|instruments|contracts")
_FILE_NAME: Final = re.compile(r"([A-Z0-9_]+)\.ws\.[0-9]")
_NAMES: Final = {
    "BINANCE": binance.SPOT,
    "BINANCE_US": binance.US,
    "BINANCE_FUTURES": binance.USD_M,
    "BINANCE_DELIVERY": binance.COIN_M,
    "BYBIT": "bybit",
    "OKX": "okx",
    "OKEX": "okx",
    "COINBASE": "coinbase",
    "KRAKEN": "kraken",
}
_decode_any: Final = msgspec.json.Decoder().decode


def _knows(sample: Sample) -> bool:
    first = next(iter(sample.head.split()), b"")
    line = sample.head.lstrip().split(b"\n", 1)[0]
    if first.startswith(b"configuration:"):
        return line.startswith(_HEADER)
    return (_SESSION.match(line) or _ANSWER.match(line)) is not None


def _open(item: Item, options: Options) -> _Reader:
    beginning = head(item).splitlines()
    _refuse_answers(item, beginning)
    exchange = _exchange(item, beginning, options.exchange)
    return _Reader(item, options, exchange)


def _refuse_answers(item: Item, beginning: list[bytes]) -> None:
    """Raise InputError for what cryptofeed keeps beside its sessions."""
    answer = next(filter(None, map(_ANSWER.match, beginning)), None)
    if answer is None or any(map(_SESSION.match, beginning)):
        return
    url = answer[1].decode(errors="replace")
    what = "a list of instruments" if _LISTS.search(url) else "REST answers"
    raise InputError(
        f"{item}: holds {what} ({url.partition('?')[0]:.100}), no recorded session: there are no"
        " ticks in it; import the .ws. files beside it"
    )


def _exchange(item: Item, beginning: list[bytes], asked: str | None) -> str:
    """Find whose session it is; InputError when that is not said, or is nobody that is read."""
    if asked is not None and asked not in VENUES:
        raise InputError(_unsupported(item, asked))
    found = _told(item, beginning)
    if found is None and asked is None:
        raise InputError(
            f"{item}: does not say which exchange it was recorded from;"
            f" name it: --exchange {'|'.join(VENUES)}"
        )
    if None not in (found, asked) and found != asked:
        raise InputError(
            f"{item}: is a session of {found}, not of {asked}; leave --exchange out or give {found}"
        )
    return str(found or asked)


def _told(item: Item, beginning: list[bytes]) -> str | None:
    """Return the exchange that the address, the file's name or the messages tell."""
    url = next((found[1] for line in beginning if (found := _CONNECTED.match(line))), None)
    if url is not None:
        address = url.decode(errors="replace")
        if (stranger := stranger_at(address)) is not None:
            raise InputError(_unsupported(item, stranger))
        return exchange_at(address)
    if (named := _FILE_NAME.match(item.name)) is not None:
        if named[1] not in _NAMES:
            raise InputError(_unsupported(item, named[1]))
        return _NAMES[named[1]]
    for line in beginning:
        try:
            content = _decode_any(line.partition(b": ")[2])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue
        data = content.get("data", content) if isinstance(content, dict) else None
        if isinstance(data, dict) and (told := binance.told_market(data)) is not None:
            return told
    return None


def _unsupported(item: Item | str, venue: str) -> str:
    return (
        f"{item}: cannot be read as a session of {venue}, whose messages are not known;"
        f" those of {', '.join(VENUES)} can"
    )


class _Reader:
    """A session being read; a connection within it starts a new one."""

    def __init__(self, item: Item, options: Options, exchange: str) -> None:
        self._item = item
        self._only = options.symbol
        self._exchange = exchange
        self._symbols: set[str] = set()
        self.plan: Plan = {"exchange": exchange}
        venue = VENUES[exchange]
        # What was said between two connections is lost, and nothing tells how long that was.
        whole = _connections(item) <= 1
        self.proof = Proof(venue.trades, venue.quotes if whole else Continuity.UNKNOWN)

    def chunks(self, position: Position) -> Iterator[Chunk]:
        read = VENUES[self._exchange].open()
        held: list[Chunk] = []
        good = False
        for block in blocks(self._item, lines_per_block=_CHUNK_LINES):
            chunk, read = self._chunk(block, read)
            position(block.position)
            held.append(chunk)
            good = good or chunk.received > len(chunk.rejects)
            # Nothing goes out before one line was good: a file of another kind leaves no trace.
            if good:
                yield from held
                held.clear()
            elif sum(waiting.received for waiting in held) > _CHUNK_LINES:
                break
        if not good:
            raise InputError(_unreadable(self._item, held))
        if self._only is not None and self._only.upper() not in map(str.upper, self._symbols):
            names = ", ".join(sorted(self._symbols)[:5]) or "none"
            raise InputError(
                f"{self._item}: holds nothing of symbol {self._only}; it holds {names:.200}"
            )

    def _chunk(self, block: Block, read: Read) -> tuple[Chunk, Read]:
        sink = Sink(self._exchange, self._only)
        for number, line in enumerate(block.lines, block.first):
            if line.startswith(b"ws") and _CONNECTED.fullmatch(line):
                read = VENUES[self._exchange].open()
            else:
                _take(line, number, read, sink)
        self._symbols |= sink.symbols

        def raw(line: int) -> bytes:
            if not block.first <= line < block.first + len(block.lines):
                raise KeyError(line)
            return block.lines[line - block.first]

        ends = () if block.broken is None else (block.broken,)
        return sink.chunk(raw, *ends), read


def _connections(item: Item) -> int:
    """How many connections the file tells of: known only when all of it was looked through."""
    return sum(
        line.startswith(b"ws") and _CONNECTED.fullmatch(line) is not None
        for block in blocks(item, lines_per_block=_CHUNK_LINES)
        for line in block.lines
    )


def _take(line: bytes, number: int, read: Read, sink: Sink) -> None:
    """Give a received message to the venue's reader; other lines of the recorder are no events."""
    sink.begin(number, 0, line)
    try:
        stamp, colon, payload = line.partition(b": ")
        if not stamp[:1].isdigit():
            if not line.strip() or line.startswith((b"ws://", b"wss://", _HEADER)):
                return
            if _ANSWER.match(line):
                sink.ignore("", "rest")
                return
        if not colon:
            raise Refused("the line is not '<seconds>: <message>'")
        sink.begin(number, _seconds(stamp), line)
        read(payload.strip(), sink)
    except Refused as error:
        sink.refuse(str(error), error.symbol, error.stream)


def _seconds(stamp: bytes) -> int:
    try:
        return from_seconds(stamp.decode())
    except ValueError as error:
        raise Refused(f"the line does not begin with a time in seconds: {error}") from error


def _unreadable(item: Item, held: list[Chunk]) -> str:
    first = next((reject for chunk in held for reject in chunk.rejects), None)
    if first is None:
        return f"{item}: holds no market data; nothing was imported"
    return (
        f"{item}: no line reads as '<seconds>: <message>'"
        f" (line {first.line}: {first.detail:.200}); if it is another format, name it with --format"
    )


def _again(plan: Plan, records: Sequence[Record], options: Options) -> Iterator[Chunk]:
    exchange = options.exchange or str(plan["exchange"])
    if exchange not in VENUES:
        raise InputError(_unsupported("the quarantined lines", exchange))
    # A line that was refused twice, for two of its events, is read once.
    lines = {record.line: record.raw for record in records}
    numbers = list(lines)
    for start in range(0, len(numbers), _CHUNK_LINES):
        sink = Sink(exchange, options.symbol)
        part = {number: lines[number] for number in numbers[start : start + _CHUNK_LINES]}
        for number, line in part.items():
            # Lines that do not follow one another are of no session.
            _take(line, number, VENUES[exchange].open(), sink)
        yield sink.chunk(_lookup(part))


def _lookup(lines: dict[int, bytes]) -> Callable[[int], bytes]:
    return lines.__getitem__


CRYPTOFEED: Final = Format(
    name="cryptofeed",
    about="websocket sessions recorded by cryptofeed (Binance, Bybit, OKX, Coinbase, Kraken)",
    knows=_knows,
    open=_open,
    again=_again,
)

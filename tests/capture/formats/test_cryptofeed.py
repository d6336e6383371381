"""Sessions recorded by cryptofeed: real ones against the manifest, made ones for every oddity."""

# ruff: noqa: E501 - recorded lines are as long as they are
from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptoscalp.capture.chunk import Chunk
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.lines import head
from cryptoscalp.capture.formats.cryptofeed import CRYPTOFEED
from cryptoscalp.capture.formats.reading import Options, Proof, Record, Sample
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.infra.db.errors import InputError
from tests.capture.venues.reading import accounted

SHARED = Path(
    os.environ.get("CRYPTOSCALP_SHARED", Path(__file__).resolve().parents[3].parent / "shared")
)
RECORDED = SHARED / "data" / "cryptofeed"
needs_recordings = pytest.mark.skipif(
    not RECORDED.is_dir(), reason=f"no recorded market data at {RECORDED} (CRYPTOSCALP_SHARED)"
)

# file: exchange, trades, quotes, ignored by label. The manifest calls Coinbase's 107 tickers
# quotes; they have no sizes, so they are none here.
MANIFEST: dict[str, tuple[str, int, int, dict[str, int]]] = {
    "BINANCE.ws.1.0": ("binance", 2, 84, {"depth": 177, "kline_1m": 2}),
    "BINANCE_US.ws.1.0": ("binanceus", 11, 128, {"depth": 336, "kline_1m": 5}),
    "BINANCE_FUTURES.ws.1.0": ("binanceusdm", 91, 613, {"depth": 764, "kline_1m": 67}),
    "BINANCE_DELIVERY.ws.1.0": ("binancecoinm", 51, 2_240, {"depth": 2_047, "kline_1m": 33}),
    "BYBIT.ws.25.0": ("bybit", 101, 0, {"orderBookL2_25": 3_260}),
    "BYBIT.ws.26.0": ("bybit", 150, 0, {"orderBookL2_25": 1_018}),
    "OKX.ws.1.0": ("okx", 74, 28, {"books": 290}),
    "COINBASE.ws.28.0": ("coinbase", 107, 0, {"ticker": 107, "l2update": 9_719, "snapshot": 10}),
    "KRAKEN.ws.48.0": ("kraken", 10, 0, {}),
    "KRAKEN.ws.49.0": ("kraken", 0, 18, {}),
    "KRAKEN.ws.50.0": ("kraken", 0, 0, {"book-1000": 4_279}),
}
REFUSED = {
    "BINANCE.0": "a list of instruments",
    "BINANCE_FUTURES.0": "a list of instruments",
    "BYBIT.0": "a list of instruments",
    "COINBASE.0": "a list of instruments",
    "KRAKEN.0": "a list of instruments",
    "BINANCE.http.0.0": "REST answers",
    "BITSTAMP.http.0.0": "REST answers",
    "BITSTAMP.ws.1.0": "Bitstamp",
    "DERIBIT.ws.1.0": "Deribit",
    "HUOBI_SWAP.ws.1.0": "Huobi",
    "KRAKEN_FUTURES.ws.1.0": "Kraken Futures",
}

CONNECT = b"wss://ws-feed.pro.coinbase.com <-> 1618677816.8434298"
SENT = b'wss://ws-feed.pro.coinbase.com <- 1618677817.020616: {"type":"subscribe"}'
ANSWER = b'1618677817.061845: {"type":"subscriptions","channels":[]}'
MATCH = b'1618677817.1295161: {"type":"match","trade_id":280232,"side":"sell","size":"985","price":"0.00001305","product_id":"SKL-BTC","sequence":177100030,"time":"2021-04-17T16:43:37.089723Z"}'
TICKER = b'1633998513.377805: {"stream":"nknusdt@bookTicker","data":{"u":499869768,"s":"NKNUSDT","b":"0.35210000","B":"672.00000000","a":"0.35260000","A":"3199.00000000"}}'
AGG_TRADE = b'1633998523.957215: {"stream":"nknusdt@aggTrade","data":{"e":"aggTrade","E":1633998523963,"s":"NKNUSDT","a":15683430,"p":"0.35280000","q":"58.00000000","f":1,"l":1,"T":1633998523963,"m":false,"M":true}}'
BYBIT = b'1618677786.799668: {"topic":"trade.BCHUSDT","data":[{"symbol":"BCHUSDT","price":"1053.90","size":0.14,"trade_time_ms":"1618677785116","side":"Buy"},{"symbol":"BCHUSDT","price":"1053.90","size":0.14,"trade_time_ms":"1618677785116","side":"Buy"}]}'


def item_of(path: Path) -> Item:
    return Item(path, path.name.removesuffix(".gz"), path.stat().st_size)


def written(folder: Path, *lines: bytes, name: str = "session") -> Item:
    path = folder / name
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return item_of(path)


def read(item: Item, **options: Any) -> list[Chunk]:
    marks: list[int] = []
    chunks = list(CRYPTOFEED.open(item, Options(**options)).chunks(marks.append))
    assert marks == sorted(marks)
    for chunk in chunks:
        assert accounted(chunk) == chunk.received
        for reject in chunk.rejects:
            assert reject.reason == "truncated_file" or chunk.raw(reject.line) == reject.raw
    return chunks


def knows(item: Item) -> bool:
    return CRYPTOFEED.knows(Sample(item, item.name, head(item)))


def ignored(chunks: list[Chunk]) -> Counter[str]:
    found: Counter[str] = Counter()
    for chunk in chunks:
        for (_, _, label), count in chunk.ignored.items():
            found[label] += count
    return found


def told_trades(path: Path) -> Iterator[tuple[str, Decimal, Decimal, str]]:
    """(symbol, price, size, aggressor) of every trade, by another way than the readers'."""
    for line in path.read_text().splitlines():
        if not line[:1].isdigit():
            continue
        message = json.loads(line.partition(": ")[2], parse_float=Decimal, parse_int=Decimal)
        if isinstance(message, list):
            if message[2] == "trade":
                for price, size, _, side, *_ in message[1]:
                    yield (
                        message[3],
                        Decimal(price),
                        Decimal(size),
                        "BUY" if side == "b" else "SELL",
                    )
        elif str(message.get("stream")).endswith("@aggTrade"):
            data = message["data"]
            side = "SELL" if data["m"] else "BUY"
            yield data["s"], Decimal(data["p"]), Decimal(data["q"]), side
        elif str(message.get("topic")).startswith("trade."):
            for one in message["data"]:
                yield (
                    one["symbol"],
                    Decimal(one["price"]),
                    Decimal(one["size"]),
                    one["side"].upper(),
                )
        elif message.get("type") in ("match", "last_match"):
            side = "BUY" if message["side"] == "sell" else "SELL"
            yield message["product_id"], Decimal(message["price"]), Decimal(message["size"]), side
        elif message.get("arg", {}).get("channel") == "trades" and "data" in message:
            for one in message["data"]:
                yield one["instId"], Decimal(one["px"]), Decimal(one["sz"]), one["side"].upper()


@needs_recordings
@pytest.mark.parametrize("file", MANIFEST)
def test_counts_equal_the_manifest(file: str) -> None:
    exchange, trades, quotes, labels = MANIFEST[file]
    item = item_of(RECORDED / file)
    assert knows(item)
    chunks = read(item)
    found = pl.concat([chunk.trades for chunk in chunks])
    assert found.height == trades
    assert sum(chunk.quotes.height for chunk in chunks) == quotes
    assert ignored(chunks) == labels
    assert not any(chunk.rejects for chunk in chunks)
    assert CRYPTOFEED.open(item, Options()).plan == {"exchange": exchange}
    told = found.select("symbol", "price", "volume", "side").rows()
    assert list(told_trades(item.path)) == [
        (symbol, Decimal(price), Decimal(volume), side) for symbol, price, volume, side in told
    ]
    for frame in (found, *(chunk.quotes for chunk in chunks)):
        late = frame["received_at"] - frame["timestamp"]
        # Clocks agree to a minute; a snapshot at subscription may be of older trades.
        assert late.is_between(-60_000_000, 3_600_000_000).all()


@needs_recordings
@pytest.mark.parametrize("file", REFUSED)
def test_what_is_no_session_of_a_known_venue_says_so(file: str) -> None:
    item = item_of(RECORDED / file)
    assert knows(item)
    with pytest.raises(InputError, match=REFUSED[file]) as caught:
        read(item)
    assert str(item.path) in str(caught.value)


def test_lines_that_are_no_events_count_as_nothing(tmp_path: Path) -> None:
    config = b'configuration: {"trades":["SKL-BTC"]}'
    rest = b"https://api.pro.coinbase.com/products -> 1618677816.5: []"
    (chunk,) = read(written(tmp_path, CONNECT, SENT, ANSWER, b"", config, MATCH, rest, b""))
    assert chunk.trades.row(0) == (
        1618677817089723, 1618677817129516, "coinbase", "SKL-BTC", "trade", 280232,
        "0.00001305", "985", "BUY", 6,
    )  # fmt: skip
    assert chunk.raw(6) == MATCH
    with pytest.raises(KeyError):
        chunk.raw(9)
    assert chunk.ignored == {("coinbase", "unknown", "rest"): 1}
    assert chunk.received == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"no line of this kind", "'<seconds>: <message>'"),
        (b"1618677817.1295161", "'<seconds>: <message>'"),
        (b"-1618677817.1: {}", "time in seconds"),
        (b"1.6e9: {}", "time in seconds"),
        (b"1618677817.1: ", "truncated"),
        (MATCH[:-9], "truncated"),
        (MATCH.replace(b'"match"', b'"\xff"'), "utf-8"),
        (b"\x00" * 70, "seconds"),
    ],
)
def test_bad_lines_are_rejected(tmp_path: Path, line: bytes, words: str) -> None:
    (chunk,) = read(written(tmp_path, CONNECT, line, MATCH))
    (reject,) = chunk.rejects
    assert (reject.line, reject.reason, reject.raw) == (2, "malformed", line)
    assert words in reject.detail
    assert chunk.trades["line"].to_list() == [3]


def test_two_connections_prove_no_quotes(tmp_path: Path) -> None:
    connect = b"wss://stream.binance.com:9443/stream?streams=x <-> 1633998511.1"
    one = written(tmp_path, connect, TICKER, name="one")
    two = written(tmp_path, connect, TICKER, connect, TICKER, name="two")
    ids, session = Continuity.CONSECUTIVE_IDS, Continuity.SESSION
    assert CRYPTOFEED.open(one, Options()).proof == Proof(ids, session)
    assert CRYPTOFEED.open(two, Options()).proof == Proof(ids, Continuity.UNKNOWN)


def test_a_connection_starts_without_what_the_last_one_knew(tmp_path: Path) -> None:
    connect = b"wss://stream.bybit.com/v5/public/spot <-> 1672304484.1"
    book = b'1672304484.9: {"topic":"orderbook.1.BTCUSDT","type":"%s","ts":1672304484978,"data":{"s":"BTCUSDT","b":[["1","%d"]],"a":[["2","1"]],"u":%d}}'
    first, later = book % (b"snapshot", 1, 10), book % (b"delta", 3, 11)
    (chunk,) = read(written(tmp_path, connect, first, later, connect, later))
    assert chunk.quotes["bid_volume"].to_list() == ["1", "3"]
    assert chunk.quotes["exchange"].unique().to_list() == ["bybitspot"]
    assert ignored([chunk]) == {"orderbook.1": 1}


def test_files_without_a_connection_line(tmp_path: Path) -> None:
    told = read(written(tmp_path, AGG_TRADE, TICKER))[0]
    assert told.trades["exchange"].to_list() == ["binance"]
    named = read(written(tmp_path, AGG_TRADE, name="BINANCE_US.ws.1.1"))[0]
    assert named.trades["exchange"].to_list() == ["binanceus"]
    with pytest.raises(InputError, match="--exchange"):
        read(written(tmp_path, BYBIT))
    asked = read(written(tmp_path, BYBIT), exchange="bybit")[0]
    assert asked.trades.height == 2
    with pytest.raises(InputError, match="session of GEMINI"):
        read(written(tmp_path, BYBIT, name="GEMINI.ws.3.1"))


def test_an_exchange_that_contradicts_is_refused(tmp_path: Path) -> None:
    item = written(tmp_path, CONNECT, MATCH)
    with pytest.raises(InputError, match="session of coinbase, not of kraken"):
        read(item, exchange="kraken")
    with pytest.raises(InputError, match="session of deribit"):
        read(item, exchange="deribit")
    strange = written(tmp_path, b"wss://localhost:1/ws <-> 1618677816.8", MATCH, name="strange")
    with pytest.raises(InputError, match="--exchange"):
        read(strange)
    assert read(strange, exchange="coinbase")[0].trades.height == 1


def test_one_symbol_is_selected(tmp_path: Path) -> None:
    other = MATCH.replace(b"SKL-BTC", b"SKL-USD")
    item = written(tmp_path, CONNECT, MATCH, other)
    (chunk,) = read(item, symbol="skl-usd")
    assert chunk.trades["symbol"].to_list() == ["SKL-USD"]
    assert chunk.ignored == {("coinbase", "SKL-BTC", "trade"): 1}
    with pytest.raises(InputError, match="it holds SKL-BTC, SKL-USD"):
        read(item, symbol="BTC-USD")


def test_files_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    for lines in ([CONNECT], [CONNECT, SENT, ANSWER], [CONNECT, *[b"1618677817.1: x"] * 30_000]):
        item = written(tmp_path, *lines)
        with pytest.raises(InputError) as caught:
            read(item)
        assert str(item.path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_file_cut_short_gives_what_it_has(tmp_path: Path) -> None:
    lines = [MATCH.replace(b"280232", b"%d" % number) for number in range(50_000)]
    whole = gzip.compress(b"\n".join([CONNECT, *lines]) + b"\n", 1)
    path = tmp_path / "session.gz"
    path.write_bytes(whole[: len(whole) // 2])
    chunks = read(item_of(path))
    ids = pl.concat([chunk.trades for chunk in chunks])["sequence"].to_list()
    assert 20_000 < len(ids) < 30_000
    assert ids == list(range(len(ids)))
    assert max(chunk.received for chunk in chunks) <= 20_001
    (end,) = [reject for chunk in chunks for reject in chunk.rejects]
    assert end.reason == "truncated_file"


def test_refused_lines_are_read_again(tmp_path: Path) -> None:
    bad = BYBIT.replace(b'"price":"1053.90"', b'"price":true', 1)
    item = written(tmp_path, BYBIT, bad, b"garbage")
    reader = CRYPTOFEED.open(item, Options(exchange="bybit"))
    (chunk,) = reader.chunks(lambda position: None)
    records = [Record(reject.line, reject.raw) for reject in chunk.rejects]
    assert [record.line for record in records] == [2, 3]
    (again,) = CRYPTOFEED.again(reader.plan, records, Options())
    assert [reject.line for reject in again.rejects] == [2, 3]
    assert again.trades.rows() == chunk.trades.filter(line=2).rows()
    assert again.raw(3) == b"garbage"
    # A line that was refused for two of its events is one line.
    twice = [Record(2, BYBIT), Record(2, BYBIT)]
    (once,) = CRYPTOFEED.again({**reader.plan, "exchange": "bybitspot"}, twice, Options())
    assert once.trades["exchange"].to_list() == ["bybitspot", "bybitspot"]


def test_the_format_is_known_by_its_first_line(tmp_path: Path) -> None:
    for line in (CONNECT, SENT, MATCH, TICKER, b"", b"https://x.y/z -> 1618677816.5: []"):
        lines = [line] if line else [b"", CONNECT]
        assert knows(written(tmp_path, *lines))
    for line in (
        b"",
        b"timestamp,price",
        b"https://x.y/z",
        b'{"stream":"x"}',
        b'1723161254087896568 {"stream":"btcusdt@trade"}',
        b"1618677816.5,1,2",
    ):
        assert not knows(written(tmp_path, line))


@given(
    lines=st.lists(
        st.sampled_from([CONNECT, SENT, ANSWER, MATCH, TICKER, BYBIT, b"", MATCH[:-1]])
        | st.binary(max_size=40).map(lambda noise: noise.replace(b"\n", b""))
        | st.binary(max_size=30).map(lambda noise: b"1618677817.1: " + noise.replace(b"\n", b""))
    )
)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_lines_are_accounted_for(tmp_path: Path, lines: list[bytes]) -> None:
    item = written(tmp_path, CONNECT, MATCH, *lines)
    chunks = read(item)
    numbers = {reject.line for chunk in chunks for reject in chunk.rejects}
    numbers |= {line for chunk in chunks for line in chunk.trades["line"]}
    for number, line in enumerate([CONNECT, MATCH, *lines], 1):
        if line in (MATCH, TICKER, BYBIT, MATCH[:-1]):
            assert number in numbers

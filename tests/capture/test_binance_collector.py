"""The collector's files: real ones against the manifest, made ones for every oddity."""

# ruff: noqa: E501 - recorded lines are as long as they are
from __future__ import annotations

import gzip
import io
import os
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp.capture.chunk import (
    FUNDING_COLUMNS,
    MARK_COLUMNS,
    QUOTE_COLUMNS,
    TRADE_COLUMNS,
    Chunk,
)
from cryptoscalp.capture.formats.binance_collector import looks_like, parse
from cryptoscalp.infra.db.errors import InputError

SHARED = Path(
    os.environ.get("CRYPTOSCALP_SHARED", Path(__file__).resolve().parents[2].parent / "shared")
)
RECORDED = SHARED / "data" / "hftbacktest"
needs_recordings = pytest.mark.skipif(
    not RECORDED.is_dir(), reason=f"no recorded market data at {RECORDED} (CRYPTOSCALP_SHARED)"
)

# file: exchange, symbol, lines, trades, quotes, depth messages, snapshots
MANIFEST = {
    "usdm/btcusdt_20240808.gz": ("binanceusdm", "BTCUSDT", 93_954, 21_313, 66_089, 6_551, 1),
    "usdm/ethusdt_20240808.gz": ("binanceusdm", "ETHUSDT", 74_655, 14_076, 53_992, 6_586, 1),
    "usdm/ethusdt_20240718.gz": ("binanceusdm", "ETHUSDT", 14_003, 1_640, 9_089, 3_273, 1),
    "usdm/ethusdt_20240719.gz": ("binanceusdm", "ETHUSDT", 55_910, 12_015, 38_239, 5_656, 0),
    "spot/btcusdt_20240808.gz": ("binance", "BTCUSDT", 41_249, 9_757, 28_040, 3_451, 1),
    "spot/btcusdt_20240809.gz": ("binance", "BTCUSDT", 58_325, 10_147, 45_134, 3_044, 0),
    "spot/ethusdt_20240808.gz": ("binance", "ETHUSDT", 33_618, 6_106, 24_077, 3_434, 1),
    "spot/ethusdt_20240809.gz": ("binance", "ETHUSDT", 46_126, 8_409, 34_681, 3_036, 0),
    "cm/btcusd_perp_20240808.gz": ("binancecoinm", "BTCUSD_PERP", 48_270, 2_286, 19_136, 26_847, 1),
    "cm/btcusd_perp_20240809.gz": ("binancecoinm", "BTCUSD_PERP", 50_116, 2_949, 29_219, 17_948, 0),
}  # fmt: skip

SPOT_TRADE = b'1723161254087896568 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}'
SPOT_TICKER = b'1723161254087891268 {"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}}'
SPOT_DEPTH = b'1723161254036059768 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255308,"s":"BTCUSDT","U":50093239203,"u":50093239207,"b":[["55653.87000000","0.00000000"]],"a":[["61838.04000000","0.32332000"]]}}'
SPOT_SNAPSHOT = b'1723161254206652067 {"lastUpdateId":50093239202,"bids":[["61837.63000000","3.78826000"]],"asks":[["61837.64000000","1.0"]]}'
USDM_TRADE = b'1723161255088176367 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256322,"T":1723161256322,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}}'
USDM_TICKER = b'1723161255088169167 {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":5123107839020,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256313}}'
COINM_TRADE = b'1723161256419684465 {"stream":"btcusd_perp@trade","data":{"e":"trade","E":1723161257687,"T":1723161257679,"s":"BTCUSD_PERP","t":849714402,"p":"61804.8","q":"4","X":"MARKET","m":false}}'
COINM_TICKER = b'1723161256207640365 {"stream":"btcusd_perp@bookTicker","data":{"u":1007198632021,"e":"bookTicker","s":"BTCUSD_PERP","ps":"BTCUSD","b":"61804.7","B":"35","a":"61804.8","A":"1645","T":1723161257465,"E":1723161257476}}'
AGG_TRADE = b'1723161254087896568 {"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1723161255343,"s":"BTCUSDT","a":99,"p":"1.5","q":"2","f":1,"l":2,"T":1723161255342,"m":false,"M":true}}'
MARK_PRICE = b'1723161254087896568 {"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15"}}'
KLINE = b'1723161254087896568 {"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1672515782136,"s":"BTCUSDT","k":{}}}'
ALL = [SPOT_TRADE, SPOT_TICKER, SPOT_DEPTH, SPOT_SNAPSHOT, USDM_TRADE, USDM_TICKER, COINM_TRADE,
       COINM_TICKER, AGG_TRADE, MARK_PRICE, KLINE]  # fmt: skip


def read(*lines: bytes, **options: object) -> list[Chunk]:
    chunks = list(parse(io.BytesIO(b"\n".join(lines) + b"\n"), **options))  # type: ignore[arg-type]
    for chunk in chunks:
        assert accounted(chunk) == chunk.received
        assert dict(chunk.trades.schema) == pl.Schema(TRADE_COLUMNS)
        assert dict(chunk.quotes.schema) == pl.Schema(QUOTE_COLUMNS)
    return chunks


def accounted(chunk: Chunk) -> int:
    frames = (chunk.trades, chunk.quotes, chunk.mark_prices, chunk.funding_rates)
    rows = sum(frame.height for frame in frames)
    return rows + len(chunk.rejects) + sum(chunk.ignored.values())


def ignored(chunks: list[Chunk]) -> Counter[tuple[str, str, str]]:
    return sum((Counter(chunk.ignored) for chunk in chunks), Counter())


@needs_recordings
@pytest.mark.parametrize("file", MANIFEST)
def test_counts_equal_the_manifest(file: str) -> None:
    exchange, symbol, lines, trades, quotes, depth, snapshots = MANIFEST[file]
    marks: list[int] = []
    chunks = list(parse(RECORDED / file, progress=marks.append))
    assert sum(chunk.trades.height for chunk in chunks) == trades
    assert sum(chunk.quotes.height for chunk in chunks) == quotes
    counts = ignored(chunks)
    assert counts[exchange, symbol, "depth"] == depth
    assert counts[exchange, symbol, "snapshot"] == snapshots
    assert sum(counts.values()) == depth + snapshots
    assert not any(chunk.rejects for chunk in chunks)
    assert sum(chunk.received for chunk in chunks) == lines
    frame = pl.concat([c.trades.select("exchange", "symbol", "line") for c in chunks]
                      + [c.quotes.select("exchange", "symbol", "line") for c in chunks])  # fmt: skip
    assert set(frame.select("exchange", "symbol").iter_rows()) == {(exchange, symbol)}
    assert frame["line"].n_unique() == frame.height
    assert marks == sorted(marks)
    assert marks[-1] == (RECORDED / file).stat().st_size


@needs_recordings
@pytest.mark.parametrize("file", ["spot/btcusdt_20240808.gz", "usdm/ethusdt_20240718.gz",
                                  "cm/btcusd_perp_20240808.gz"])  # fmt: skip
def test_the_book_from_depth_agrees_with_the_ticker(file: str) -> None:
    chunks = list(parse(RECORDED / file, l1_from_depth=True))
    assert sum(c.received for c in chunks) == MANIFEST[file][2]
    quotes = pl.concat([chunk.quotes for chunk in chunks])
    sides = ["bid_price", "bid_volume", "ask_price", "ask_volume"]
    ticker = quotes.filter(source="ticker").sort("sequence")
    book = quotes.filter(source="depth").sort("sequence")
    # The book after update u shows what the newest ticker up to u showed.
    pairs = book.join_asof(ticker.select("sequence", *sides), on="sequence", suffix="_ticker")
    pairs = pairs.drop_nulls("bid_price_ticker")
    equal = pairs.select(
        pl.all_horizontal(pl.col(side) == pl.col(f"{side}_ticker") for side in sides)
    ).to_series()
    assert pairs.height > 1_500
    assert equal.all()


@needs_recordings
def test_another_recorder_is_refused() -> None:
    path = RECORDED / "hyperliquid" / "btcusd_20250126.gz"
    assert not looks_like(gzip.decompress(path.read_bytes())[:4_096])
    with pytest.raises(InputError, match="--format"):
        list(parse(path))


def test_markets_are_told_apart_line_by_line() -> None:
    (chunk,) = read(SPOT_TRADE, USDM_TRADE, COINM_TRADE, SPOT_TICKER, USDM_TICKER, COINM_TICKER)
    markets = ["binance", "binanceusdm", "binancecoinm"]
    assert chunk.trades["exchange"].to_list() == markets
    assert chunk.quotes["exchange"].to_list() == markets
    assert chunk.trades["side"].to_list() == ["SELL", "BUY", "BUY"]
    assert chunk.quotes["by_receive_time"].to_list() == [True, False, False]


def test_a_trade_and_a_quote_in_full() -> None:
    (chunk,) = read(SPOT_TRADE, SPOT_TICKER)
    assert chunk.trades.row(0) == (
        1723161255342000, 1723161254087896, "binance", "BTCUSDT", "trade", 3735683259,
        "61837.63000000", "0.02000000", "SELL", 1,
    )  # fmt: skip
    assert chunk.quotes.row(0) == (
        1723161254087891, 1723161254087891, "binance", "BTCUSDT", "ticker", 50093239212,
        "61837.63000000", "3.78826000", "61837.64000000", "1.54698000", True, 2,
    )  # fmt: skip
    assert chunk.raw(2) == SPOT_TICKER
    with pytest.raises(KeyError):
        chunk.raw(3)


def test_aggregated_trades_have_their_own_feed() -> None:
    (chunk,) = read(AGG_TRADE)
    assert chunk.trades.select("exchange", "feed", "sequence", "side").row(0) == (
        "binance", "agg_trade", 99, "BUY",
    )  # fmt: skip


def test_microseconds_are_known_by_their_size() -> None:
    micros = SPOT_TRADE.replace(b"1723161254087896568 ", b"1723161254087896 ").replace(
        b'"T":1723161255342', b'"T":1723161255342123'
    )
    (chunk,) = read(micros)
    assert chunk.trades.select("timestamp", "received_at").row(0) == (
        1723161255342123, 1723161254087896,
    )  # fmt: skip


def test_other_streams_are_counted_by_name() -> None:
    chunks = read(SPOT_TRADE, SPOT_DEPTH, SPOT_SNAPSHOT, KLINE, b'1723161254087896568 {"result":null,"id":1}')  # fmt: skip
    assert ignored(chunks) == {
        ("binance", "BTCUSDT", "depth"): 1,
        ("binance", "BTCUSDT", "snapshot"): 1,
        ("binance", "BTCUSDT", "kline_1m"): 1,
        ("binance", "", "response"): 1,
    }


def test_mark_prices_and_the_funding_they_tell() -> None:
    full = MARK_PRICE.replace(
        b'"11794.15"', b'"11794.15","i":"11784.6","r":"0.0003","T":1562306400000'
    )
    dated = MARK_PRICE.replace(b'"11794.15"', b'"11794.15","r":"","T":0')
    (chunk,) = read(MARK_PRICE, full, dated)
    row = (1562305380000000, 1723161254087896, "binanceusdm", "BTCUSDT")
    assert chunk.mark_prices.rows() == [
        (*row, "11794.15", None, 1), (*row, "11794.15", "11784.6", 2), (*row, "11794.15", None, 3),
    ]  # fmt: skip
    assert chunk.funding_rates.rows() == [(*row, "0.0003", 1562306400000000, None, 2)]
    assert chunk.received == 4
    assert dict(chunk.mark_prices.schema) == pl.Schema(MARK_COLUMNS)
    assert dict(chunk.funding_rates.schema) == pl.Schema(FUNDING_COLUMNS)
    (other,) = read(
        MARK_PRICE, USDM_TRADE.replace(b"BTC", b"ETH").replace(b"btc", b"eth"), symbol="ETHUSDT"
    )
    assert ignored([other]) == {("binanceusdm", "BTCUSDT", "markPrice"): 1}


def test_a_refused_event_names_the_stream_it_is_missing_from() -> None:
    (chunk,) = read(SPOT_TRADE, SPOT_TICKER[:-9], AGG_TRADE[:-9], MARK_PRICE[:-9], SPOT_TRADE[:-9])
    assert [one.stream for one in chunk.rejects] == [None, None, None, "trade"]
    (chunk,) = read(SPOT_TRADE, SPOT_TICKER, AGG_TRADE, SPOT_TICKER[:-9], AGG_TRADE[:-9])
    assert [one.stream for one in chunk.rejects] == ["ticker", "agg_trade"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"not a line", "local stamp"),
        (b"+723161254087896568 {}", "local stamp"),
        (b"1723161254 {}", "local stamp"),
        (b"99999999999999999999 {}", "local stamp"),
        (b"1723161254087896568 [1]", "JSON object"),
        (b'1723161254087896568 {"data":{}}', "stream"),
        (SPOT_TRADE[:-20], "truncated"),
        (SPOT_DEPTH[:-20], "ends before its JSON"),
        (SPOT_TRADE.replace(b'"t":3735683259,', b""), "`t`"),
        (SPOT_TRADE.replace(b'"61837.63000000"', b"61837.63"), "$.data.p"),
        (SPOT_TRADE.replace(b"3735683259", b"37356832590000000000"), "$.data.t"),
        (SPOT_TRADE.replace(b'"m":true', b'"m":1'), "$.data.m"),
        (SPOT_TICKER.replace(b'"b":"61837.63000000",', b""), "`b`"),
        (SPOT_TRADE.replace(b'"BTCUSDT"', b'"ETHUSDT"'), "ETHUSDT"),
        (b"1723161254087896568 " + b"[" * 100_000, ""),
        (b"\xff\xfe\x00", "local stamp"),
    ],
)
def test_bad_lines_are_rejected_with_the_field(line: bytes, words: str) -> None:
    chunks = read(SPOT_TRADE, SPOT_DEPTH, line, SPOT_TICKER)
    (reject,) = [reject for chunk in chunks for reject in chunk.rejects]
    assert (reject.line, reject.reason, reject.raw) == (3, "malformed", line)
    assert words in reject.detail


def test_exchange_is_demanded_only_when_nothing_tells() -> None:
    with pytest.raises(InputError, match="--exchange"):
        read(KLINE)
    assert ignored(read(KLINE, exchange="binance")) == {("binance", "BTCUSDT", "kline_1m"): 1}
    assert ignored(read(KLINE, USDM_TRADE)) == {("binanceusdm", "BTCUSDT", "kline_1m"): 1}


def test_exchange_that_contradicts_is_refused() -> None:
    with pytest.raises(InputError, match="those of binance, not of binanceusdm"):
        read(SPOT_TRADE, exchange="binanceusdm")
    with pytest.raises(InputError, match="writes no"):
        read(SPOT_TRADE, exchange="kraken")
    (chunk,) = read(SPOT_TRADE, USDM_TRADE, exchange="binance")
    assert chunk.trades["exchange"].to_list() == ["binance"]
    assert "binanceusdm" in chunk.rejects[0].detail


def test_symbol_selects() -> None:
    (chunk,) = read(USDM_TRADE, COINM_TRADE, symbol="btcusdt")
    assert chunk.trades["symbol"].to_list() == ["BTCUSDT"]
    assert ignored([chunk]) == {("binancecoinm", "BTCUSD_PERP", "trade"): 1}
    with pytest.raises(InputError, match="it holds BTCUSDT"):
        read(USDM_TRADE, symbol="XRPUSDT")


def test_depth_feeds_quotes_when_asked() -> None:
    (chunk,) = read(SPOT_SNAPSHOT, SPOT_DEPTH, SPOT_DEPTH, SPOT_DEPTH.replace(b"61838.04", b"x"),
                    l1_from_depth=True)  # fmt: skip
    assert chunk.quotes.rows() == [
        (1723161255308000, 1723161254036059, "binance", "BTCUSDT", "depth", 50093239207,
         "61837.63000000", "3.78826000", "61837.64000000", "1.0", False, 2),
    ]  # fmt: skip
    assert [reject.line for reject in chunk.rejects] == [4]


def test_files_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    (tmp_path / "plain.gz").write_bytes(SPOT_TRADE)
    (tmp_path / "empty.gz").write_bytes(b"")
    (tmp_path / "nothing.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "header.gz").write_bytes(b"\x1f\x8bgarbage and more of it")
    (tmp_path / "prose.txt").write_text("nothing of the kind\n" * 100)
    for name in ("absent.gz", ".", "plain.gz", "empty.gz", "nothing.gz", "header.gz", "prose.txt"):
        with pytest.raises(InputError) as caught:
            list(parse(tmp_path / name))
        assert str(tmp_path / name) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_file_cut_short_gives_what_it_has(tmp_path: Path) -> None:
    lines = [SPOT_TRADE.replace(b"3735683259", b"%d" % number) for number in range(20_000)]
    whole = gzip.compress(b"\n".join(lines) + b"\n", 1)
    damaged = bytearray(whole)
    damaged[len(whole) // 2 : len(whole) // 2 + 64] = b"\xff" * 64
    for content, reason in (
        (whole[: len(whole) // 2], "truncated_file"),
        (bytes(damaged), "damaged_file"),
    ):
        path = tmp_path / "cut.gz"
        path.write_bytes(content)
        chunks = list(parse(path))
        trades = pl.concat([chunk.trades for chunk in chunks])
        rejects = [reject for chunk in chunks for reject in chunk.rejects]
        ends = [reject for reject in rejects if reject.reason == reason]
        assert len(ends) == 1
        assert 5_000 < trades.height < 20_000
        good = 9_000  # well before the damage: nothing may be lost there
        assert trades["sequence"].head(good).to_list() == list(range(good))
        assert sum(map(accounted, chunks)) == sum(chunk.received for chunk in chunks)


def test_gzip_members_plain_text_and_small_chunks_read_the_same(tmp_path: Path) -> None:
    content = b"\n".join([SPOT_TRADE, SPOT_TICKER, SPOT_DEPTH] * 50)
    (tmp_path / "one.gz").write_bytes(gzip.compress(content))
    parts = gzip.compress(content[:5_000]) + gzip.compress(content[5_000:]) + b"\0" * 512
    (tmp_path / "members.gz").write_bytes(parts)
    (tmp_path / "plain").write_bytes(content.replace(b"\n", b"\r\n"))
    frames = []
    for name in ("one.gz", "members.gz", "plain"):
        for size in (7, 100_000):
            chunks = list(parse(tmp_path / name, chunk_lines=size))
            assert not any(chunk.rejects for chunk in chunks)
            assert len(chunks) >= 20 if size == 7 else len(chunks) == 1
            frames.append(pl.concat([chunk.quotes for chunk in chunks]))
    assert all(frame.equals(frames[0]) for frame in frames)


def test_lines_that_compress_a_thousandfold_all_arrive(tmp_path: Path) -> None:
    path = tmp_path / "dense.gz"
    path.write_bytes(gzip.compress((SPOT_TICKER + b"\n") * 60_000, 9))
    chunks = list(parse(path, chunk_lines=10_000))
    assert sum(chunk.quotes.height for chunk in chunks) == 60_000
    assert sum(chunk.received for chunk in chunks) == 60_000
    assert max(chunk.received for chunk in chunks) < 20_000


def test_a_line_without_end_is_one_reject() -> None:
    chunks = read(SPOT_TRADE, b"x" * 20_000_000, SPOT_TICKER)
    rejects = [reject for chunk in chunks for reject in chunk.rejects]
    assert [(reject.line, len(reject.raw)) for reject in rejects] == [(2, 65_536)]
    assert sum(chunk.received for chunk in chunks) == 3


def test_the_format_is_known_by_its_first_line() -> None:
    assert all(looks_like(line[:60]) for line in ALL)
    for other in (
        b"",
        b"timestamp,price\n",
        b'{"stream":"x"}',
        b'1723161254087896568 {"channel":"l2',
    ):
        assert not looks_like(other)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    line = bytearray(draw(st.sampled_from(ALL)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(line)))
        match draw(st.sampled_from(["set", "cut", "drop", "insert"])):
            case "set":
                line[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "cut":
                del line[at:]
            case "drop":
                del line[at : at + draw(st.integers(1, 30))]
            case _:
                line[at:at] = draw(st.binary(max_size=4) | st.sampled_from([b'"', b"{", b"null,"]))
    return bytes(line)


@pytest.mark.long
@given(st.lists(mutated(), max_size=12), st.booleans(), st.integers(1, 20))
@settings(max_examples=300, deadline=None)
def test_any_damage_is_accounted_for(lines: list[bytes], depth: bool, size: int) -> None:
    # Raises nothing, and every line that is not blank is counted once.
    chunks = read(SPOT_TRADE, *lines, l1_from_depth=depth, chunk_lines=size)
    written = b"\n".join([SPOT_TRADE, *lines]).split(b"\n")
    assert sum(chunk.received for chunk in chunks) == sum(1 for line in written if line.strip())
    for chunk in chunks:
        for reject in chunk.rejects:
            assert chunk.raw(reject.line) == reject.raw

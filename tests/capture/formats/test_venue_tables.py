"""CSV formats of venues and vendors: how their files are known, and what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from cryptoscalp.capture.formats import binance_vision, csv_generic, kraken, lean, okx, tardis
from cryptoscalp.capture.formats.pairs import CASH, DOLLARS, base_and_quote
from cryptoscalp.capture.formats.reading import Options
from cryptoscalp.capture.formats.spelling import same_name, spelled
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.infra.db.errors import InputError
from tests.capture.formats.reading_files import knows, read, write

VISION, TARDIS, LEAN = binance_vision.FORMAT, tardis.FORMAT, lean.FORMAT
KLINE = "1637971200000,2.8,2.9,2.7,2.8,36304.2,1637971259999,1.03,79,19523.0,0.55,0\n"
KLINES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore\n"
)
AGG = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
SPOT_TRADE = "42,0.1,5,0.5,1735689600000001,True,True\n"
USD_M_TRADE = "42,0.1,5,0.5,1704067200001,true\n"


@pytest.mark.parametrize(
    ("name", "content", "exchange", "feed", "side"),
    [
        ("BTCUSDT-trades-2025-01.csv", SPOT_TRADE, "binance", "trade", "SELL"),
        ("BTCUSDT-trades-2024-01-01.csv", USD_M_TRADE, "binanceusdm", "trade", "SELL"),
        (
            "BTCUSDT-trades-2024-01.csv",
            f"id,price,qty,quote_qty,time,is_buyer_maker\n{USD_M_TRADE}",
            "binanceusdm",
            "trade",
            "SELL",
        ),
        (
            "BTCUSD_PERP-trades-2024-01.csv",
            f"id,price,qty,base_qty,time,is_buyer_maker\n{USD_M_TRADE}",
            "binancecoinm",
            "trade",
            "SELL",
        ),
        (
            "my_BTCUSDT-aggTrades-2025-01.csv",
            "42,0.1,5,1,2,1735689600000001,False,True\n",
            "binance",
            "agg_trade",
            "BUY",
        ),
        (
            "BTCUSDT-aggTrades-2024-01.csv",
            f"{AGG}42,0.1,5,1,2,1704067200001,false\n",
            "binanceusdm",
            "agg_trade",
            "BUY",
        ),
        (
            "BTCUSDT_240329-aggTrades-2024-01.csv",
            "42,0.1,5,1,2,1704067200001,false\n",
            "binanceusdm",
            "agg_trade",
            "BUY",
        ),
        (
            "ETHUSD_240329-aggTrades-2024-01.csv",
            "42,0.1,5,1,2,1704067200001,false\n",
            "binancecoinm",
            "agg_trade",
            "BUY",
        ),
    ],
)
def test_rows_of_binance_trades_tell_their_market(
    tmp_path: Path, name: str, content: str, exchange: str, feed: str, side: str
) -> None:
    path = write(tmp_path, name, content)
    assert knows(VISION, path)
    whole = read(VISION, path)
    symbol = name.removeprefix("my_").split("-")[0]
    assert whole.trades.select("exchange", "symbol", "feed", "sequence", "side").rows() == [
        (exchange, symbol, feed, 42, side)
    ]
    assert whole.trades["timestamp"][0] in (1_735_689_600_000_001, 1_704_067_200_001_000)
    assert whole.proof.trades is Continuity.CONSECUTIVE_IDS


def test_binance_tickers_are_quotes_of_futures(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "BTCUSDT-bookTicker-2024-01-01.csv",
        "9,42314.0,1.5,42314.1,2,1704067200001,1704067200007\n",
    )
    quote = read(VISION, path).quotes.row(0, named=True)
    assert (quote["exchange"], quote["sequence"], quote["source"]) == ("binanceusdm", 9, "ticker")
    assert (quote["bid_volume"], quote["ask_price"]) == ("1.5", "42314.1")
    assert quote["timestamp"] == 1_704_067_200_001_000


def test_binance_funding_was_paid_when_it_was_computed(tmp_path: Path) -> None:
    content = "calc_time,funding_interval_hours,last_funding_rate\n1704067200001,8,-0.00037409\n"
    rate = read(VISION, write(tmp_path, "BTCUSDT-fundingRate-2024-01.csv", content)).funding_rates
    assert rate.select("exchange", "funding_rate").row(0) == ("binanceusdm", "-0.00037409")
    assert rate["timestamp"].to_list() == rate["funding_time"].to_list() == [1_704_067_200_001_000]


@pytest.mark.parametrize("header", ["", KLINES])
@pytest.mark.parametrize(
    ("name", "exchange"),
    [
        ("spot/monthly/klines/ADABTC/1m/ADABTC-1m-2021-11.csv", "binance"),
        ("futures/um/daily/klines/ADABTC/1m/ADABTC-1m-2021-11-27.csv", "binanceusdm"),
        ("futures/cm/daily/klines/ADABTC/1m/ADABTC-1m-2021-11-27.csv", "binancecoinm"),
        ("ADAUSD_PERP-1m-2021-11-27.csv", "binancecoinm"),
        ("ADAUSDT_211231-1m-2021-11-27.csv", "binanceusdm"),
    ],
)
def test_klines_are_of_the_market_that_a_folder_or_a_contract_tells(
    tmp_path: Path, name: str, exchange: str, header: str
) -> None:
    candle = read(VISION, write(tmp_path, name, header + KLINE)).candles.row(0, named=True)
    assert (candle["exchange"], candle["interval"], candle["trade_count"]) == (exchange, "1m", 79)
    assert candle["timestamp"] == 1_637_971_200_000_000


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("ADABTC-1m-2021-11.csv", Options(), "give one of binance, binanceusdm, binancecoinm"),
        ("ADABTC-1m-2021-11.csv", Options(exchange="okx"), "'okx' writes no such files"),
        ("ADABTC-1mo-2021-11.csv", Options(exchange="binance"), "months differ in length"),
        ("klines.csv", Options(exchange="binance"), "symbol; give it with --symbol"),
        (
            "klines.csv",
            Options(exchange="binance", symbol="ADABTC"),
            "interval; give it with --interval",
        ),
        (
            "ADABTC-1m-2021-11.csv",
            Options(exchange="binance", symbol="ADAUSDT"),
            "is of symbol ADABTC, not ADAUSDT; leave --symbol out or give ADABTC",
        ),
        (
            "ADABTC-1m-2021-11.csv",
            Options(exchange="binance", interval="5m"),
            "is of interval 1m, not 5m",
        ),
        (
            "futures/um/daily/markPriceKlines/ADAUSDT/1m/ADAUSDT-1m-2021-11-27.csv",
            Options(),
            "markPriceKlines are candles of a price that nobody traded at",
        ),
    ],
)
def test_klines_that_do_not_tell_enough_ask(
    tmp_path: Path, name: str, options: Options, problem: str
) -> None:
    path = write(tmp_path, name, KLINE)
    assert knows(VISION, path)
    with pytest.raises(InputError) as caught:
        read(VISION, path, options)
    assert problem in str(caught.value)


def test_klines_without_a_name_are_what_the_caller_says(tmp_path: Path) -> None:
    options = Options(exchange="binance", symbol="ada/btc", interval="60s")
    candles = read(VISION, write(tmp_path, "klines.csv", KLINE), options).candles
    assert candles.select("symbol", "interval").row(0) == ("ADABTC", "1m")


@pytest.mark.parametrize("first", ["1605499846,15993.5,0.026472,ANY", "1,2,3,4,5,6,7"])
def test_other_tables_are_not_taken_for_binances(tmp_path: Path, first: str) -> None:
    assert not knows(VISION, write(tmp_path, "BTCUSDT-trades-2020-01.csv", f"{first}\n"))


@pytest.mark.parametrize(
    ("name", "exchange", "proof"),
    [
        ("binance-futures", "binanceusdm", Continuity.CONSECUTIVE_IDS),
        ("binance", "binance", Continuity.CONSECUTIVE_IDS),
        ("okex-swap", "okx", Continuity.UNKNOWN),
        ("cryptofacilities", "krakenfutures", Continuity.UNKNOWN),
        ("some-new-venue", "some-new-venue", Continuity.UNKNOWN),
    ],
)
def test_tardis_names_are_exchange_ids(
    tmp_path: Path, name: str, exchange: str, proof: Continuity
) -> None:
    content = (
        "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
        f"{name},BTCUSDT,1582329602111000,1582329602418379,7,unknown,9682,0.132\n"
        f"{name},BTCUSDT,1582329602111000,1582329602418379,8,sell,9682,0.132"
    )
    whole = read(TARDIS, write(tmp_path, "trades.csv", content))
    assert whole.trades["exchange"].to_list() == [exchange] * 2
    assert whole.trades["sequence"].to_list() == [7, 8]
    assert whole.trades["side"].to_list() == [None, "SELL"]
    assert whole.trades["received_at"].to_list() == [1_582_329_602_418_379] * 2
    assert whole.proof.trades is proof


def test_a_tardis_file_of_another_exchange_than_asked_for_says_so(tmp_path: Path) -> None:
    content = (
        "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
        "bybit,BTCUSDT,1582329602111000,1582329602418379,8,sell,9682,0.132\n"
    )
    with pytest.raises(InputError, match="it holds BTCUSDT on bybit"):
        read(TARDIS, write(tmp_path, "trades.csv", content), Options(exchange="binance"))


def test_a_tardis_snapshot_without_a_side_has_none(tmp_path: Path) -> None:
    content = (
        "exchange,symbol,timestamp,local_timestamp,asks[0].price,asks[0].amount,bids[0].price,"
        "bids[0].amount\nbybit,BTCUSDT,1582329602111000,1582329602418379,9682,1,,\n"
    )
    quote = read(TARDIS, write(tmp_path, "books.csv", content)).quotes.row(0, named=True)
    assert (quote["bid_price"], quote["bid_volume"], quote["source"]) == (None, None, "snapshot")


def test_a_tardis_derivative_ticker_is_mark_price_and_funding(tmp_path: Path) -> None:
    start = "bybit,BTCUSDT,1582329602111000,1582329602418379,"
    content = (
        "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,"
        "predicted_funding_rate,open_interest,last_price,index_price,mark_price\n"
        f"{start}1582358400000000,0.0001,,5,9682,9681.5,9682.01\n{start},,,6,9683,,\n"
    )
    whole = read(TARDIS, write(tmp_path, "ticker.csv", content))
    assert whole.mark_prices.select("mark_price", "index_price").rows() == [("9682.01", "9681.5")]
    assert whole.funding_rates.select("funding_rate", "funding_time").rows() == [
        ("0.0001", 1_582_358_400_000_000)
    ]
    assert whole.ignored == {("bybit", "BTCUSDT", "funding_rate"): 1}


@pytest.mark.parametrize(
    ("name", "symbol", "feed"),
    [
        ("BTC-USDT-aggtrades-2023-11-18.csv", "BTC-USDT", "agg_trade"),
        ("okx_BTC-USD-250926-trades-2025-04-23.csv", "BTC-USD-250926", "trade"),
        ("BTC-USDT-SWAP-trades-2025-04-23.csv", "BTC-USDT-SWAP", "trade"),
    ],
)
def test_okx_columns_are_known_by_their_english_half(
    tmp_path: Path, name: str, symbol: str, feed: str
) -> None:
    header = b"trade_id/\xbd\xbb\xd2\xd7,side/\xef\xbf\xbd,size/\xff,price/?,created_time/\xb3\n"
    path = write(tmp_path, name, header + b"450372093,buy,0.00418025,35910.6,1700239042832\n")
    assert knows(okx.FORMAT, path)
    trades = read(okx.FORMAT, path).trades
    assert trades.select("exchange", "symbol", "feed", "side").row(0) == (
        "okx",
        symbol,
        feed,
        "BUY",
    )


def test_three_columns_of_numbers_are_krakens_only_when_the_path_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, "XBTUSD.csv", "1381095255,122.0,0.1\n1381179030.5,123.61,0.1\n")
    assert not knows(kraken.FORMAT, path)
    trades = read(kraken.FORMAT, path).trades
    assert trades.select("timestamp", "symbol", "side").rows() == [
        (1_381_095_255_000_000, "XBT/USD", None),
        (1_381_179_030_500_000, "XBT/USD", None),
    ]
    candles = write(tmp_path, "kraken/ETHUSDT_240.csv", "1381095240,122,123,121,122,0.1,1\n")
    assert knows(kraken.FORMAT, candles)
    assert read(kraken.FORMAT, candles).candles.select("symbol", "interval", "close").rows() == [
        ("ETH/USDT", "4h", "122")
    ]
    named = write(tmp_path, "kraken/some.csv", "1381095255,122.0,0.1\n")
    with pytest.raises(InputError, match="give it with --symbol"):
        read(kraken.FORMAT, named)


BAR = "60000,17205.01,17223.46,17205,17221.63,0.003284\n"
QUOTE_BAR = "60000,1,2,1,17221.63,0.003284,3,4,3,17223.47,0.458998\n"


@pytest.mark.parametrize(
    ("name", "exchange", "symbol"),
    [
        ("crypto/coinbase/minute/btcusd/20171217_trade.zip", "coinbase", "BTC-USD"),
        ("crypto/gdax/second/ethusdc/20171217_trade.zip", "coinbase", "ETH-USDC"),
        ("crypto/bybit/minute/btcusdt/20221213_trade.zip", "bybitspot", "BTCUSDT"),
        ("cryptofuture/bybit/minute/btcusdt/20221213_trade.zip", "bybit", "BTCUSDT"),
        ("cryptofuture/binance/minute/adausdt/20221213_trade.zip", "binanceusdm", "ADAUSDT"),
        ("cryptofuture/binance/minute/btcusd/20221213_trade.zip", "binancecoinm", "BTCUSD_PERP"),
        ("crypto/bitfinex/minute/btcusd/20221213_trade.zip", "bitfinex", "tBTCUSD"),
    ],
)
def test_lean_paths_tell_the_instrument(
    tmp_path: Path, name: str, exchange: str, symbol: str
) -> None:
    path = write(tmp_path, name, BAR)
    assert knows(LEAN, path)
    candle = read(LEAN, path).candles.row(0, named=True)
    assert (candle["exchange"], candle["symbol"]) == (exchange, symbol)
    assert candle["interval"] == ("1s" if "second" in name else "1m")
    assert candle["timestamp"] % 86_400_000_000 == 60_000_000


def test_a_lean_quote_bar_is_the_quote_at_its_end(tmp_path: Path) -> None:
    path = write(tmp_path, "crypto/bybit/minute/btcusdt/20221213_quote.zip", QUOTE_BAR)
    quote = read(LEAN, path).quotes.row(0, named=True)
    assert quote["timestamp"] == 1_670_889_600_000_000 + 120_000_000
    assert (quote["bid_price"], quote["ask_volume"]) == ("17221.63", "0.458998")
    assert quote["source"] == "snapshot"


def test_lean_bars_of_hours_and_days_have_dates(tmp_path: Path) -> None:
    content = "20221213 07:00,1,2,1,2,5\n"
    for name, interval in (("hour/btcusdt_trade", "1h"), ("daily/btcusdt", "1d")):
        candles = read(LEAN, write(tmp_path, f"crypto/binance/{name}.zip", content)).candles
        assert candles.select("symbol", "interval").row(0) == ("BTCUSDT", interval)
        assert candles["timestamp"].to_list() == [1_670_889_600_000_000 + 7 * 3_600_000_000]


def test_lean_files_that_are_no_bars_or_name_no_venues_symbol_ask(tmp_path: Path) -> None:
    interest = write(tmp_path, "cryptofuture/binance/hour/btcusdt_openinterest.zip", "1,2\n")
    with pytest.raises(InputError, match="openinterest files hold no trade or quote bars"):
        read(LEAN, interest)
    kraken_bars = write(tmp_path, "crypto/kraken/minute/btcusd/20221213_trade.zip", BAR)
    with pytest.raises(InputError, match="give it with --symbol"):
        read(LEAN, kraken_bars)
    assert read(LEAN, kraken_bars, Options(symbol="XBT/USD")).candles["symbol"][0] == "XBT/USD"


@pytest.mark.parametrize(
    ("pair", "quotes", "parts"),
    [
        ("XBTUSD", CASH, ("XBT", "USD")),
        ("ETHUSDT", CASH, ("ETH", "USDT")),
        ("OPUSD", CASH, ("OP", "USD")),
        ("BTCBUSD", DOLLARS, ("BTC", "BUSD")),
        ("BNBUSD", DOLLARS, ("BNB", "USD")),
        ("BTCZZZ", CASH, None),
        ("USD", CASH, None),
    ],
)
def test_a_pair_in_one_word_is_split_at_its_quote_currency(
    pair: str, quotes: tuple[str, ...], parts: tuple[str, str] | None
) -> None:
    assert base_and_quote(pair, quotes) == parts


@pytest.mark.parametrize(
    ("symbol", "exchange", "spelling"),
    [
        ("btcusdt", "binance", "BTCUSDT"),
        ("BTC/USDT:USDT", "binanceusdm", "BTCUSDT"),
        ("BTC/USD:BTC", "binancecoinm", "BTCUSD_PERP"),
        ("BTC/USDT:USDT-241227", "binanceusdm", "BTCUSDT_241227"),
        ("BTC/USDT", "okx", "BTC-USDT"),
        ("XBT/USD", "kraken", "XBT/USD"),
        ("BTC/USD", "ftx", "BTC/USD"),
        ("BTC/USDT", "bybit", "BTCUSDT"),
        ("pf_xbtusd", "krakenfutures", "pf_xbtusd"),
    ],
)
def test_a_symbol_is_spelled_as_its_venue_does(symbol: str, exchange: str, spelling: str) -> None:
    assert spelled(symbol, exchange) == spelling
    assert same_name(symbol, spelling)
    assert not same_name(symbol, "ETHUSDT")


def test_bybits_public_ticks_are_known_without_a_format_of_their_own(tmp_path: Path) -> None:
    content = (
        "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,"
        "foreignNotional\n1696982287.4922,FXSUSDT,Sell,0.86,5.2390,ZeroMinusTick,f7-b1,4.5e+08,"
        "0.86,4.50554\n"
    )
    path = write(tmp_path, "FXSUSDT2023-10-10.csv", content)
    assert knows(csv_generic.FORMAT, path)
    trades = read(csv_generic.FORMAT, path, Options(exchange="bybit")).trades
    assert trades.select("timestamp", "symbol", "sequence", "side").rows() == [
        (1_696_982_287_492_200, "FXSUSDT", None, "SELL")
    ]

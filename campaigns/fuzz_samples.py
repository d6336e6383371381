"""Small valid files of every format, made by hand: what fuzzing starts from."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from zipfile import ZipFile

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from cryptoscalp.capture.formats.mapping import parse_map
from cryptoscalp.capture.formats.reading import Options


@dataclass(frozen=True, slots=True)
class Sample:
    """One valid file: where it lies in a folder, its plain content, and what its caller says."""

    format: str
    name: str
    content: bytes
    options: Options = field(default_factory=Options)
    packed: Literal["", "gz", "zip"] = ""

    def pack(self, content: bytes) -> bytes:
        """The bytes of a file of this name with another plain content."""
        if self.packed == "gz":
            return gzip.compress(content, 1, mtime=0)
        if self.packed == "zip":
            held = io.BytesIO()
            with ZipFile(held, "w") as archive:
                archive.writestr("20221213_btcusdt_minute.csv", content)
            return held.getvalue()
        return content

    def write(self, folder: Path, stored: bytes) -> Path:
        """A file of this name with these bytes as they are stored."""
        path = folder / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(stored)
        return path


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _feather(frame: pl.DataFrame) -> bytes:
    held = io.BytesIO()
    # A library that reads what freqtrade writes may not know polars' string views.
    frame.write_ipc(held, compression="lz4", compat_level=pl.CompatLevel.oldest())
    return held.getvalue()


def _parquet(frame: pl.DataFrame) -> bytes:
    held = io.BytesIO()
    frame.write_parquet(held)
    return held.getvalue()


def _catalog() -> bytes:
    """Two quotes as NautilusTrader writes them: fixed-point numbers in 16 bytes."""
    number = pa.binary(16)
    prices = [int(price * 10**16).to_bytes(16, "little") for price in (112, 113)]
    columns = {
        **{
            name: pa.array(prices, number)
            for name in ("bid_price", "ask_price", "bid_size", "ask_size")
        },
        **{
            name: pa.array([1_577_898_000_000_000_000, 1_577_898_000_000_000_001], pa.uint64())
            for name in ("ts_event", "ts_init")
        },
    }
    table = pa.table(columns).replace_schema_metadata(
        {"instrument_id": "EUR/USD.SIM", "price_precision": "3", "size_precision": "0"}
    )
    held = io.BytesIO()
    pq.write_table(table, held)
    return held.getvalue()


_SPOT: Final = Options(exchange="binance")
_LTC: Final = Options(exchange="binance", symbol="LTCUSDT")
_TRADES: Final = pl.DataFrame(
    {
        "timestamp": [1_570_752_011_620, 1_570_752_011_620, 1_570_752_013_000],
        "id": ["11", "12", "13"],
        "type": [None, "limit", None],
        "side": ["sell", "buy", "sell"],
        "price": [0.00141342, 4.04e-06, 0.5],
        "amount": [23.0, 1e10, 0.1],
        "cost": [0.03250866, 40_400.0, 0.05],
    }
)
_CANDLES: Final = pl.DataFrame(
    {
        "date": [1_570_752_000_000, 1_570_752_060_000],
        "open": [1.5, 4.04e-06],
        "high": [2.0, 5e-06],
        "low": [1.0, 4e-06],
        "close": [1.25, 4.5e-06],
        "volume": [10.0, 12e12],
    }
).with_columns(pl.col("date").cast(pl.Datetime("ms", "UTC")))
_COLLECTED: Final = _lines(
    '1723161254087896568 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161254087,'
    '"s":"BTCUSDT","t":7,"p":"61837.63","q":"0.5","T":1723161254087,"m":true,"M":true}}',
    '1723161254087896569 {"stream":"btcusdt@bookTicker","data":{"u":9,"s":"BTCUSDT",'
    '"b":"61837.63","B":"3.78","a":"61837.64","A":"1.5"}}',
    '1723161254087896570 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate",'
    '"E":1723161254088,"s":"BTCUSDT","U":10,"u":12,"b":[["61837.00","1"]],"a":[]}}',
    '1723161254087896571 {"lastUpdateId":9,"bids":[["61837.00","1"]],"asks":[["61838.00","2"]]}',
)
_MARKED: Final = _lines(
    '1690000000000000 {"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate",'
    '"E":1690000000000,"s":"BTCUSDT","p":"29800.1","i":"29801.2","P":"29802","r":"0.0001",'
    '"T":1690012800000}}',
    '1690000000000001 {"stream":"btcusdt@trade","data":{"e":"trade","E":1690000000000,'
    '"T":1690000000000,"s":"BTCUSDT","t":7,"p":"29800.1","q":"0.5","X":"MARKET","m":false}}',
)
_SESSIONS: Final = {
    "BINANCE": _lines(
        "wss://stream.binance.com:9443/stream?streams=x <-> 1633998511.1",
        '1633998513.377805: {"stream":"nknusdt@bookTicker","data":{"u":499869768,"s":"NKNUSDT",'
        '"b":"0.35210000","B":"672.0","a":"0.35260000","A":"3199.0"}}',
        '1633998523.957215: {"stream":"nknusdt@aggTrade","data":{"e":"aggTrade",'
        '"E":1633998523963,"s":"NKNUSDT","a":15683430,"p":"0.3528","q":"58.0","f":1,"l":1,'
        '"T":1633998523963,"m":false,"M":true}}',
    ),
    "BYBIT": _lines(
        "wss://stream.bybit.com/realtime_public <-> 1618677785.4827468",
        '1618677786.799668: {"topic":"trade.BCHUSDT","data":[{"symbol":"BCHUSDT",'
        '"price":"1053.90","size":0.14,"trade_time_ms":"1618677785116","side":"Buy"}]}',
        '1672304484.9: {"topic":"orderbook.1.BTCUSDT","type":"snapshot","ts":1672304484978,'
        '"data":{"s":"BTCUSDT","b":[["1","2"]],"a":[["2","1"]],"u":7}}',
        '1672304486.9: {"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,'
        '"data":[{"T":1672304486865,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50",'
        '"i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false}]}',
    ),
    "OKX": _lines(
        "wss://ws.okx.com:8443/ws/v5/public <-> 1652459224.5300605",
        '1652459225.5: {"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":'
        '"BTC-USDT","tradeId":"301","px":"30000.1","sz":"0.5","side":"buy",'
        '"ts":"1652459225333"}]}',
        '1652459225.6: {"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"instType":'
        '"SPOT","instId":"BTC-USDT","last":"1","lastSz":"1","askPx":"2","askSz":"1","bidPx":"1",'
        '"bidSz":"3","ts":"1652459225400"}]}',
    ),
    "COINBASE": _lines(
        "wss://ws-feed.pro.coinbase.com <-> 1618677816.8434298",
        '1618677817.1295161: {"type":"match","trade_id":280232,"side":"sell","size":"985",'
        '"price":"0.00001305","product_id":"SKL-BTC","sequence":177100030,'
        '"time":"2021-04-17T16:43:37.089723Z"}',
        '1618677817.2: {"type":"ticker","sequence":1,"product_id":"SKL-BTC","price":"1",'
        '"best_bid":"1","best_ask":"2","best_bid_size":"1","best_ask_size":"2",'
        '"time":"2021-04-17T16:43:37.089723Z","trade_id":280232}',
    ),
    "KRAKEN": _lines(
        "wss://ws.kraken.com <-> 1618678132.368463",
        '1618678133.30: [337,[["0.042960","65.86","1618678133.281441","b","l",""]],"trade",'
        '"SC/EUR"]',
        '1618678133.40: [340,{"a":["2.5",1,"1.5"],"b":["2.4",3,"3.5"],"c":["2.4","1"],'
        '"v":["1","1"],"p":["1","1"],"t":[1,1],"l":["1","1"],"h":["1","1"],"o":["1","1"]},'
        '"ticker","ADA/XBT"]',
    ),
}
_KLINES: Final = _lines(
    "1637971200000,0.00002853,0.00002854,0.00002851,0.00002854,36304.2,1637971259999,1.03,79,"
    "19523.0,0.55,0",
    "1637971260000,0.00002854,0.0000286,0.00002854,0.00002859,89196.6,1637971319999,2.54,98,"
    "59004.2,1.68,0",
)
_TARDIS: Final = "exchange,symbol,timestamp,local_timestamp"
_TARDIS_ROW: Final = "binance-futures,BTCUSDT,1582329602111000,1582329602418379"
_GENERIC: Final = _lines(
    "timestamp,price,quantity,side,tradeId",
    "1750507467356,83.29,0.107,buy,293517768",
    '"1750507470500","83.29",1.39,sell,293517769',
)
_FILLS: Final = parse_map("timestamp=#1:s, price=#2, volume=#3, side=#4")
_NESTED: Final = parse_map("timestamp=data.t:ms, price=data.p, volume=data.q, sequence=id")


def _objects() -> list[dict[str, Any]]:
    return [
        {"id": 7, "data": {"t": 1_750_507_467_356, "p": 83.29, "q": "0.107"}},
        {"id": None, "data": {"t": 1_750_507_467_357, "p": "4.04e-06", "q": 12_000_000_000}},
    ]


_LISTS: Final = json.dumps(
    [[1_570_752_011_620, "7", None, "sell", 0.5, 23.0, 11.5],
     [1_570_752_011_621, "8", "limit", "buy", 4.04e-06, 1e10, 40_400.0]]
).encode()  # fmt: skip
_DICTS: Final = json.dumps(
    [{"info": {"a": 7}, "timestamp": 1_570_752_011_620, "datetime": "2019-10-11T00:00:11.620Z",
      "symbol": "XRP/ETH", "id": "7", "order": None, "type": None, "takerOrMaker": None,
      "side": "sell", "price": 0.5, "amount": 23.0, "cost": 11.5, "fee": None}]
).encode()  # fmt: skip

SAMPLES: Final = (
    Sample("binance-collector", "btcusdt.gz", _COLLECTED, packed="gz"),
    Sample("binance-collector", "btcusdt", _COLLECTED, Options(l1_from_depth=True)),
    Sample("binance-collector", "marks", _MARKED, Options(symbol="BTCUSDT")),
    *(Sample("cryptofeed", f"{venue}.ws.1.0", text) for venue, text in _SESSIONS.items()),
    Sample(
        "lean", "crypto/bybit/minute/btcusdt/20221213_trade.zip",
        _lines("0,17208.86,17212.99,17205,17205,1.549151", "60000,17205,17206,17204,17205,0.1"),
        packed="zip",
    ),
    Sample(
        "lean", "crypto/bybit/minute/btcusdt/20221213_quote.zip",
        _lines("0,17207.18,17211.24,17205,17205.01,0.005,17208.86,17213,17206.29,17206.77,0.004"),
        packed="zip",
    ),
    Sample("binance-vision", "ADABTC-1m-2021-11-27.csv", _KLINES, _SPOT),
    Sample(
        "binance-vision", "BTCUSDT-trades-2025-01.csv",
        _lines("42,0.1,5,0.5,1735689600000001,True,True"),
    ),
    Sample(
        "binance-vision", "BTCUSDT-bookTicker-2024-01-01.csv",
        _lines("9,42314.0,1.5,42314.1,2,1704067200001,1704067200007"),
    ),
    Sample(
        "binance-vision", "BTCUSDT-fundingRate-2024-01.csv",
        _lines("calc_time,funding_interval_hours,last_funding_rate", "1704067200001,8,-0.0003"),
    ),
    Sample(
        "tardis", "trades.csv",
        _lines(f"{_TARDIS},id,side,price,amount", f"{_TARDIS_ROW},42377944,buy,9682,0.132"),
    ),
    Sample(
        "tardis", "quotes.csv",
        _lines(f"{_TARDIS},ask_amount,ask_price,bid_price,bid_amount",
               f"{_TARDIS_ROW},0.84,9682,9681.92,0.67"),
    ),
    Sample(
        "tardis", "ticker.csv",
        _lines(f"{_TARDIS},funding_timestamp,funding_rate,predicted_funding_rate,open_interest,"
               "last_price,index_price,mark_price",
               f"{_TARDIS_ROW},1582358400000000,0.0001,,5,9682,9681.5,9682.01"),
    ),
    Sample(
        "okx", "BTC-USDT-aggtrades-2023-11-18.csv",
        _lines("trade_id/a,side/b,size/c,price/d,created_time/e",
               "450372093,buy,0.00418025,35910.6,1700239042832"),
    ),
    Sample(
        "kraken", "kraken/XBTUSD.csv",
        _lines("1381095255,122.0,0.1", "1381179030.5,123.61,0.1"),
    ),
    Sample(
        "kraken", "kraken/ETHUSDT_240.csv", _lines("1381095240,122,123,121,122,0.1,1"),
    ),
    Sample("nautilus", "part-0.parquet", _catalog()),
    Sample("freqtrade", "XRP_ETH-trades.feather", _feather(_TRADES), _SPOT),
    Sample("freqtrade", "XRP_ETH-1m.feather", _feather(_CANDLES), _SPOT),
    Sample("freqtrade", "XRP_ETH-trades.parquet", _parquet(_TRADES), _SPOT),
    Sample("freqtrade", "XRP_ETH-trades.json.gz", _LISTS, _SPOT, "gz"),
    Sample("freqtrade", "XRP_OLD-trades.json", _DICTS, _SPOT),
    Sample("csv", "trades.csv", _GENERIC, _LTC),
    Sample(
        "csv", "fills.csv", _lines("1605499846,15993.5,0.026472,ANY"),
        Options(exchange="binance", symbol="BTCUSDT", mapping=_FILLS),
    ),
    Sample("parquet", "trades.parquet", _parquet(_TRADES), _LTC),
    Sample("feather", "some-1m.feather", _feather(_CANDLES), _LTC),
    Sample(
        "json", "trades.json", json.dumps({"error": [], "rows": _objects()}).encode(),
        Options(exchange="binance", symbol="LTCUSDT", mapping=_NESTED),
    ),
    Sample(
        "jsonl", "trades.jsonl", _lines(*(json.dumps(one) for one in _objects())),
        Options(exchange="binance", symbol="LTCUSDT", mapping=_NESTED),
    ),
)  # fmt: skip
FORMATS: Final = tuple(dict.fromkeys(sample.format for sample in SAMPLES))


def of(format: str) -> list[Sample]:
    """The samples of one format."""
    return [sample for sample in SAMPLES if sample.format == format]

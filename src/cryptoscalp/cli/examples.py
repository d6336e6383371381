"""One real answer of every command in JSON, for the reference: run on a small file of our own."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptoscalp.cli import (
    limits_examples,
    logs_examples,
    performance_examples,
    replay_examples,
    risk_examples,
    stress_examples,
)
from cryptoscalp.cli.main import main

_NS: Final = 1_000_000_000
_START_S: Final = 1_723_161_300
#: What differs from run to run, and what the reference shows in its place.
_STEADY: Final[Mapping[str, Any]] = {
    "pid": 4711,
    "version": "18.6",
    "data_dir": "/var/lib/cryptoscalp",
    "dsn": "host=/var/lib/cryptoscalp/run port=5432 user=cryptoscalp dbname=cryptoscalp",
    "started_at": "2024-08-09T07:00:00.000000Z",
    "finished_at": "2024-08-09T07:00:01.000000Z",
    "next_at": "2024-08-09T08:07:00.000000Z",
    "last_success_at": "2024-08-09T07:00:01.000000Z",
    "worker": "trading-1:4711",
    "detail": "42 made; days to 2024-08-16 are there",
    "as_of": "2024-11-08T07:00:00.000000Z",
    "placed_at": "2024-08-09T07:00:01.000000Z",
    "released_at": "2024-08-09T07:00:02.000000Z",
    "first_seen_at": "2024-08-09T07:00:01.000000Z",
    "created_at": "2024-08-09T07:00:01.000000Z",
    "announced_from": "2024-08-09T07:00:01.000000Z",
    "recorded_at": "2024-08-09T07:00:01.000000Z",
    "updated_at": "2024-08-09T07:00:01.000000Z",
    "retired_at": "2024-08-09T07:00:02.000000Z",
    "position_at": "2024-08-09T07:00:01.000000Z",
    "set_at": "2024-08-09T07:00:01.000000Z",
    "deployed_at": "2024-08-09T07:00:01.000000Z",
    "resolved_at": "2024-08-09T07:00:01.000000Z",
    "stopped_at": "2024-08-09T07:00:02.000000Z",
    "closed_at": "2024-08-09T07:00:02.000000Z",
    "seconds": 0.25,
    "size_bytes": 98304,
    "rows": {"candles_1s": 5, "candles_long": 2, "market_data": 6, "order_book_l1": 2},
    "ddl": "CREATE DOMAIN …",
}
_MODEL_STEADY: Final[Mapping[str, Any]] = {
    "timestamp": "2024-08-09T07:00:01.000000Z",
    "set_at": "2024-08-09T07:00:01.000000Z",
    "deployed_at": "2024-08-09T07:00:01.000000Z",
    "path": "/var/lib/models/model.bin",
    "model_path": "/var/lib/models/model.bin",
}
_FEED: Final[Mapping[str, Any]] = {
    "timestamp": "2024-08-09T07:10:00.123000Z",
    "received_at": "2024-08-09T07:10:00.125310Z",
    "sequence": "1723187400125310",
    "bid_price": "59999.98",
    "bid_volume": "0.815",
    "ask_price": "60000.01",
    "ask_volume": "1.250011",
    "events_per_second": 201.5,
    "received": 205,
    "stored": 205,
    "seconds": 1.013,
    "commit_ms": {"p50": 9.81, "p99": 21.4},
    "gaps": 0,
}
#: Lists are cut to this length.
_MOST: Final = 3


@dataclass(frozen=True, slots=True)
class Example:
    """A command line without `cryptoscalp` and without --json, and the JSON it answered."""

    words: str
    answer: Any


_RANGE: Final = "--start 2024-08-08T23:55:00Z --end 2024-08-09"
_OF: Final = "--portfolio main --exchange binanceusdm"
_FILLS: Final = f"trades record {_OF} BTCUSDT --strategy scalper"
#: The books of an account: a future sold and bought back, and a spot pair.
_BOOKS: Final = (
    (
        "instruments add BTCUSDT --exchange binanceusdm --base BTC --quote USDT --settle USDT"
        " --tick-size 0.1 --lot-size 0.001"
    ),
    "portfolio create main --base USDT --leverage 5",
    "portfolio list",
    "portfolio deposit main USDT 10000 --reference bank-1 --at 2024-08-08T12:00:00Z",
    "portfolio withdraw main USDT 250.5 --reference bank-2 --at 2024-08-08T12:30:00Z",
    "strategies create scalper --description imbalance --symbol BTCUSDT@binanceusdm",
    "strategies list",
    (
        f"orders place {_OF} BTCUSDT --side sell --quantity 0.02 --client-order-id s-1"
        " --type limit --price 61840.1 --strategy scalper --at 2024-08-08T13:00:00Z"
    ),
    f"orders send {_OF} s-1 --at 2024-08-08T13:00:00.100Z",
    f"orders acknowledge {_OF} s-1 --exchange-order-id 8389765 --at 2024-08-08T13:00:00.2Z",
    (
        f"{_FILLS} --side sell --quantity 0.012 --price 61840.1 --id 5001 --fee 0.003"
        " --fee-currency BNB --rate BNB=512 --client-order-id s-1 --at 2024-08-08T13:00:01Z"
    ),
    f"orders cancel {_OF} s-1 --reason timeout --at 2024-08-08T13:00:05Z",
    f"orders events {_OF} s-1",
    (
        f"orders place {_OF} BTCUSDT --side buy --quantity 0.012 --client-order-id s-2"
        " --at 2024-08-08T13:00:06Z"
    ),
    f"orders reject {_OF} s-2 --reason too-small --at 2024-08-08T13:00:06.1Z",
    "orders list --portfolio main --limit 1",
    (
        f"funding record {_OF} BTCUSDT --strategy scalper --funding-rate 0.0001"
        " --mark-price 61810 --at 2024-08-08T16:00:00Z"
    ),
    "funding list --portfolio main",
    "positions close 1 --price 61850 --at 2024-08-08T20:00:00Z",
    (
        "trades record --portfolio main BTCUSDT --exchange binance --side buy --quantity 0.01"
        " --price 61837.65 --id 3735683259 --at 2024-08-08T23:55:01Z"
    ),
    "trades list --portfolio main BTCUSDT --exchange binance",
    "positions list --portfolio main",
    "positions stops 2 --stop-loss 61500 --take-profit 61839",
    "positions mark --portfolio main --by last",
    "positions breached --portfolio main --by last",
    "positions show 2 --lots",
    "portfolio show main",
    "portfolio value main --at 2024-08-08T23:56:00Z --rate BNB=512",
    (
        "portfolio curve main --start 2024-08-08T23:55:30Z --end 2024-08-08T23:56:00Z"
        " --step 30s --rate BNB=512"
    ),
    "portfolio pnl main --start 2024-08-08 --end 2024-08-08",
    "portfolio exposure main",
    "portfolio ledger main --limit 3",
    "trades export --portfolio main --output fills.csv",
    "trades import fills.csv --portfolio main",
    "reconcile --portfolio main --fills fills.csv",
    "trades reverse 3 --reason typo --at 2024-08-08T23:59:00Z",
    "books check",
    "strategies retire scalper",
    "portfolio close main",
)
#: Stands for the run that MLflow made for the version.
_RUN: Final = "6f9c2f4dd7f04c3a8f0f5d5b0c1a2e3d"
_STORE: Final = "--tracking-uri sqlite:///mlflow.db"
_MODELS: Final = (
    (
        "models declare direction --description next-second --target-price mid --reach 30s"
        ' --patience 1h --hyperparameters {"depth":"integer"} --metrics {"acc":"number"}'
    ),
    (
        'models register direction --artifact model.bin --hyperparameters {"depth":6}'
        ' --metrics {"acc":0.91} --trained-from 2024-07-01 --trained-until 2024-08-01'
        " --code-revision 4b825dc --tag desk=scalping"
    ),
    'models register direction --version wide --hyperparameters {"depth":9} --parent direction:1',
    'models metrics direction:wide {"acc":0.93}',
    "models verify direction:1",
    "models promote direction:1",
    "models promote direction:1 --slot live",
    "models promote direction:wide",
    "models promote direction:wide --slot live",
    "models alias direction champion direction:wide",
    'models config direction@champion {"size":0.01}',
    "models rollback direction --slot live --expected direction:wide",
    "models list --name direction --metric acc>=0.9 --order-by-metric acc",
    "models list --parent direction:1 --hyperparameter depth>=6 --created-from 2024-01-01",
    "models names",
    "models diff direction:1 direction:wide",
    "models retire direction:wide --note worse-fills",
    "models show direction:wide",
    f"models export-mlflow direction:1 {_STORE}",
    f"models import-mlflow {_RUN} imported --artifact model/model.bin {_STORE}",
)
_OF_CANDLES: Final = "BTCUSDT --exchange binance --interval 1s"
_REGIMES: Final = (
    f"regimes watch {_OF_CANDLES} --set warm_up=90",
    "regimes update",
    f"regimes show {_OF_CANDLES} --at 2024-08-09",
    f"regimes history {_OF_CANDLES}",
    f"regimes unwatch {_OF_CANDLES}",
)
_FEATURES: Final = (
    "features declare top-of-book imbalance spread_bps momentum_1s?",
    "features list",
    "features show 1",
)
_PREDICTIONS: Final = (
    "predictions record predictions.csv --backfill",
    "predictions resolve",
    "predictions resolve --revise --start 2024-08-08 --end 2024-08-09",
    "predictions list --model direction:1",
    "predictions summary --window 1h",
)
_ADAPTATIONS: Final = (
    "adaptations start direction:1 --trigger manual --type retraining --min-predictions 1",
    "adaptations finish 1 direction:wide --start 2024-08-08 --end 2024-08-09",
    "adaptations start direction:1 --trigger manual --type finetuning",
    "adaptations abandon 2 --note superseded",
    'adaptations announce --symbol BTCUSDT --exchange binance --payload {"reason":"new-fees"}',
    "adaptations events",
    "adaptations list",
)
_DRIFT: Final = (
    "drift watch direction:1 BTCUSDT --exchange binance --signal error --algorithm adwin",
    "drift check",
    "drift status",
    "drift events",
    "drift stop 1",
)
#: Ages of what the examples stored on a day of their own.
_STATUS_STEADY: Final[Mapping[str, Any]] = {
    "trade_age_s": 0.25,
    "quote_age_s": 0.25,
    "performance_analytics": 42.5,
    "risk_metrics": 42.5,
    "stress_test_results": 42.5,
    "since": "2024-08-09T06:00:00.000000Z",
    "newest": "2024-08-09T07:00:01.000000Z",
}
#: Rooms that keep their examples, and what has to be there before them, in files of their own.
_PARTS: Final = (
    replay_examples, risk_examples, limits_examples, stress_examples, performance_examples,
    logs_examples,
)  # fmt: skip
_LINES: Final = (
    "import spot.gz",
    "import --check spot.gz",
    "import list",
    "import formats",
    "import maps",
    "quote BTCUSDT --exchange binance",
    "candles BTCUSDT --exchange binance --interval 1m",
    f"ticks BTCUSDT --exchange binance {_RANGE}",
    f"ticks BTCUSDT --exchange binance {_RANGE} --stream quotes",
    f"ticks BTCUSDT --exchange binance {_RANGE} --output trades.parquet",
    "coverage BTCUSDT --exchange binance",
    "quarantine list",
    "quarantine export --output refused.jsonl",
    "quarantine retry",
    "partitions list",
    "partitions ensure --start 2024-08-10 --end 2024-08-11",
    "instruments list BTCUSDT --exchange binance",
    "instruments set BTCUSDT --exchange binance --base BTC --quote USDT --tick-size 0.01",
    *_BOOKS,
    *_FEATURES,
    *_MODELS,
    # Before there are errors: how many a detector has taken in would depend on the second.
    *_DRIFT,
    *_PREDICTIONS,
    *_REGIMES,
    *_ADAPTATIONS,
    *(line for part in _PARTS for line in part.LINES),
    (
        "retention hold --table market_data --start 2024-08-01 --end 2024-09-01"
        " --reason case-17 --by counsel"
    ),
    "retention holds",
    "retention plan --table market_data",
    "retention release 1 --by counsel",
    "retention run --table market_data",
    "retention verify",
    (
        "retention thaw --table market_data --exchange binance --symbol BTCUSDT"
        " --start 2024-08-08 --end 2024-08-10"
    ),
    "jobs list",
    "jobs run make_partitions",
    "jobs history make_partitions --limit 1",
    "jobs alerts",
    "status",
    "doctor schema guards batches",
    "db upgrade",
    "db current",
    "db convert --layout native",
    "db check",
    "db ddl",
    "up --for 1s --seed 1 --symbols BTCUSDT",
    "import undo 1",
    "db downgrade base --yes --destroy-data",
    "stop",
)


def collect(folder: Path) -> list[Example]:
    """Run every line on a new embedded server below `folder`, which its user can reach."""
    data_dir = folder / "data"
    made = []
    with contextlib.chdir(folder):
        Path("spot.gz").write_bytes(sample())
        Path("predictions.csv").write_text(_predicted(), "utf-8")
        Path("model.bin").write_bytes(b"weights of a model")
        run = _RUN
        for words in _LINES:
            part = next((one for one in _PARTS if words in one.LINES), None)
            if part is not None:
                part.prepare(words, data_dir)
            given = words.replace(_RUN, run).split()
            text = _answer(["--data-dir", str(data_dir), "--json", *given]).replace(run, _RUN)
            if words.startswith("up"):
                # An object a line; the last one says what the session came to.
                steady = {**_STEADY, **_FEED}
                found = json.loads(text.strip().splitlines()[-1])
            else:
                steady, found = dict(_STEADY), json.loads(text)
            if words.startswith("orders"):
                del steady["detail"]  # here it is the venue's id or a reason
                del steady["updated_at"]  # the venue's time
            if words.startswith("regimes"):
                del steady["version"]  # the rule's
            if words.startswith("models"):
                del steady["version"]  # the model's
                steady.update(_MODEL_STEADY)
            if words.startswith("models export-mlflow"):
                run, found = found["run_id"], {"run_id": _RUN}
            if part is not None:
                steady.update(part.STEADY)
            if words == "status":
                steady.update(_STATUS_STEADY)
            if words.startswith("adaptations"):
                steady["timestamp"] = steady["recorded_at"]
            made.append(Example(words, _settled(found, steady)))
    return made


def _predicted() -> str:
    """What two versions predicted at one moment, as `predictions record` reads it."""
    at = "2024-08-08T23:55:03Z"
    rows = (f"direction,{version},BTCUSDT,binance,{at},20,{price},0.6,1.25,{at}"
            for version, price in (("1", 61840.5), ("wide", 61838.75)))  # fmt: skip
    head = (
        "model,version,symbol,exchange,timestamp,horizon,prediction,confidence,latency_ms,"
        "inputs_until"
    )
    return "\n".join((head, *rows, ""))


def sample() -> bytes:
    """A gzip file as a recorder of Binance's spot streams writes it; one line is damaged."""
    lines = []
    for number, (second, price, size) in enumerate(
        [(1, "61837.63", "0.02"), (2, "61838.00", "0.5"), (2, "61838.10", "0.003"),
         (61, "61836.20", "1.1"), (62, "61836.20", "0.25"), (119, "61840.00", "0.04")]
    ):  # fmt: skip
        trade = {
            "e": "trade", "E": (_START_S + second) * 1000, "s": "BTCUSDT", "t": 3735683259 + number,
            "p": price, "q": size, "T": (_START_S + second) * 1000, "m": number % 2 == 0, "M": True,
        }  # fmt: skip
        lines.append((second, "btcusdt@trade", trade))
    for number, second in enumerate((1, 118)):
        quote = {
            "u": 50093239212 + number, "s": "BTCUSDT", "b": "61837.63", "B": "3.78826",
            "a": f"61837.6{4 + number}", "A": "1.54698",
        }  # fmt: skip
        lines.append((second, "btcusdt@bookTicker", quote))
    depth = {"e": "depthUpdate", "E": (_START_S + 3) * 1000, "s": "BTCUSDT", "U": 1, "u": 2,
             "b": [], "a": []}  # fmt: skip
    lines.append((3, "btcusdt@depth@100ms", depth))
    lines.append((60, "btcusdt@trade", {**lines[0][2], "t": 3735683300, "p": "-1"}))
    text = "".join(
        f"{(_START_S + second) * _NS} {json.dumps({'stream': stream, 'data': data})}\n"
        for second, stream, data in sorted(lines, key=lambda line: line[0])
    )
    return gzip.compress(text.encode(), mtime=0)


def _answer(words: list[str]) -> str:
    taken = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(taken):
        code = main(words)
    taken.flush()
    buffer = taken.buffer
    assert isinstance(buffer, io.BytesIO)
    if code != 0:
        raise RuntimeError(f"cryptoscalp {' '.join(words)} ended with {code}")
    return buffer.getvalue().decode()


def _settled(value: Any, steady: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {
            key: steady[key]
            if key in steady and one is not None and (key != "rows" or isinstance(one, dict))
            else _settled(one, steady)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_settled(one, steady) for one in value[:_MOST]]
    return value


def without_environment() -> None:
    """Let no setting of the caller's reach the run."""
    for name in [name for name in os.environ if name.startswith("CRYPTOSCALP_")]:
        del os.environ[name]
    sys.stdout.flush()

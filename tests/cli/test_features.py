"""`cryptoscalp features`, and `predictions record`: what was read, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from cryptoscalp.cli.main import main
from cryptoscalp.infra.server import EmbeddedServer
from cryptoscalp.registry.features import feature_fingerprint
from tests.cli.conftest import Cli
from tests.cli.conftest import Place as Folder
from tests.postgres import Place
from tests.registry.resolving import model

AT = datetime(2024, 8, 8, 12, tzinfo=UTC)
HEAD = (
    "model,version,symbol,exchange,timestamp,horizon,prediction,confidence,latency_ms,inputs_until"
)
ROW = "{name},1.10,BTCUSDT,binance,{at},0.25,61837.5,0.75,1.5,{at}"


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli(*words, "--json").stdout)


def test_a_feature_set_is_declared_listed_and_shown(cli: Cli) -> None:
    names = ["imbalance", "spread_bps", "momentum_1s?"]
    made = answer(cli, "features", "declare", "cli-book", *names, "--description", "of the book")
    assert made["features"] == names
    assert made["fingerprint"] == feature_fingerprint(names).hex()
    assert answer(cli, "features", "declare", "again", *names) == made
    assert answer(cli, "features", "list", "cli-book") == [made]
    assert answer(cli, "features", "show", str(made["feature_set_id"])) == made
    assert answer(cli, "features", "show", made["fingerprint"]) == made
    assert "1 feature sets" in cli("features", "list", "cli-book").stdout
    assert (
        "imbalance, spread_bps, momentum_1s?" in cli("features", "show", made["fingerprint"]).stdout
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("declare", "twice", "a", "a?"), "twice"),
        (("show", "4711"), "there is no feature set 4711"),
        (("show", "abc"), "is no SHA-256"),
    ],
)
def test_what_is_no_feature_set_is_one_line(cli: Cli, words: tuple[str, ...], told: str) -> None:
    ended = cli("features", *words, code=1)
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def base(place: Folder, cli: Cli, imported: Path) -> Place:
    """The command line's database, with BTCUSDT in it."""
    server = EmbeddedServer(place.data_dir)
    made = Place("cryptoscalp", server.dsn, server.admin_dsn)
    model(made, "cli-bad", "1.10")
    return made


def as_csv(path: Path, name: str) -> None:
    rows = (
        ROW.format(name=name, at=at) for at in ("2024-08-08T12:00:00Z", "2024-08-08T14:00:01+02:00")
    )
    path.write_text("\n".join([HEAD, *rows, ""]))


def records(name: str) -> list[dict[str, Any]]:
    return [
        {
            "model": name, "version": "1.10", "symbol": "BTCUSDT", "exchange": "binance",
            "timestamp": at, "horizon": 0.25, "prediction": 61837.5, "confidence": 0.75,
            "latency_ms": 1.5, "inputs_until": at,
        }
        for at in ("2024-08-08T12:00:00.000Z", "2024-08-08T12:00:01Z")
    ]  # fmt: skip


def as_json(path: Path, name: str) -> None:
    path.write_text(json.dumps(records(name)))


def as_lines(path: Path, name: str) -> None:
    path.write_text("\n\n".join(json.dumps(one) for one in records(name)) + "\n")


def as_parquet(path: Path, name: str) -> None:
    times = [AT, AT + timedelta(seconds=1)]
    rows = [
        {**one, "timestamp": at, "inputs_until": at, "horizon": timedelta(seconds=0.25)}
        for one, at in zip(records(name), times, strict=True)
    ]
    parquet.write_table(pa.Table.from_pylist(rows), path)


@pytest.mark.long
@pytest.mark.parametrize(
    ("ending", "write"),
    [("csv", as_csv), ("json", as_json), ("jsonl", as_lines), ("parquet", as_parquet)],
)
def test_each_format_records_the_same(
    cli: Cli, base: Place, tmp_path: Path, ending: str, write: Callable[[Path, str], None]
) -> None:
    name = f"cli-of-{ending}"
    model(base, name, "1.10")
    path = tmp_path / f"predictions.{ending}"
    write(path, name)
    refused = cli("predictions", "record", str(path), code=1).stderr
    assert "row 1" in refused
    assert "backfill" in refused
    words = ("predictions", "record", str(path), "--backfill")
    assert answer(cli, *words) == {"received": 2, "stored": 2, "duplicate": 0}
    assert cli(*words).stdout == "2 received, 0 stored, 2 there already\n"
    found = answer(cli, "predictions", "list", "--model", f"{name}:1.10")
    assert [one["timestamp"] for one in found] == [
        "2024-08-08T12:00:00.000000Z", "2024-08-08T12:00:01.000000Z",
    ]  # fmt: skip
    assert {(one["horizon"], one["prediction"]) for one in found} == {(0.25, 61837.5)}


@pytest.mark.long
@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        (
            "timestamp",
            "2024-08-08T12:00:00",
            "column timestamp, row 1: '2024-08-08T12:00:00' is not a time",
        ),
        ("inputs_until", "2024-08-08T12:00:00.1234567Z", "column inputs_until, row 1"),
        ("horizon", "soon", "column horizon, row 1: 'soon' is not a number"),
        ("horizon", "0.0000001", "column horizon, row 1: 1e-07 is not seconds with at most six"),
        ("horizon", "inf", "column horizon, row 1: inf is not seconds"),
        ("horizon", "1e300", "column horizon, row 1: 1e+300 is not seconds"),
        ("confidence", "high", "column confidence, row 1: 'high' is not a number"),
        ("version", "", "name no model, or no version"),
        ("prediction", "nan", "row 1"),
        ("symbol", "NONE", "row 1"),
    ],
)
def test_a_bad_cell_is_one_line_that_names_it(
    cli: Cli, base: Place, tmp_path: Path, column: str, value: str, told: str
) -> None:
    cells = dict(
        zip(
            HEAD.split(","),
            ROW.format(name="cli-bad", at="2024-08-08T12:00:00Z").split(","),
            strict=True,
        )
    )
    path = tmp_path / "bad.csv"
    with path.open("wb") as file:
        csv.write_csv(pa.table({k: [value if k == column else v] for k, v in cells.items()}), file)
    ended = cli("predictions", "record", str(path), "--backfill", code=1)
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "model,symbol\nx,BTCUSDT\n", "missing: exchange, timestamp, horizon"),
        ("a.csv", f"{HEAD}\nx,1\n", "CSV parse error: Expected 10 columns, got 2"),
        ("a.jsonl", '{"horizon": 1}\n{"horizon": "1s"}\n', "column horizon is not of one type"),
        ("a.jsonl", '{"horizon": "1s"}\n', "column horizon is string; write seconds"),
        ("a.jsonl", '{"timestamp": 1723118400}\n', "column timestamp is int64; write a time"),
        ("a.jsonl", '\n{"horizon"\n', "line 2 is no JSON"),
        ("a.json", '{"horizon": 1}', "the file is no list of objects"),
        ("a.json", "[1]", "row 1 is no object"),
        ("a.parquet", "nothing", "a.parquet"),
    ],
)
def test_a_bad_file_is_one_line(cli: Cli, tmp_path: Path, name: str, text: str, told: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    ended = cli("predictions", "record", str(path), code=1)
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_file_that_is_not_there_or_of_no_known_format(
    cli: Cli, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "No such file" in cli("predictions", "record", str(tmp_path / "no.csv"), code=1).stderr
    assert main(("predictions", "record", "a.xlsx")) == 2
    assert "the ending says the format" in capsys.readouterr().err

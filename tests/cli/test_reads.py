"""`cryptoscalp quote`, `ticks`, `candles`, `coverage` and the lists."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Cli, Place

BTC = ("BTCUSDT", "--exchange", "binance")
RANGE = ("--start", "2024-08-08T23:55:00Z", "--end", "2024-08-09")


@pytest.fixture(autouse=True)
def _stored(imported: Path) -> None:
    """Every test here reads the recording."""


def test_quote_is_the_newest_with_all_its_digits(cli: Cli) -> None:
    found = json.loads(cli("quote", *BTC, "--json").stdout)
    assert (found["bid_price"], found["ask_price"]) == ("61837.63", "61837.65")
    assert (found["mid_price"], found["spread"]) == ("61837.64", "0.02")
    assert (found["bid_volume"], found["sequence"]) == ("3.78826", "50093239213")
    assert "BTCUSDT on binance" in cli("quote", "BTC/USDT", "--exchange", "binance").stdout


def test_candles_are_a_list_of_objects_with_text_for_numbers(cli: Cli) -> None:
    found = json.loads(cli("candles", *BTC, "--interval", "1m", "--json").stdout)
    assert found[0] == {
        "timestamp": "2024-08-08T23:55:00Z",
        "open": "61837.63",
        "high": "61838.1",
        "low": "61837.63",
        "close": "61838.1",
        "volume": "0.523",
        "trade_count": "3",
        "complete": False,
        "source": "computed",
    }
    filled = json.loads(
        cli(
            *("candles", *BTC, "--interval", "1s", "--fill", "previous", "--json"),
            *("--start", "2024-08-08T23:55:00Z", "--end", "2024-08-08T23:55:05Z"),
        ).stdout
    )
    assert [one["source"] for one in filled] == ["computed", "computed", "filled", "filled"]
    assert filled[-1]["volume"] == "0"


def test_ticks_go_to_csv_parquet_json_and_tables(cli: Cli, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("ticks", *BTC, *RANGE, "--output", "-").stdout)))
    assert [row["price"] for row in rows][:3] == ["61837.63", "61838.0", "61838.1"]
    assert rows[0]["timestamp"] == "2024-08-08T23:55:01.000000Z"
    exact = tmp_path / "exact.parquet"
    cli("ticks", *BTC, *RANGE, "--exact", "--output", str(exact))
    frame = pl.read_parquet(exact)
    assert frame.schema["price"] == pl.Decimal(38, 18)
    assert frame["sequence"].to_list() == list(range(3735683259, 3735683265))
    plain = tmp_path / "plain.parquet"
    answer = json.loads(
        cli("ticks", *BTC, *RANGE, "--stream", "quotes", "--output", str(plain), "--json").stdout
    )
    assert answer == {"path": str(plain), "rows": 2}
    assert pl.read_parquet_schema(plain)["bid_price"] == pl.Float64
    assert sorted(tmp_path.iterdir()) == [exact, plain]
    listed = json.loads(cli("ticks", *BTC, *RANGE, "--json").stdout)
    assert (listed[1]["price"], listed[1]["sequence"]) == ("61838", "3735683260")
    assert "6 trades" in cli("ticks", *BTC, *RANGE).stdout


def test_exact_csv_has_no_zeros_at_the_end(cli: Cli) -> None:
    text = cli("ticks", *BTC, *RANGE, "--exact", "--output", "-").stdout
    assert [row["price"] for row in csv.DictReader(io.StringIO(text))][1] == "61838"


def test_coverage_shows_received_intervals_and_gaps(cli: Cli) -> None:
    found = json.loads(cli("coverage", *BTC, "--json").stdout)
    assert {one["stream"] for one in found["received"]} == {"ticker", "trade"}
    assert "quarantined" in {one["cause"] for one in found["gaps"]}
    assert "received" in cli("coverage").stdout


def test_quarantine_keeps_the_record_whole(cli: Cli, imported: Path) -> None:
    listed = json.loads(cli("quarantine", "list", "--source", str(imported), "--json").stdout)
    assert [one["reason"] for one in listed] == ["non_positive_price"]
    raw = cli("quarantine", "export", "--raw", "--source", str(imported)).stdout
    assert json.loads(raw.split(" ", 1)[1])["data"]["p"] == "-1"
    lines = cli("quarantine", "export", "--source", str(imported)).stdout.splitlines()
    assert json.loads(lines[0])["raw"] == raw.rstrip("\n")


def test_partitions_are_made_once(cli: Cli) -> None:
    words = ("partitions", "ensure", "--start", "2031-01-01", "--end", "2031-01-02", "--json")
    assert json.loads(cli(*words).stdout)["made"] == 7
    assert json.loads(cli(*words).stdout)["made"] == 0
    names = {one["name"] for one in json.loads(cli("partitions", "list", "--json").stdout)}
    assert "market_data_20310102" in names


def test_instruments_take_and_forget_terms(cli: Cli) -> None:
    terms = ("--base", "BTC", "--tick-size", "0.010", "--listed-at", "2017-08-17", "--linear")
    changed = json.loads(cli("instruments", "set", *BTC, *terms, "--json").stdout)
    assert (changed["base"], changed["tick_size"], changed["inverse"]) == ("BTC", "0.01", False)
    assert changed["listed_at"] == "2017-08-17T00:00:00.000000Z"
    cli("instruments", "set", *BTC, "--clear", "tick-size")
    listed = json.loads(cli("instruments", "list", *BTC, "--json").stdout)
    assert listed[0]["tick_size"] is None
    assert "nothing to set" in cli("instruments", "set", *BTC, code=1).stderr


def test_status_shows_what_is_stored(cli: Cli, place: Place) -> None:
    found = json.loads(cli("status", "--json").stdout)
    assert found["running"] is True
    assert found["data_dir"] == str(place.data_dir)
    assert found["revision"] == found["head"]
    assert found["instruments"] >= 1
    assert found["last_batch"]["batch_id"] >= 1


@pytest.mark.long
def test_a_reader_that_leaves_ends_the_program_quietly(place: Place) -> None:
    running = place.start("ticks", *BTC, *RANGE, "--output", "-")
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    with running.stderr as errors:
        assert errors.read() == ""
    assert running.wait(timeout=30) == 141

"""`cryptoscalp import`: accounts, lists, undo."""

from __future__ import annotations

import gzip
import json
import signal
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Place, renamed, shared

NUMBERS = ("received", "stored", "duplicate", "quarantined", "ignored")


def test_one_object_accounts_for_all_and_for_each_file_and_stream(
    cli: Cli, recording: Path, tmp_path: Path
) -> None:
    first = renamed(recording, tmp_path / "a.gz", "AAAUSDT")
    second = renamed(recording, tmp_path / "b.gz", "BBBUSDT")
    report = json.loads(cli("import", str(first), str(second), "--json").stdout)
    assert [report[name] for name in NUMBERS] == [20, 16, 0, 2, 2]
    assert report["seconds"] > 0
    assert report["rounded"] == 0
    assert [one["path"] for one in report["files"]] == [str(first), str(second)]
    for one in report["files"]:
        assert [one[name] for name in NUMBERS] == [10, 8, 0, 1, 1]
        for name in NUMBERS:
            assert sum(stream[name] for stream in one["streams"]) == one[name]
        trades = next(stream for stream in one["streams"] if stream["stream"] == "trade")
        assert (trades["exchange"], trades["stored"]) == ("binance", 6)
    again = json.loads(cli("import", "--json", str(first)).stdout)
    assert (again["stored"], again["duplicate"]) == (0, 8)


def test_undo_takes_back_what_list_shows(cli: Cli, recording: Path, tmp_path: Path) -> None:
    path = renamed(recording, tmp_path / "undo.gz", "UNDOUSDT")
    shown = cli("import", str(path)).stdout
    assert "UNDOUSDT" in shown
    assert "10 events" in shown
    listed = json.loads(cli("import", "--json", "list", "--limit", "500").stdout)
    batch = next(one for one in listed if one["source"] == str(path))
    assert (batch["status"], batch["stored"]) == ("COMMITTED", 8)
    undone = json.loads(cli("import", "undo", str(batch["batch_id"]), "--json").stdout)
    assert undone == {"batch_id": batch["batch_id"], "trades": 6, "quotes": 2}
    ended = cli("import", "undo", str(batch["batch_id"]), code=1)
    assert ended.stderr == f"cryptoscalp: batch {batch['batch_id']} was undone already\n"
    assert ended.stdout == ""


def test_a_file_that_cannot_be_read_is_one_line_and_stores_nothing(
    cli: Cli, recording: Path, tmp_path: Path
) -> None:
    good = renamed(recording, tmp_path / "good.gz", "NOTSTORED")
    bad = tmp_path / "list.gz"
    bad.write_bytes(b"not gzip at all")
    for words in ([str(good), str(bad)], [str(tmp_path / "missing.gz")], ["./undo"]):
        ended = cli("import", *words, code=1)
        assert ended.stderr.startswith("cryptoscalp: ")
        assert ended.stderr.count("\n") == 1
        assert ended.stdout == ""
    cli("quote", "NOTSTORED", code=1)


def test_a_real_file_is_counted_as_its_manifest_says(cli: Cli) -> None:
    path = shared("hftbacktest/usdm/btcusdt_20240808.gz")
    report = json.loads(cli("import", str(path), "--json").stdout)
    streams = {one["stream"]: one for one in report["files"][0]["streams"]}
    assert {one["exchange"] for one in streams.values()} == {"binanceusdm"}
    assert streams["trade"]["received"] == 21_313
    assert streams["ticker"]["received"] == 66_089
    assert report["received"] == 93_954
    assert report["quarantined"] == 0


def test_the_program_itself_imports_without_a_bar_where_there_is_no_terminal(
    place: Place, recording: Path, tmp_path: Path
) -> None:
    path = renamed(recording, tmp_path / "program.gz", "PROGRAMUSDT")
    running = place.start("import", str(path), "--json")
    out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, "")
    assert json.loads(out)["stored"] == 8


def test_tables_are_readable_at_80_columns(cli: Cli, recording: Path, tmp_path: Path) -> None:
    env = {"COLUMNS": "80"}
    long = renamed(recording, tmp_path / f"{'long' * 10}.gz", "1000000LONGUSDT_240927")
    other = renamed(recording, tmp_path / "other.gz", "OTHERUSDT")
    shown = cli("import", str(long), str(other), env=env).stdout
    lines = shown.splitlines()
    # A command to copy is never cut, however long the path to it.
    assert max(len(line) for line in lines if "quarantine list" not in line) <= 80
    assert lines[0].startswith(f"{long.name}: batch ")
    assert lines[0].endswith(", binance")
    assert lines[1].split() == ["symbol", "stream", "received", "stored", "quarantined", "ignored"]
    trades = next(line for line in lines if line.startswith("1000000") and " trade " in line)
    assert trades.split()[-4:] == ["7", "6", "1", "0"]
    assert ["total", "10", "8", "1", "1"] in [line.split() for line in lines]
    assert "received 20 = stored 16 + quarantined 2 + ignored 2" in lines
    listed = cli("import", "list", "--limit", "2", env=env).stdout.splitlines()
    assert len(listed) == 6
    assert listed[1] == "  received 10 = stored 8 + quarantined 1 + ignored 1"
    assert listed[2] == f"  {other}"
    assert max(len(line) for line in listed if not line.startswith("  /")) <= 80


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_a_signal_ends_an_import_with_one_line(
    place: Place, tmp_path: Path, number: signal.Signals, code: int, word: str
) -> None:
    place.cli("quote", "NOSUCH", code=1)  # the server runs
    path = tmp_path / f"{word}.gz"
    symbol = f"{word[:4].upper()}USDT"
    path.write_bytes(gzip.compress(_trades(symbol, 400_000).encode(), compresslevel=1))
    running = place.start("import", str(path))
    end = time.monotonic() + 30
    while not _batch(place, path) and time.monotonic() < end:
        time.sleep(0.02)
    running.send_signal(number)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (code, "")
    assert err == (
        f"cryptoscalp: {word}; what was committed stays, and running it again finishes the import\n"
    )
    assert _batch(place, path)["status"] == "OPEN"


def _trades(symbol: str, count: int) -> str:
    start_ms = 1_723_161_300_000
    return "".join(
        f'{(start_ms + n) * 1_000_000} {{"stream":"{symbol.lower()}@trade","data":{{"e":"trade",'
        f'"E":{start_ms + n},"s":"{symbol}","t":{n + 1},"p":"1.5","q":"2","T":{start_ms + n},'
        f'"m":true,"M":true}}}}\n'
        for n in range(count)
    )


def _batch(place: Place, path: Path) -> dict[str, object]:
    listed = json.loads(place.cli("import", "list", "--json").stdout)
    return next((one for one in listed if one["source"] == str(path)), {})


def test_a_file_that_is_cut_off_is_told(cli: Cli, recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(_trades("CUTUSDT", 2_000).encode())[:-2_000])
    ended = cli("import", str(path), str(recording), "--json")
    report = json.loads(ended.stdout)
    assert [one["truncated"] for one in report["files"]] == [True, False]
    stored = report["files"][0]["stored"]
    assert 0 < stored < 2_000
    told = f"cryptoscalp: {path} is cut off after {stored:,} events: its good part is stored"
    assert ended.stderr.startswith(told)
    assert "quarantine list" in ended.stderr
    assert ended.stderr.count("\n") == 1

"""`cryptoscalp import`: accounts, lists, undo."""

from __future__ import annotations

import json
from pathlib import Path

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

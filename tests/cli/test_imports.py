"""`cryptoscalp import`: accounts, lists, undo."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cryptoscalp.capture.account import Stream
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.reports import FileReport, Progress
from cryptoscalp.cli.import_view import bar
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
    assert undone == {
        "batch_id": batch["batch_id"], "trades": 6, "quotes": 2, "candles": 0, "mark_prices": 0,
        "funding_rates": 0, "overlapping": [],
    }  # fmt: skip
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
    shown = cli("import", str(long), str(other), "--jobs", "1", env=env).stdout
    lines = shown.splitlines()
    # A command to copy is never cut, however long the path to it.
    assert max(len(line) for line in lines if "quarantine list" not in line) <= 80
    assert lines[0].startswith(f"{long.name}: batch ")
    assert lines[0].endswith(", binance")
    assert lines[1] == "  read as binance-collector"
    assert lines[2].split() == ["symbol", "stream", "received", "stored", "quarantined", "ignored"]
    trades = next(line for line in lines if line.startswith("1000000") and " trade " in line)
    assert trades.split()[-4:] == ["7", "6", "1", "0"]
    assert ["total", "10", "8", "1", "1"] in [line.split() for line in lines]
    assert "received 20 = stored 16 + quarantined 2 + ignored 2" in lines
    listed = cli("import", "list", "--limit", "2", env=env).stdout.splitlines()
    assert len(listed) == 6
    assert listed[1] == "  received 10 = stored 8 + quarantined 1 + ignored 1"
    # Two files are read at once: either may be the newer batch.
    assert {listed[2], listed[5]} == {f"  {long}", f"  {other}"}
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


def test_a_damaged_file_is_told_and_fails_the_command(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "flipped.gz"
    packed = bytearray(gzip.compress(_trades("FLIPUSDT", 2_000).encode()))
    packed[-6] ^= 1  # of the checksum
    path.write_bytes(packed)
    ended = cli("import", str(path), "--json", code=1)
    (report,) = json.loads(ended.stdout)["files"]
    assert (report["truncated"], report["damaged"], report["stored"]) == (False, True, 2_000)
    assert "rows of it may be false" in ended.stderr
    assert f"import undo {report['batch_id']}" in ended.stderr
    assert ended.stderr.count("\n") == 1


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


_HEAD = "timestamp,price,size,id"
_START_MS = 1_723_161_300_000


def _csv(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([_HEAD, *rows]) + "\n")
    return path


def _row(number: int, price: str = "1.5") -> str:
    return f"{_START_MS + number},{price},2,{number + 1}"


def test_a_check_says_what_an_import_does_and_stores_nothing(cli: Cli, tmp_path: Path) -> None:
    path = _csv(tmp_path / "check.csv", *(_row(n) for n in range(5)), _row(9, "-1"))
    words = ("import", str(path), "--exchange", "kraken", "--symbol", "CHECKUSD")
    shown = cli(*words, "--check").stdout
    assert shown.startswith("a check: ")
    assert "nothing was stored" in shown
    cli("quote", "CHECKUSD", code=1)
    checked = json.loads(cli(*words, "--check", "--json").stdout)
    done = json.loads(cli(*words, "--json").stdout)
    assert [checked[name] for name in NUMBERS] == [done[name] for name in NUMBERS]
    assert (done["stored"], done["quarantined"]) == (5, 1)
    assert (checked["checked"], done["checked"]) == (True, False)
    assert [one["batch_id"] for one in checked["files"]] == [None]


def test_dirt_is_told_in_the_summary_and_listed_with_file_line_and_reason(
    cli: Cli, tmp_path: Path
) -> None:
    bad = {
        "out_of_domain": _row(1, "1" * 40), "non_positive_price": _row(2, "0"),
        "malformed": "x", "timestamp_out_of_range": f"0{_row(3)[13:]}",
    }  # fmt: skip
    path = _csv(tmp_path / "dirt.csv", _row(0), *bad.values(), _row(4))
    shown = cli("import", str(path), "--exchange", "kraken", "--symbol", "DIRTUSD").stdout
    row = next(line for line in shown.splitlines() if line.startswith("DIRTUSD"))
    assert row.split() == ["DIRTUSD", "trade", "6", "2", "4"]
    assert "quarantine list` shows what was refused, and why" in shown
    listed = json.loads(cli("quarantine", "list", "--source", str(path), "--json").stdout)
    found = {one["line"]: (one["reason"], one["raw"], one["source"]) for one in listed}
    assert found == {
        line: (reason, raw, str(path)) for line, (reason, raw) in enumerate(bad.items(), 3)
    }
    for name in (*bad, "dirt.csv"):
        assert name in cli("quarantine", "list", "--source", str(path)).stdout


def test_a_symbol_that_is_sql_is_a_name_and_nothing_more(cli: Cli, tmp_path: Path) -> None:
    path = _csv(tmp_path / "sql.csv", _row(0))
    name = "'; DROP TABLE market_data; --"
    ended = cli("import", str(path), "--exchange", "kraken", "--symbol", name, code=1)
    assert "is not the name of one" in ended.stderr
    cli("import", str(path), "--exchange", "kraken", "--symbol", "AFTERSQL")


def test_one_unreadable_file_of_several_fails_the_command_and_not_the_others(
    cli: Cli, tmp_path: Path
) -> None:
    words = ["--exchange", "kraken", "--symbol", "PARTUSD"]
    good = _csv(tmp_path / "good.csv", _row(0), _row(1))
    bad = _csv(tmp_path / "bad.csv", "x,y,z,1")
    last = _csv(tmp_path / "last.csv", _row(2))
    paths = [str(path) for path in (good, bad, last)]
    ended = cli("import", *paths, *words, code=1)
    assert "bad.csv: nothing in it" in ended.stdout
    assert "not read to its end: " in ended.stdout
    assert "received 3 = stored 3" in ended.stdout
    assert ended.stderr.startswith("cryptoscalp: 1 of 3 files could not be read: ")
    assert ended.stderr.count("\n") == 1
    again = cli("import", *paths, *words, "--json", code=1)
    report = json.loads(again.stdout)
    assert [one["duplicate"] for one in report["files"]] == [2, 0, 1]
    assert [one["error"] is None for one in report["files"]] == [True, False, True]
    alone = cli("import", str(bad), *words, code=1)
    assert alone.stdout == ""
    assert "bad.csv" in alone.stderr


def test_rounded_values_are_counted(cli: Cli, tmp_path: Path) -> None:
    from polars import DataFrame

    path = tmp_path / "floats.feather"
    prices = [4.04e-06, 1.234567890123e-9, 0.5]
    DataFrame(
        {"timestamp": [_START_MS, _START_MS + 1, _START_MS + 2], "price": prices,
         "size": [12_000_000_000.5, 1.0, 2.0]}
    ).write_ipc(path)  # fmt: skip
    words = ("import", str(path), "--exchange", "kraken", "--symbol", "FLOATUSD")
    assert "1 values were rounded to 18 decimals" in cli(*words).stdout
    out = tmp_path / "exact.csv"
    cli("ticks", "FLOATUSD", "--start", "2024-08-08", "--end", "2024-08-10", "--exact",
        "--output", str(out))  # fmt: skip
    cells = {cell for line in out.read_text().splitlines() for cell in line.split(",")}
    assert {"0.00000404", "12000000000.5"} <= {cell.rstrip("0") for cell in cells}


def test_a_file_whose_name_is_not_utf_8(cli: Cli, tmp_path: Path) -> None:
    path = _csv(tmp_path / os.fsdecode(b"caf\xe9.csv"), _row(0), "x")
    words = ("import", str(path), "--exchange", "kraken", "--symbol", "CAFEUSD")
    assert "CAFEUSD" in cli(*words).stdout
    assert json.loads(cli(*words, "--json").stdout)["duplicate"] == 1
    assert json.loads(cli("quarantine", "list", "--json").stdout)


def test_retry_with_the_right_unit(cli: Cli, tmp_path: Path) -> None:
    path = _csv(tmp_path / "unit.csv", *(_row(n) for n in range(3)), _row(4, "-1"))
    words = ("--exchange", "kraken", "--symbol", "UNITUSD")
    report = json.loads(cli("import", str(path), *words, "--unit", "ns", "--json").stdout)
    assert report["quarantined"] == 4
    batch = str(report["files"][0]["batch_id"])
    shown = cli("quarantine", "retry", "--batch", batch, "--unit", "ms").stdout
    assert "records: 3 resolved, 1 refused again" in shown
    assert "events: received 4 = stored 3 + quarantined 1" in shown
    again = json.loads(cli("quarantine", "retry", "--batch", batch, "--json").stdout)
    assert (again["resolved"], again["refused"], again["left"]) == (0, 1, 0)
    cli("quarantine", "retry", "--batch", batch, "--unit", "years", code=1)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_counts_files_that_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file's thread tells of its own report while the others go on changing theirs."""
    monkeypatch.setattr("sys.stderr", _Terminal())
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with bar([]) as update, ThreadPoolExecutor(4) as threads:
            assert update is not None
            for one in [threads.submit(_tell, update, f"[/b]{n}") for n in range(4)]:
                one.result()
    finally:
        sys.setswitchinterval(interval)


def _tell(update: Progress, name: str) -> None:
    for number in range(100):
        report = FileReport(Item(Path(f"{name}.{number}"), name, 1), "csv")
        for stream in range(30):
            report.account.of(Stream("kraken", f"S{stream}", "trade")).stored += 1
            if stream % 10 == 0:
                update(report)


def test_an_interrupt_of_several_files_at_once(place: Place, tmp_path: Path) -> None:
    place.cli("quote", "NOSUCH", code=1)  # the server runs
    paths = []
    for number in range(4):
        path = tmp_path / f"many{number}.gz"
        path.write_bytes(gzip.compress(_trades(f"MANY{number}", 60_000).encode(), compresslevel=1))
        paths.append(path)
    running = place.start("import", *map(str, paths), "--jobs", "2")
    end = time.monotonic() + 30
    while not (_batch(place, paths[0]) and _batch(place, paths[1])) and time.monotonic() < end:
        time.sleep(0.02)
    began = time.monotonic()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert (running.returncode, out) == (130, "")
    assert err.count("\n") == 1, err
    assert "running it again finishes the import" in err
    report = json.loads(place.cli("import", *map(str, paths), "--json").stdout)
    assert report["stored"] + report["duplicate"] == 240_000
    assert json.loads(place.cli("import", *map(str, paths), "--json").stdout)["stored"] == 0

"""`cryptoscalp up`, `stop` and `db`: a running system from nothing to its clean end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Place, environment, new_place
from tests.postgres import Place as Database


@pytest.fixture(scope="module")
def fresh() -> Iterator[Place]:
    """A data directory in which nothing was ever started."""
    with new_place() as made:
        yield made


def wait_for(running: subprocess.Popen[str], text: str) -> str:
    """Read lines until one has `text`."""
    assert running.stdout is not None
    for line in running.stdout:
        if text in line:
            return line
    raise AssertionError(f"ended without {text!r}: {running.communicate()}")


def finish(running: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = running.communicate(timeout=30)
    assert running.returncode == 0, err
    return out, err


def test_up_starts_shows_ends_by_itself_and_stops_its_server(fresh: Place) -> None:
    fresh.cli("stop")
    shown = fresh.cli("up", "--for", "2s", "--symbols", "BTCUSDT,DOGEUSDT", "--seed", "7").stdout
    lines = shown.splitlines()
    assert "started" in lines[1]
    assert sum("SIMULATED" in line for line in lines) >= 2
    assert "commit p50" in lines[2]
    assert " candles BTCUSDT --exchange simulated --interval 1m" in shown
    assert lines[-1].startswith("PostgreSQL stopped")
    status = json.loads(fresh.cli("status", "--json").stdout)
    assert status["running"] is False, "status starts nothing"
    assert status["revision"] is None
    assert "unknown, the server does not run" in fresh.cli("status").stdout
    batch = json.loads(fresh.cli("import", "list", "--json").stdout)[0]
    assert (batch["status"], batch["format"]) == ("COMMITTED", "simulator")
    assert batch["stored"] == batch["received"] > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_up_with_everything_committed(place: Place, number: int) -> None:
    place.cli("quote", "NOSUCH", code=1)  # the server runs, so `up` leaves it running
    running = place.start("up", "--json", "--rate", "500")
    first = json.loads(wait_for(running, '"final": false'))
    running.send_signal(number)
    out, err = finish(running)
    last = json.loads(out.splitlines()[-1])
    assert err == ""
    assert last["final"] is True
    assert last["received"] > first["received"] - 1
    batch = json.loads(place.cli("import", "list", "--json", "--limit", "1").stdout)[0]
    assert (batch["status"], batch["received"]) == ("COMMITTED", last["received"])
    assert json.loads(place.cli("status", "--json").stdout)["running"] is True


@pytest.mark.long
def test_a_second_session_goes_on_where_the_first_one_ended(place: Place) -> None:
    for _ in range(2):
        place.cli("up", "--for", "1s", "--symbols", "GOONUSDT", "--rate", "100")
    found = json.loads(place.cli("coverage", "GOONUSDT", "--json").stdout)
    causes = {gap["cause"] for gap in found["gaps"] if gap["stream"] == "trade"}
    assert causes <= {"sequence"}
    assert all(gap["missing"] <= 20 for gap in found["gaps"] if gap["stream"] == "trade")


@pytest.mark.long
def test_recorded_files_are_fed_and_end_by_themselves_without_a_terminal(
    place: Place, recording: Path
) -> None:
    shown = place.cli("up", "--file", str(recording), "--json").stdout
    last = json.loads(shown.splitlines()[-1])
    assert (last["received"], last["state"]) == (10, "stored whole")
    assert last["quotes"][0]["bid_price"] == "61837.63"
    place.cli("up", "--file", "missing.gz", "--for", "1s", code=1)


@pytest.mark.long
def test_the_commands_to_try_next_run_as_printed(place: Place, recording: Path) -> None:
    program = Path(sys.executable).with_name("cryptoscalp")
    env = environment(PATH="/usr/bin:/bin")
    words = ["--data-dir", str(place.data_dir), "up", "--file", str(recording)]
    ended = subprocess.run(
        [program, *words], env=env, cwd=program.parents[1], capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    told = [line.strip() for line in ended.stdout.partition("Try next:\n")[2].splitlines()]
    told = [line for line in told if "--data-dir" in line]
    assert len(told) == 4
    for line in told:
        assert line.startswith("bin/cryptoscalp ")
        subprocess.run(
            line, shell=True, env=env, cwd=program.parents[1], check=True, timeout=60,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip


@pytest.mark.long
def test_up_whose_reader_leaves_closes_its_batch(place: Place) -> None:
    running = place.start("up")
    wait_for(running, "SIMULATED")
    assert running.stdout is not None
    running.stdout.close()
    assert running.stderr is not None
    assert running.stderr.read() == ""
    running.stderr.close()
    assert running.wait(timeout=30) == 141
    batch = json.loads(place.cli("import", "list", "--json", "--limit", "1").stdout)[0]
    assert batch["status"] == "COMMITTED"


def test_stop_stops_once_and_the_next_command_starts_again(fresh: Place) -> None:
    fresh.cli("db", "current")
    assert json.loads(fresh.cli("stop", "--json").stdout)["stopped"] is True
    assert "no server runs" in fresh.cli("stop").stdout


@pytest.mark.long
def test_the_schema_goes_down_and_up_again(fresh: Place) -> None:
    fresh.cli("db", "upgrade")
    fresh.cli("up", "--for", "1s")  # there is something to lose
    refused = fresh.cli("db", "downgrade", "base", "--yes", code=1)
    assert refused.stderr.count("\n") == 1
    down = json.loads(
        fresh.cli("db", "downgrade", "base", "--yes", "--destroy-data", "--json").stdout
    )
    assert down["after"] is None
    up = json.loads(fresh.cli("db", "upgrade", "--json").stdout)
    assert up["after"] == json.loads(fresh.cli("db", "current", "--json").stdout)["head"]
    assert fresh.cli("db", "check").stdout == "the database is as declared\n"
    assert "CREATE TABLE" in fresh.cli("db", "ddl").stdout


def test_an_external_database_is_migrated_by_its_administrator(
    place: Place, empty_database: Database
) -> None:
    mismatch = place.cli("quote", "BTCUSDT", "--url", empty_database.dsn, code=1)
    assert "db upgrade" in mismatch.stderr
    env = {
        "CRYPTOSCALP_DATABASE_URL": empty_database.dsn,
        "CRYPTOSCALP_ADMIN_URL": empty_database.admin_dsn,
    }
    place.cli("--url", empty_database.dsn, "up", "--for", "1s", "--json", env=env)
    status = json.loads(place.cli("status", "--json", "--url", empty_database.dsn).stdout)
    assert (status["server"], status["open_batches"]) == ("external", 0)
    assert status["last_batch"]["format"] == "simulator"
    told = place.cli("stop", "--url", empty_database.dsn, code=1).stderr
    assert "only the embedded server can be stopped" in told

"""`cryptoscalp logs`, `metrics`, and what `status` says of ages and logs."""

from __future__ import annotations

import json
import logging
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp import connect
from tests.cli.conftest import Cli, Place


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli(*words, "--json").stdout)


def record(place: Place, level: str, component: str, message: str, **metadata: str) -> None:
    with connect(data_dir=place.data_dir) as db:
        db.logs.record(level, component, message, metadata)  # type: ignore[arg-type]


def test_tail_and_search(cli: Cli, place: Place) -> None:
    record(place, "INFO", "cli.one", "an order of BTCUSDT was sent")
    record(place, "ERROR", "cli.one.deep", "the venue refused it", traceback="Trace\nValueError: x")
    (first, second) = answer(cli, "logs", "tail", "--component", "cli.one")
    assert (first["level"], first["component"]) == ("INFO", "cli.one")
    assert first["timestamp"].endswith("Z")
    assert second["metadata"]["traceback"].startswith("Trace")
    (only,) = answer(cli, "logs", "tail", "--component", "cli.one", "--level", "WARNING")
    assert only["message"] == "the venue refused it"
    shown = cli("logs", "tail", "--component", "cli.one", "-n", "1").stdout
    assert "ERROR    cli.one.deep: the venue refused it\n    Trace\n    ValueError: x" in shown
    assert "1 records" in shown
    (found,) = answer(cli, "logs", "search", "btcusdt", "--component", "cli.one")
    assert found == first
    assert "0 records" in cli("logs", "search", "nobody ever said this").stdout
    assert (
        "not after"
        in cli("logs", "search", "x", "--start", "2024-08-08", "--end", "2024-08-08", code=1).stderr
    )
    assert "LOUD" in cli("logs", "tail", "--level", "LOUD", code=2).stderr


@pytest.mark.long
def test_follow_shows_what_comes(cli: Cli, place: Place) -> None:
    record(place, "INFO", "cli.follow", "before")
    process = place.start(
        "logs", "tail", "--follow", "--component", "cli.follow", "--for", "6s", "--json"
    )
    try:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert first["message"] == "before"
        record(place, "INFO", "cli.follow", "and after")
        assert json.loads(process.stdout.readline())["message"] == "and after"
        rest, errors = process.communicate(timeout=30)
        assert (rest, errors, process.returncode) == ("", "", 0)
    finally:
        process.kill()
        process.wait()


@pytest.mark.long
def test_metrics_are_shown_and_served(cli: Cli, place: Place) -> None:
    cli("jobs", "list")
    shown = cli("metrics", "show").stdout
    assert "\ncryptoscalp_up 1.0\n" in shown
    held = answer(cli, "metrics", "show")
    assert held["failed"] == {}
    process = place.start("metrics", "serve", "--port", "0", "--for", "20s", "--json")
    try:
        assert process.stdout is not None
        where = json.loads(process.stdout.readline())["url"]
        with urllib.request.urlopen(where, timeout=30) as scraped:
            assert "\ncryptoscalp_up 1.0\n" in scraped.read().decode()
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


def test_metrics_without_a_server(tmp_path: Path, cli: Cli) -> None:
    folder = str(tmp_path / "nothing")
    shown = cli("metrics", "show", "--data-dir", folder).stdout
    assert "cryptoscalp_up 0.0" in shown
    assert 'cryptoscalp_down{reason="ServerError"} 1.0' in shown
    assert "no server runs" in cli("metrics", "show", "--json", "--data-dir", folder, code=1).stderr
    assert not Path(folder).exists()


def test_dashboards_are_written(tmp_path: Path, cli: Cli) -> None:
    folder = tmp_path / "grafana"
    files = answer(cli, "metrics", "export", str(folder))["files"]
    assert str(folder / "dashboards" / "market.json") in files
    assert str(folder / "prometheus" / "rules.yaml") in files
    (folder / "dashboards" / "market.json").write_text("{}")
    assert "--force" in cli("metrics", "export", str(folder), code=1).stderr
    cli("metrics", "export", str(folder), "--force")
    assert json.loads((folder / "dashboards" / "market.json").read_text())["panels"]


def test_status_tells_ages_and_logs(cli: Cli, place: Place, imported: Path) -> None:
    record(place, "ERROR", "cli.status", "broken")
    found = answer(cli, "status")
    ages = {one["exchange"]: one for one in found["data_ages"]}
    assert ages["binance"]["trade_age_s"] > 0
    assert found["logs"]["levels"]["ERROR"] >= 1
    assert found["logs"]["dropped"] == 0
    text = cli("status").stdout
    assert "newest data" in text
    assert "errors" in text


def test_a_worker_logs_into_the_database(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptoscalp import database

    begin = database.worker

    def worker(*words: Any, **options: Any) -> Any:
        logging.getLogger("cryptoscalp.tests").warning("an alert of a worker")
        return begin(*words, **options)

    monkeypatch.setattr(database, "worker", worker)
    cli("worker", "--jobs", "collect_server_logs", "--for", "1s")
    assert not logging.getLogger("cryptoscalp").handlers
    (one,) = answer(cli, "logs", "search", "an alert of a worker")
    assert (one["level"], one["component"]) == ("WARNING", "cryptoscalp.tests")


def test_the_servers_own_log_is_read_by_a_job(cli: Cli) -> None:
    cli("jobs", "run", "collect_server_logs")
    assert answer(cli, "logs", "search", "ready to accept", "--component", "postgresql")

"""`cryptoscalp doctor`: what it prints, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cryptoscalp.infra.server import EmbeddedServer
from cryptoscalp.monitoring.doctor import CHECKS
from tests.cli.conftest import Cli, Place, bound

_ALERT = "INSERT INTO alerts (source, name, message) VALUES ('test', 'doctor', 'look at this')"


@contextmanager
def broken(place: Place, damage: str, repair: str) -> Iterator[None]:
    """The server's database with something wrong in it, repaired afterwards."""
    dsn = EmbeddedServer(place.data_dir).admin_dsn
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(damage.encode())
        try:
            yield
        finally:
            admin.execute(repair.encode())


@pytest.fixture(autouse=True)
def ahead(cli: Cli) -> None:
    """Partitions of the days to come, which a place with data of today must have."""
    today = datetime.now(UTC).date()
    last = today + timedelta(days=7)
    cli("partitions", "ensure", "--start", f"{today}", "--end", f"{last}")


@pytest.mark.usefixtures("imported")
def test_a_line_a_check_within_80_columns(cli: Cli) -> None:
    ended = cli("doctor")
    lines = ended.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    named = [line.split()[1] for line in lines[:-1] if not line.startswith(" ")]
    assert named == [check.name for check in CHECKS]
    assert " OK" in lines[-1]
    assert ended.stderr == ""


@pytest.mark.usefixtures("imported")
def test_json_is_complete(cli: Cli) -> None:
    found = json.loads(cli("doctor", "--json").stdout)
    assert [one["name"] for one in found] == [check.name for check in CHECKS]
    for one in found:
        assert set(one) == {"name", "about", "status", "found", "hint", "problems", "seconds"}
        assert one["status"] in {"OK", "WARN", "SKIP"}


@pytest.mark.usefixtures("imported")
def test_a_failed_check_ends_with_1(cli: Cli, place: Place) -> None:
    with broken(place, _ALERT, "DELETE FROM alerts WHERE source = 'test'"):
        ended = cli("doctor", "alerts", "roles", code=1)
        told = json.loads(cli("doctor", "alerts", "--json", code=1).stdout)
        assert cli("doctor", "roles").stdout.startswith("OK    roles  ")
    assert "FAIL  alerts  test doctor: look at this" in ended.stdout
    assert "→ look at doctor" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "1 OK, 1 FAIL"
    assert told[0]["problems"][0]["status"] == "FAIL"
    assert cli("doctor", "alerts").stdout.endswith("1 OK\n")


@pytest.mark.usefixtures("imported")
def test_a_warning_ends_with_1_only_when_strict(cli: Cli, place: Place) -> None:
    damage = "ALTER TABLE exchanges SET (autovacuum_enabled = false)"
    with broken(place, damage, "ALTER TABLE exchanges RESET (autovacuum_enabled)"):
        assert cli("doctor", "upkeep").stdout.startswith("WARN  upkeep")
        cli("doctor", "upkeep", "--strict", code=1)
    cli("doctor", "upkeep", "--strict")


def test_an_unknown_name_is_misuse(cli: Cli) -> None:
    ended = cli("doctor", "colour", code=2)
    assert ended.stdout == ""
    assert "there is no check colour; choose version, durability" in ended.stderr


def test_a_server_that_does_not_run_is_not_started(tmp_path: Path) -> None:
    ended = bound(tmp_path / "data")("doctor", code=1)
    assert ended.stdout.startswith("FAIL  version  no server runs in")
    assert "up" in ended.stdout.splitlines()[-2]
    assert not (tmp_path / "data").exists()
    found = json.loads(bound(tmp_path / "data")("doctor", "--json", code=1).stdout)
    assert [one["status"] for one in found] == ["FAIL"]


@pytest.mark.usefixtures("imported")
def test_a_database_without_schema_is_a_finding(cli: Cli, place: Place) -> None:
    url = make_conninfo(EmbeddedServer(place.data_dir).dsn, dbname="postgres")
    ended = cli("doctor", "--url", url, code=1)
    assert ended.stdout.startswith("FAIL  schema  the schema is at revision none")
    assert "db upgrade" in ended.stdout

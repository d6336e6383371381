"""Every query of the dashboards and alert rules runs, as a role that only reads."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from shutil import which
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql

from cryptoscalp import InputError, connect
from cryptoscalp.infra.server import EmbeddedServer
from cryptoscalp.monitoring.exposition import exposed
from cryptoscalp.monitoring.grafana.shipped import export, shipped
from tests.monitoring.test_metrics import families
from tests.postgres import Place

FILES = shipped()
BOARDS = {path.stem: json.loads(text) for path, text in FILES.items() if path.suffix == ".json"}
START, END = datetime(2024, 8, 8, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)
#: What Grafana puts in the place of a variable of several values: each quoted.
VARIABLES = {
    "exchange": "'binance','kraken'", "symbol": "'BTCUSDT','ETHUSDT'", "portfolio": "'1','2'",
    "model": "'a','b'", "component": "'x','postgresql'", "datasource": "x",
    "period": "'1h','1d','all'", "strategy": "'scalp','b'",
}  # fmt: skip


def interpolated(query: str) -> str:
    """The query as Grafana's data source for PostgreSQL sends it."""
    low, high = (f"'{moment:%Y-%m-%dT%H:%M:%SZ}'" for moment in (START, END))
    query = re.sub(r"\$__timeFilter\(([^()]*)\)", rf"\1 BETWEEN {low} AND {high}", query)
    query = re.sub(
        r"\$__timeGroup(Alias)?\(([^(),]+),\s*\$__interval\)",
        lambda found: (
            f"floor(extract(epoch from {found[2]})/60)*60" + (' AS "time"' if found[1] else "")
        ),
        query,
    )
    query = query.replace("$__timeFrom()", low).replace("$__timeTo()", high)
    for name, text in VARIABLES.items():
        query = re.sub(rf"\${name}\b", text, query)
    assert "$" not in query, query
    return query


def of_boards() -> Iterator[tuple[str, str]]:
    """Where each query of the dashboards is, and the query."""
    for name, board in BOARDS.items():
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                yield f"{name}: {panel['title']} {target['refId']}", target["rawSql"]
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield f"{name}: ${variable['name']}", variable["query"]


def of_rules() -> Iterator[tuple[str, str]]:
    """Likewise of Grafana's alert rules."""
    rules = yaml.safe_load(FILES[PurePosixPath("provisioning/alert-rules.yaml")])
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield rule["title"], rule["data"][0]["model"]["rawSql"]


@pytest.fixture(autouse=True)
def new() -> None:
    """Most tests here share one database, and look at no jobs."""


@pytest.fixture(scope="module")
def reader(server: EmbeddedServer) -> Iterator[str]:
    """A role that may read and nothing else, as docs/monitoring.md makes it."""
    name = f"grafana_{secrets.token_hex(4)}"
    role = sql.Identifier(name)
    with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
        connection.execute(sql.SQL("GRANT pg_read_all_data TO {}").format(role))
        yield name
        connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
        connection.execute(sql.SQL("DROP ROLE {}").format(role))


def ask(place: Place, reader: str, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns and rows that the reader is given."""
    with psycopg.connect(place.admin_dsn, options="-c timezone=UTC") as connection:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(reader)))
        connection.execute("SET TRANSACTION READ ONLY")
        cursor = connection.execute(query.encode())
        assert cursor.description is not None
        return [column.name for column in cursor.description], cursor.fetchall()


@pytest.mark.parametrize(("where", "query"), [*of_boards(), *of_rules()])
def test_every_query_runs(filled: Place, reader: str, where: str, query: str) -> None:
    names, _ = ask(filled, reader, interpolated(query))
    assert len(set(names)) == len(names), where
    if "$__timeGroupAlias" in query:
        assert names[0] == "time"


@pytest.fixture(scope="module")
def empty(server: EmbeddedServer, template: Place) -> Iterator[Place]:
    """A database in which there is nothing yet."""
    from tests.postgres import new_database

    with new_database(server, template.name) as place:
        yield place


@pytest.mark.parametrize(("where", "query"), [*of_boards(), *of_rules()])
def test_every_query_takes_no_rows(empty: Place, reader: str, where: str, query: str) -> None:
    _, rows = ask(empty, reader, interpolated(query))
    if where.startswith(("risk: $", "performance: $")):
        assert rows, "without a value Grafana leaves IN () behind"


@pytest.fixture(scope="module")
def filled(server: EmbeddedServer, template: Place) -> Iterator[Place]:
    """A database in which the dashboards have something to show."""
    from tests.faces import quote, table, trade
    from tests.postgres import new_database

    with new_database(server, template.name) as place:
        with connect(place.dsn) as db:
            db.capture.write_trades(table([trade(n * 1_000_000, n) for n in range(1, 120)]))
            db.capture.write_quotes(table([quote(n * 1_000_000, n) for n in range(1, 20)]))
            db.capture.write_trades(table([trade(0, 900, price="-1")]))
            db.logs.record("ERROR", "x", "broken", {"traceback": "t"})
            db.logs.record("WARNING", "cryptoscalp.logs", "dropped", {"dropped": 3})
            db.trading.create_portfolio("main", "USDT")
        with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO alerts (source, name, message) VALUES ('job', 'a', 'b')"
            )
            connection.execute(
                "INSERT INTO job_runs (job, worker, state, started_at, finished_at, error) VALUES"
                " ('j', 'w', 'FAILED', now() - interval '1 minute', now(), 'no')"
            )
        yield place


@pytest.mark.parametrize(
    ("board", "title", "column", "expected"),
    [
        ("market", "Instruments", "symbol", "BTCUSDT"),
        ("market", "Trades", "metric", "binance"),
        ("market", "Refused, by reason", "records", 1),
        ("trading", "Newest fills", None, None),
        ("risk", "Kill switches", "state", "may trade"),
        ("system", "Newest errors", "message", "broken"),
        ("system", "Dropped records", "dropped", 3.0),
        ("system", "Failed runs", "job", "j"),
        ("system", "Alerts", "name", "a"),
    ],
)
def test_panels_show_what_is_stored(
    filled: Place, reader: str, board: str, title: str, column: str | None, expected: object
) -> None:  # fmt: skip
    (panel,) = [one for one in BOARDS[board]["panels"] if one["title"] == title]
    query = interpolated(panel["targets"][0]["rawSql"])
    if title == "Newest errors":
        query = query.replace("'x','postgresql'", "'x'")
    names, rows = ask(filled, reader, query)
    if column is not None:
        assert expected in [row[names.index(column)] for row in rows]


def test_the_reader_cannot_write(filled: Place, reader: str) -> None:
    for statement in ("DELETE FROM alerts", "SELECT record_logs('{}', '{}', '{}', '{}', '{}')"):
        with psycopg.connect(filled.admin_dsn) as connection:
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(reader)))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_dashboards_are_whole(name: str) -> None:
    board = BOARDS[name]
    assert board["uid"] == f"cryptoscalp-{name}"
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    known = {variable["name"] for variable in board["templating"]["list"]}
    for panel in panels:
        assert panel["type"] in {"row", "timeseries", "table", "stat", "bargauge"}
        spot = panel["gridPos"]
        assert 0 <= spot["x"] < spot["x"] + spot["w"] <= 24
        for target in panel.get("targets", ()):
            used = set(re.findall(r"\$(?!__)(\w+)", target["rawSql"]))
            assert used <= known, panel["title"]
            assert target["format"] == ("time_series" if panel["type"] == "timeseries" else "table")
        if panel["type"] != "row":
            assert panel["description"]
    spots = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(spots) == len(set(spots)), "panels overlap"


def test_grafanas_alert_rules_are_whole() -> None:
    rules = yaml.safe_load(FILES[PurePosixPath("provisioning/alert-rules.yaml")])
    source = yaml.safe_load(FILES[PurePosixPath("provisioning/datasource.yaml")])
    uids = [one["uid"] for one in source["datasources"]]
    found = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len({rule["uid"] for rule in found}) == len(found) >= 8
    for rule in found:
        query, condition = rule["data"]
        assert query["datasourceUid"] in uids
        assert condition["model"]["expression"] == query["refId"]
        assert rule["condition"] == condition["refId"]
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert len(rule["uid"]) <= 40


def test_every_metric_of_prometheus_rules_exists(database: Place) -> None:
    rules = yaml.safe_load(FILES[PurePosixPath("prometheus/rules.yaml")])
    with connect(database.dsn) as db:
        declared = {one.name for one in db.monitoring.metrics().metrics}
    own = set(families(exposed(lambda: connect(database.dsn))))
    known = declared | own | {f"{name}_total" for name in own}
    found = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len(found) >= 10
    for rule in found:
        used = set(re.findall(r"\bcryptoscalp_\w+", rule["expr"]))
        assert used, rule["alert"]
        assert used <= known, rule["alert"]
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"]


@pytest.fixture
def promtool() -> str:
    """Prometheus's own checker; where it is missing the test is skipped, in CI it fails."""
    tool = which("promtool")
    if tool is None:
        reason = "promtool is not installed (make packages)"
        if os.environ.get("CRYPTOSCALP_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return tool


@pytest.mark.parametrize(("what", "name"), [("rules", "rules"), ("config", "scrape")])
def test_promtool_takes_the_files(promtool: str, tmp_path: Path, what: str, name: str) -> None:
    path = tmp_path / f"{name}.yaml"
    path.write_text(FILES[PurePosixPath(f"prometheus/{name}.yaml")])
    checked = subprocess.run(
        [promtool, "check", what, str(path)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_promtool_takes_the_metrics(promtool: str, database: Place) -> None:
    text = exposed(lambda: connect(database.dsn))
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_they_are_written_where_they_are_wanted() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "grafana"
        written = export(folder)
        assert {path.relative_to(folder) for path in written} == {Path(path) for path in FILES}
        assert export(folder) == written  # again changes nothing
        written[0].write_text("mine")
        with pytest.raises(InputError, match="--force"):
            export(folder)
        assert written[0].read_text() == "mine"
        export(folder, force=True)
        assert written[0].read_text() != "mine"

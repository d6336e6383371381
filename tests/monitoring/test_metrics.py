"""Metrics: what they say of a real database, scraped over HTTP as Prometheus does."""

from __future__ import annotations

import threading
import urllib.request
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families

from cryptoscalp import AsyncDatabase, Database, InputError, connect
from cryptoscalp.infra.server import EmbeddedServer
from cryptoscalp.monitoring.exposition import MetricsServer, exposed
from cryptoscalp.monitoring.metric_groups import GROUPS
from cryptoscalp.monitoring.metric_types import MOST_SAMPLES
from tests.monitoring.asking import store
from tests.monitoring.conftest import Breaking
from tests.postgres import Place


def families(text: str) -> dict[str, Family]:
    """What a text says, by name; it must be what Prometheus's own parser takes."""
    return {one.name: one for one in text_string_to_metric_families(text)}


def value(found: dict[str, Family], name: str, **labels: str) -> float:
    """The one sample of a metric with these labels."""
    (sample,) = [one for one in found[name].samples if labels.items() <= one.labels.items()]
    return sample.value


async def test_what_they_say(db: AsyncDatabase, database: Place, breaking: Breaking) -> None:
    at = datetime.now(UTC) - timedelta(seconds=30)
    await store(db, at)
    await db.logs.record("ERROR", "x", "broken")
    await db.logs.record("WARNING", "cryptoscalp.logs", "dropped", {"dropped": 3})
    breaking("INSERT INTO alerts (source, name, message) VALUES ('job', 'a', 'b')")
    scrape = await db.monitoring.metrics()
    assert scrape.failed == {}
    assert scrape.cut == 0
    assert list(scrape.seconds) == [group.name for group in GROUPS]
    by_name = {one.name: one for one in scrape.metrics}
    assert len(by_name) == len(scrape.metrics)

    def samples(name: str) -> dict[tuple[str, ...], float]:
        return dict(by_name[f"cryptoscalp_{name}"].samples)

    ages = samples("data_age_seconds")
    assert set(ages) == {("binance", "trades"), ("binance", "quotes")}
    expected = (datetime.now(UTC) - at).total_seconds()
    for age in ages.values():
        assert expected - 5 <= age <= expected + 1
    events = samples("batch_events_total")
    assert events["received",] == events["stored",] == 2
    assert samples("log_records_last_hour")["error",] == 1
    assert samples("log_records_dropped_last_hour")[()] == 3
    assert samples("alerts_open")["job",] == 1
    assert samples("workers")[()] == 0
    assert samples("quarantined_records")[()] == 0
    assert samples("database_size_bytes")[()] > 1_000_000
    assert sum(samples("connections").values()) >= 1
    assert samples("positions_open")[()] == 0
    with psycopg.connect(database.dsn) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
    assert {revision for _, revision in samples("info")} == {row[0]}
    late = samples("job_late")
    assert len(late) == len(await db.jobs.list())


async def test_names_and_labels_are_what_prometheus_wants(db: AsyncDatabase) -> None:
    scrape = await db.monitoring.metrics()
    for one in scrape.metrics:
        assert one.name.startswith("cryptoscalp_")
        assert one.name == one.name.lower()
        assert (one.kind == "counter") == one.name.endswith("_total"), one.name
        assert one.about
        assert len(one.samples) <= MOST_SAMPLES
        assert len(one.labels) <= 2
        assert len({labels for labels, _ in one.samples}) == len(one.samples), one.name
        for unit in ("_ms", "_minutes", "_mb", "_age"):
            assert not one.name.endswith(unit), one.name


def test_a_scrape_over_http(database: Place) -> None:
    def opened() -> Database:
        return connect(database.dsn)

    with MetricsServer(opened, port=0) as server:
        where = f"http://127.0.0.1:{server.port}/metrics"
        with urllib.request.urlopen(where, timeout=30) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
            found = families(answer.read().decode())
        assert value(found, "cryptoscalp_up") == 1
        assert value(found, "cryptoscalp_scrape_duration_seconds") > 0
        assert value(found, "cryptoscalp_scrape_error", group="jobs") == 0
        assert value(found, "cryptoscalp_connections_max") >= 10
        assert found["cryptoscalp_transactions"].type == "counter"
        results: list[int] = []

        def scrape() -> None:
            with urllib.request.urlopen(where, timeout=30) as answer:
                results.append(len(families(answer.read().decode())))

        threads = [threading.Thread(target=scrape) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(results) == 4
        assert len(set(results)) == 1
        with (
            pytest.raises(InputError, match="choose --port"),
            MetricsServer(opened, port=server.port),
        ):
            pass


def test_a_group_that_cannot_be_read_is_a_metric(database: Place, breaking: Breaking) -> None:
    breaking("ALTER TABLE replay_buffers RENAME TO away")
    found = families(exposed(lambda: connect(database.dsn)))
    assert value(found, "cryptoscalp_up") == 1
    assert value(found, "cryptoscalp_scrape_error", group="replay") == 1
    assert value(found, "cryptoscalp_scrape_error", group="data") == 0
    assert "cryptoscalp_replay_checkpoint_age_seconds" not in found
    assert "cryptoscalp_instruments" in found


async def test_a_group_that_takes_too_long_is_cut_off(db: AsyncDatabase, database: Place) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute("LOCK TABLE batches IN ACCESS EXCLUSIVE MODE")
        scrape = await db.monitoring.metrics(300)
        assert "ingest" in scrape.failed
        assert "statement timeout" in scrape.failed["ingest"]
        assert "jobs" not in scrape.failed
        connection.rollback()
    assert (await db.monitoring.metrics()).failed == {}


@pytest.mark.long
def test_a_database_that_is_away_is_a_metric(own_server: EmbeddedServer) -> None:
    asked: list[int] = []

    def opened() -> Database:
        asked.append(1)
        return connect(own_server.dsn, timeout_s=2.0)

    with MetricsServer(opened, port=0) as server:

        def up() -> float:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{server.port}/metrics", timeout=60
            ) as answer:
                return value(families(answer.read().decode()), "cryptoscalp_up")

        assert up() == 1
        assert up() == 1
        assert len(asked) == 1
        own_server.stop()
        try:
            assert up() == 0
            assert up() == 0
        finally:
            own_server.ensure_running()
        assert up() == 1


async def test_samples_are_bounded(db: AsyncDatabase, breaking: Breaking) -> None:
    breaking(
        "SET session_replication_role = replica",
        "INSERT INTO newest_trades (symbol, exchange, timestamp, price, volume, sequence)"
        " SELECT 'BTCUSDT', 'exchange' || n, now(), 1, 1, 1 FROM generate_series(1, 250) AS n",
    )
    scrape = await db.monitoring.metrics()
    held = {one.name: len(one.samples) for one in scrape.metrics}
    assert held["cryptoscalp_data_age_seconds"] == held["cryptoscalp_instruments"] == MOST_SAMPLES
    assert scrape.cut == 2 * (250 - MOST_SAMPLES)


async def test_ages(db: AsyncDatabase) -> None:
    empty = await db.monitoring.ages()
    assert empty.data == []
    await store(db, datetime.now(UTC) - timedelta(minutes=1))
    held = await db.monitoring.ages()
    (one,) = held.data
    assert one.exchange == "binance"
    assert one.instruments == 1
    assert one.trade_age_s is not None
    assert 60 <= one.trade_age_s <= 120
    assert held.logs.dropped == 0

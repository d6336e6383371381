"""The declared list of metrics: each group is read by a few statements (docs/monitoring.md)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.infra.jobs.overview import overview as work_overview
from cryptoscalp.logs.reading import counts
from cryptoscalp.market.overview import overview as market_overview
from cryptoscalp.monitoring.ages import data_ages, gaps_by_cause, reckoned_ages
from cryptoscalp.monitoring.metric_types import Group, Metric, counter, gauge


def _data() -> Flow[list[Metric]]:
    held = yield from data_ages()
    ages = [(one.exchange, "trades", one.trade_age_s) for one in held]
    ages += [(one.exchange, "quotes", one.quote_age_s) for one in held]
    gaps = yield from gaps_by_cause()
    quarantined = yield from rows("SELECT count(*) FROM quarantine WHERE resolved_at IS NULL")
    return [
        gauge("data_age_seconds", "Age of the newest event of an exchange", ages,
              ("exchange", "stream")),
        gauge("instruments", "Instruments with data, by exchange",
              [(one.exchange, one.instruments) for one in held], ("exchange",)),
        gauge("coverage_gaps", "Gaps of coverage that the last day brought, by cause",
              gaps.items(), ("cause",)),
        gauge("quarantined_records", "Refused records that are not resolved", quarantined),
    ]  # fmt: skip


def _ingest() -> Flow[list[Metric]]:
    found = yield from rows(
        "SELECT coalesce(sum(received), 0), coalesce(sum(stored), 0), coalesce(sum(duplicate), 0),"
        " coalesce(sum(quarantined), 0), coalesce(sum(ignored), 0),"
        " count(*) FILTER (WHERE status = 'OPEN'),"
        " extract(epoch FROM now() - max(finished_at))::float8 FROM batches"
    )
    *events, open_batches, age = found[0]
    outcomes = ("received", "stored", "duplicate", "quarantined", "ignored")
    return [
        counter("batch_events_total", "Events of all batches, by what became of them",
                zip(outcomes, events, strict=True), ("outcome",)),
        gauge("batches_open", "Batches that have not ended", open_batches),
        gauge("last_batch_age_seconds", "Time since the last batch ended", age),
    ]  # fmt: skip


def _storage() -> Flow[list[Metric]]:
    held = yield from market_overview()
    parts = yield from rows(
        "SELECT state::text, count(*) FROM cold_parts GROUP BY state ORDER BY state"
    )
    waiting = yield from rows("SELECT count(*) FROM cold_orphans")
    return [
        gauge("database_size_bytes", "Size of the database", held.size_bytes),
        gauge("rows_estimated", "Rows in PostgreSQL by its own estimate, by table",
              held.rows.items(), ("table",)),
        gauge("cold_parts", "Parts in the cold tier's ledger, by state", parts, ("state",)),
        gauge("cold_orphan_files", "Files of the warehouse that nothing refers to", waiting),
    ]  # fmt: skip


def _jobs() -> Flow[list[Metric]]:
    held = yield from work_overview()
    now = datetime.now(UTC)
    succeeded = [
        (one.name, one.last_success_at.timestamp()) for one in held.jobs if one.last_success_at
    ]
    ages = [
        (one.name, (now - one.last_success_at).total_seconds())
        for one in held.jobs
        if one.last_success_at
    ]
    failing = [
        (one.name, float(one.last_run is not None and one.last_run.state in ("FAILED", "LOST")))
        for one in held.jobs
    ]
    alerts = yield from rows(
        "SELECT source, count(*) FROM alerts WHERE cleared_at IS NULL GROUP BY source ORDER BY 1"
    )
    return [
        gauge("workers", "Workers that were heard of within a minute", held.workers),
        gauge("job_late", "1 when a job has not succeeded within its window",
              [(one.name, float(one.late)) for one in held.jobs], ("job",)),
        gauge("job_failing", "1 when the last run of a job failed", failing, ("job",)),
        gauge("job_last_success_timestamp_seconds", "When a job last succeeded", succeeded,
              ("job",)),
        gauge("job_last_success_age_seconds", "Time since a job last succeeded", ages, ("job",)),
        gauge("alerts_open", "Open alerts, by what raised them", alerts, ("source",)),
        gauge("alerts", "Open alerts", sum(count for _, count in alerts)),
    ]  # fmt: skip


def _server() -> Flow[list[Metric]]:
    found = yield from rows(
        "SELECT s.xact_commit, s.xact_rollback, s.deadlocks, s.temp_bytes, s.blks_hit, s.blks_read,"
        " current_setting('max_connections')::int,"
        " (SELECT count(*) FROM pg_locks WHERE NOT granted),"
        " (SELECT extract(epoch FROM now() - min(xact_start))::float8 FROM pg_stat_activity"
        "  WHERE datname = current_database() AND pid <> pg_backend_pid()),"
        " extract(epoch FROM now() - pg_postmaster_start_time())::float8,"
        " split_part(current_setting('server_version'), ' ', 1),"
        " (SELECT version_num FROM alembic_version)"
        " FROM pg_stat_database AS s WHERE s.datname = current_database()"
    )
    states = yield from rows(
        "SELECT coalesce(state, 'unknown'), count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() GROUP BY 1 ORDER BY 1"
    )
    (commits, rollbacks, deadlocks, temporary, hits, reads, most, waiting, oldest, uptime, version,
     revision) = found[0]  # fmt: skip
    return [
        gauge("info", "Version of PostgreSQL and revision of the schema; always 1",
              [(version, revision, 1)], ("postgresql", "revision")),
        gauge("server_uptime_seconds", "Time since PostgreSQL started", uptime),
        gauge("connections", "Connections to this database, by state", states, ("state",)),
        gauge("connections_max", "Connections that the server allows", most),
        gauge("locks_waiting", "Lock requests that wait", waiting),
        gauge("oldest_transaction_age_seconds", "Age of the oldest open transaction", oldest or 0),
        counter("transactions_total", "Transactions, by how they ended",
                [("committed", commits), ("rolled_back", rollbacks)], ("outcome",)),
        counter("deadlocks_total", "Deadlocks", deadlocks),
        counter("temporary_bytes_total", "Bytes of temporary files of queries", temporary),
        counter("blocks_total", "Blocks that queries asked for, by where they were found",
                [("memory", hits), ("disk", reads)], ("found",)),
    ]  # fmt: skip


def _logs() -> Flow[list[Metric]]:
    held = yield from counts()
    age = (datetime.now(UTC) - held.newest).total_seconds() if held.newest else None
    return [
        gauge("log_records_last_hour", "Log records of the last hour, by level",
              [(level.lower(), count) for level, count in held.levels.items()], ("level",)),
        gauge("log_records_dropped_last_hour", "Log records of the last hour that were dropped",
              held.dropped),
        gauge("last_log_record_age_seconds", "Age of the newest log record", age),
    ]  # fmt: skip


def _models() -> Flow[list[Metric]]:
    versions = yield from rows(
        "SELECT status::text, count(*) FROM model_versions GROUP BY status ORDER BY status"
    )
    found = yield from rows(
        "SELECT (SELECT count(*) FROM drift_events WHERE timestamp > now() - interval '1 day'),"
        " (SELECT count(*) FROM drift_detectors WHERE stopped_at IS NULL)"
    )
    overdue = yield from rows(
        "SELECT count(*) FROM model_performance WHERE resolution = 'PENDING'"
        " AND timestamp > now() - interval '2 days' AND due_at < now() - interval '15 minutes'",
        prepare=False,
    )
    return [
        gauge("model_versions", "Model versions, by status", versions, ("status",)),
        gauge("drift_events_last_day", "Drifts that were found in the last day", found[0][0]),
        gauge("drift_detectors", "Detectors at work", found[0][1]),
        gauge("predictions_overdue", "Predictions of two days without an outcome 15 min after due",
              overdue),
    ]  # fmt: skip


def _replay() -> Flow[list[Metric]]:
    found = yield from rows(
        "SELECT b.name, extract(epoch FROM now() - coalesce(b.checkpointed_at, b.created_at)),"
        " (SELECT extract(epoch FROM now() - max(coalesce(w.written_at, w.opened_at)))"
        "  FROM replay_writers AS w WHERE w.buffer_id = b.buffer_id)"
        " FROM replay_buffers AS b ORDER BY b.buffer_id"
    )
    return [
        gauge("replay_checkpoint_age_seconds", "Time since tiers and priorities were checkpointed",
              [(name, age) for name, age, _ in found], ("buffer",)),
        gauge("replay_writer_silent_seconds", "Time since a journal last came to the database",
              [(name, silent) for name, _, silent in found], ("buffer",)),
    ]  # fmt: skip


def _books() -> Flow[list[Metric]]:
    found = yield from rows(
        "SELECT (SELECT count(*) FROM positions WHERE status IN ('OPEN', 'PARTIAL')),"
        " (SELECT count(*) FROM portfolios WHERE closed_at IS NULL),"
        " (SELECT extract(epoch FROM now() - max(timestamp))::float8 FROM trades),"
        " (SELECT extract(epoch FROM now() - min(marked_at))::float8 FROM positions"
        "  WHERE status IN ('OPEN', 'PARTIAL'))"
    )
    held, portfolios, traded, marked = found[0]
    reckoned = yield from reckoned_ages()
    return [
        gauge("positions_open", "Open positions", held),
        gauge("portfolios", "Portfolios that are not closed", portfolios),
        gauge("last_trade_age_seconds", "Time since the newest fill", traded),
        gauge("oldest_mark_age_seconds", "Time since the open position marked longest ago", marked),
        gauge("reckoned_age_seconds", "Age of the newest row of risk, performance and stress",
              reckoned.items(), ("table",)),
    ]  # fmt: skip


def _limits() -> Flow[list[Metric]]:
    found = yield from rows(
        "SELECT (SELECT count(*) FROM kill_switches AS k JOIN portfolios AS p USING (portfolio_id)"
        "  WHERE k.halted AND p.closed_at IS NULL),"
        " (SELECT count(*) FROM kill_switches WHERE halted AND portfolio_id IS NULL)"
    )
    levels = yield from rows(
        "SELECT lower(CASE WHEN state = 'CLEARING' THEN 'clearing'"
        " ELSE coalesce(level::text, 'unknown') END), count(*) FROM limit_breaches"
        " WHERE closed_at IS NULL GROUP BY 1 ORDER BY 1"
    )
    return [
        gauge("portfolios_halted", "Portfolios whose kill switch is on", found[0][0]),
        gauge("trading_halted", "1 when the kill switch of all portfolios is on", found[0][1]),
        gauge(
            "risk_breaches_open",
            "Open breaches of risk limits, by level; clearing: within it again",
            levels,
            ("level",),
        ),
    ]


GROUPS: Final[tuple[Group, ...]] = (
    Group("data", _data),
    Group("ingest", _ingest),
    Group("storage", _storage),
    Group("jobs", _jobs),
    Group("server", _server),
    Group("logs", _logs),
    Group("models", _models),
    Group("replay", _replay),
    Group("books", _books),
    Group("limits", _limits),
)

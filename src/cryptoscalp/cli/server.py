"""`cryptoscalp status` and `stop`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.monitoring.standing import Standing

#: Breaches that one line names.
_NAMED: Final = 5


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "stop")(stop)
    command(app, "status")(status)


def stop(session: Session) -> None:
    """Stop the embedded server cleanly.

    Nothing happens when none runs.
    """
    from cryptoscalp.infra.db.errors import InputError

    if session.external_url is not None:
        raise InputError(
            "only the embedded server can be stopped, and a URL names another one; leave out --url"
            " and CRYPTOSCALP_DATABASE_URL, or name the server with --data-dir"
        )
    server = session.server()
    stopped = server.stop()
    if session.json:
        output.emit({"stopped": stopped, "data_dir": server.data_dir})
    else:
        output.say(
            f"stopped the server in {server.data_dir}"
            if stopped
            else f"no server runs in {server.data_dir}"
        )


def status(session: Session) -> None:
    """Show what runs, what is stored, and whether the scheduled jobs do their work.

    Starts nothing. Rows are PostgreSQL's own estimates. Exit code 1 when a job has not succeeded
    within its window, or an alert is open.
    """
    found = _place(session)
    found |= _contents(found.pop("connect_to"))
    if session.json:
        output.emit(found)
    else:
        _show(found)
    if found["jobs"] and found["jobs"]["wrong"]:
        from cryptoscalp.infra.db.errors import CryptoscalpError

        raise CryptoscalpError(
            f"red: {'; '.join(found['jobs']['wrong'])} (see `{session.again('jobs list')}`)"
        )


def _show(found: dict[str, Any]) -> None:
    last, rows = found["last_batch"], found["rows"]
    revision = found["revision"] or "none"
    if not found["running"]:
        revision = "unknown, the server does not run"
    output.fields(
        [
            ("server", f"{found['server']}, {'running' if found['running'] else 'not running'}"),
            ("pid", None if found["pid"] is None else str(found["pid"])),
            ("PostgreSQL", found["version"]),
            ("data directory", found["data_dir"]),
            ("loopback port", None if found["port"] is None else str(found["port"])),
            ("connect with", found["dsn"]),
            ("started", found["started_at"]),
            ("schema", f"{revision} (this version needs {found['head']})"),
            ("size", None if found["size_bytes"] is None else output.size(found["size_bytes"])),
            ("instruments", found["instruments"]),
            ("rows, estimated", rows and ", ".join(f"{t} {n:,}" for t, n in rows.items())),
            ("in quarantine", found["quarantined"]),
            ("last batch", last and f"{last.batch_id} {last.status} {last.source}"),
            ("open batches", found["open_batches"]),
            *_work(found["jobs"]),
            ("risk", _risk(found["risk"])),
            *_fresh(found),
        ]
    )


def _work(jobs: dict[str, Any] | None) -> list[tuple[str, object]]:
    """How the scheduled jobs are doing, a line each for workers, jobs and alerts."""
    if jobs is None:
        return [("workers", None), ("jobs", None), ("alerts", None)]
    late = [one["name"] for one in jobs["jobs"] if one["late"]]
    workers = f"{jobs['workers']} at work" if jobs["workers"] else "none at work"
    return [
        ("workers", workers if jobs["seen"] else "no worker has run yet (`cryptoscalp worker`)"),
        ("jobs", f"{len(jobs['jobs'])}, {'late: ' + ', '.join(late) if late else 'none is late'}"),
        ("alerts", "; ".join(f"{one.name}: {one.message}" for one in jobs["alerts"]) or "none"),
    ]


def _risk(risk: Standing | None) -> str | None:
    """Halts of trading and open breaches of limits: how many, and which."""
    if risk is None:
        return None
    told = []
    if risk.halts:
        names = ", ".join(one.portfolio or "every portfolio" for one in risk.halts)
        told.append(f"{len(risk.halts):,} halted: {names}")
    if risk.breaches:
        names = ", ".join(
            f"{one.metric} of {one.portfolio} ({one.told})" for one in risk.breaches[:_NAMED]
        )
        count = len(risk.breaches)
        more = f" and {count - _NAMED:,} more" if count > _NAMED else ""
        told.append(f"{count:,} {'breach' if count == 1 else 'breaches'} open: {names}{more}")
    return "; ".join(told) or f"nothing halted, no breach open, {risk.declared:,} limits"


def _fresh(found: dict[str, Any]) -> list[tuple[str, object]]:
    """How old the data of each exchange is, what a day left out, and what was logged."""
    ages, logs = found["data_ages"], found["logs"]
    if ages is None or logs is None:
        return [("newest data", None), ("gaps of a day", None), ("logs of an hour", None)]
    from cryptoscalp.cli.times import age

    newest = [
        (one.exchange, min(s for s in (one.trade_age_s, one.quote_age_s) if s is not None))
        for one in ages
        if one.trade_age_s is not None or one.quote_age_s is not None
    ]
    gaps = ", ".join(f"{count:,} {cause}" for cause, count in found["gaps"].items())
    errors = logs.levels["ERROR"] + logs.levels["CRITICAL"]
    dropped = f", {logs.dropped:,} dropped" if logs.dropped else ""
    reckoned = [(name, s) for name, s in found["reckoned_ages_s"].items() if s is not None]
    return [
        ("newest data", ", ".join(f"{name} {age(s)} ago" for name, s in newest) or "none"),
        ("gaps of a day", gaps or "none"),
        *((name.replace("_", " "), f"{age(s)} ago") for name, s in reckoned),
        ("logs of an hour", f"{sum(logs.levels.values()):,}, errors {errors:,}{dropped}"),
    ]


def _place(session: Session) -> dict[str, Any]:
    from cryptoscalp.infra.db.dsn import shown

    url = session.external_url
    if url is not None:
        return {
            "server": "external", "running": True, "pid": None, "version": None,
            "data_dir": None, "port": None, "dsn": shown(url), "started_at": None,
            "connect_to": url,
        }  # fmt: skip
    found = session.server().status()
    return {
        "server": "embedded",
        "running": found.running,
        "pid": found.pid,
        "version": found.version,
        "data_dir": found.data_dir,
        "port": found.port,
        "dsn": found.dsn,
        "started_at": found.started_at,
        "connect_to": found.dsn,
    }


def _contents(dsn: str | None) -> dict[str, Any]:
    """What the database holds; nothing is known while it does not run or has another schema."""
    from cryptoscalp.database import connect
    from cryptoscalp.infra import migrations

    revision = migrations.current(dsn) if dsn else None
    found: dict[str, Any] = {
        "revision": revision, "head": migrations.head(), "size_bytes": None, "instruments": None,
        "rows": None, "quarantined": None, "open_batches": None, "last_batch": None,
        "jobs": None, "risk": None, "data_ages": None, "gaps": None, "reckoned_ages_s": None,
        "logs": None,
    }  # fmt: skip
    if dsn is None or revision != found["head"]:
        return found
    with connect(dsn) as db:
        held = db.market.overview()
        newest = db.market.batches(1)
        work = db.jobs.overview()
        ages = db.monitoring.ages()
        risk = db.monitoring.standing()
    return found | {
        "version": held.server_version,
        "size_bytes": held.size_bytes,
        "instruments": held.instruments,
        "rows": held.rows,
        "quarantined": held.quarantined,
        "open_batches": held.open_batches,
        "risk": risk,
        "data_ages": ages.data,
        "gaps": ages.gaps,
        "reckoned_ages_s": ages.reckoned,
        "logs": ages.logs,
        "last_batch": newest[0] if newest else None,
        "jobs": {
            "workers": work.workers,
            "seen": work.seen,
            "jobs": [
                {"name": one.name, "last_success_at": one.last_success_at, "late": one.late}
                for one in work.jobs
            ],
            "alerts": work.alerts,
            "wrong": work.wrong,
        },
    }

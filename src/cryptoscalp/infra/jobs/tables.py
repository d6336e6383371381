"""Runs of jobs, and alerts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ENUM, TIMESTAMP

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "ck": "%(constraint_name)s",
    }
)

run_state = ENUM("RUNNING", "SUCCEEDED", "FAILED", "LOST", name="run_state", metadata=metadata)


def _moment(name: str, comment: str, **more: Any) -> Column[Any]:
    more.setdefault("nullable", False)
    return Column(name, TIMESTAMP(timezone=True), comment=comment, **more)


job_runs = Table(
    "job_runs",
    metadata,
    Column("run_id", BigInteger, Identity(always=True), primary_key=True, comment="its number"),
    Column("job", Text, nullable=False, comment="name in the declared list of jobs"),
    Column("state", run_state, nullable=False, server_default="RUNNING",
           comment="LOST: its worker went away before the end"),
    Column("attempt", Integer, nullable=False, server_default="1",
           comment="1 for the first try, then its retries"),
    Column("worker", Text, nullable=False, comment="host and process that ran it"),
    Column("queue_id", BigInteger, comment="its job in procrastinate's queue"),
    _moment("started_at", "start", server_default=text("now()")),
    _moment("finished_at", "end; NULL while it runs", nullable=True),
    Column("rows", BigInteger, comment="rows or pieces it touched"),
    Column("detail", Text, comment="what it did, in a sentence"),
    Column("error", Text, comment="why it failed"),
    CheckConstraint(
        "(state = 'RUNNING') = (finished_at IS NULL)", name="chk_run_finished"
    ),
    CheckConstraint("(state IN ('FAILED', 'LOST')) = (error IS NOT NULL)", name="chk_run_error"),
    Index("job_runs_job_idx", "job", "started_at"),
    Index("job_runs_started_at_idx", "started_at"),
    comment="Every run of a scheduled job.",
)  # fmt: skip

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", BigInteger, Identity(always=True), primary_key=True, comment="its number"),
    Column("source", Text, nullable=False, comment="what raises such alerts: job"),
    Column("name", Text, nullable=False, comment="which one: the job's name"),
    Column("message", Text, nullable=False, comment="what is wrong"),
    Column("times", Integer, nullable=False, server_default="1", comment="how often it was raised"),
    _moment("raised_at", "first raised", server_default=text("now()")),
    _moment("last_at", "last raised", server_default=text("now()")),
    _moment("cleared_at", "when it was right again; NULL while it stands", nullable=True),
    Index("alerts_open_idx", "source", "name", unique=True,
          postgresql_where=text("cleared_at IS NULL")),
    comment="What somebody has to look at; at most one open alert of a source and name.",
)  # fmt: skip

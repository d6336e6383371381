"""Scheduled work of the registry: outcomes of predictions, and what late ticks make of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from cryptoscalp.infra.db.flow import Flow, aside, rows
from cryptoscalp.infra.jobs.types import Job, Outcome
from cryptoscalp.infra.settings import Settings
from cryptoscalp.market.partitions import ensure_partitions
from cryptoscalp.registry.resolution import resolve_predictions as resolved
from cryptoscalp.registry.revisions import revise_predictions as revised

_DAILY: Final = ("feature_vectors", "model_performance")
#: Outcomes of this long back are looked at again every night, whatever has been stored.
_LOOKED_AT: Final = timedelta(days=2)


def make_prediction_partitions() -> Flow[Outcome]:
    """Make the days of features and predictions ahead (CRYPTOSCALP_PARTITION_DAYS_AHEAD).

    What is there stays. Blocks no reader and no writer (see `ensure_partitions`).
    """
    found = yield from rows("SELECT now()")
    today = found[0][0]
    last = today + timedelta(days=Settings().partition_days_ahead)
    made = yield from aside(lambda: ensure_partitions(today, last, _DAILY))
    return Outcome(made, f"{made} made; days to {last:%Y-%m-%d} are there")


def resolve_predictions() -> Flow[Outcome]:
    """Set the outcome of every prediction that is due and can be resolved (or cannot for ever)."""
    found = yield from resolved()
    lost = sum(found.unresolvable.values())
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in found.unresolvable.items())
    return Outcome(
        found.resolved + lost,
        f"{found.resolved:,} resolved, {lost:,} unresolvable{f' ({reasons})' if lost else ''},"
        f" {found.waiting:,} waiting, {found.cold:,} on cold days{_named(found.thaw)}",
    )


def revise_predictions() -> Flow[Outcome]:
    """Look again at the outcomes of the last two days, and at older ones whose ticks have changed.

    These lie in the ranges of what batches have stored, or taken back, within two days: so a
    night may fail. Around a range a day more is looked at, or the longest reach of a model where
    that is longer: a price counts that long, and coverage that is joined reaches that far.
    """
    (now,) = (yield from rows("SELECT now()"))[0]
    examined = changed = unknown = 0
    thaw: dict[str, None] = {}
    ranges = yield from rows(
        "SELECT DISTINCT s.symbol::text, s.exchange::text, s.first_timestamp - margin,"
        " s.last_timestamp + margin + interval '1 microsecond'"
        " FROM batches AS b JOIN batch_streams AS s ON s.batch_id = b.batch_id"
        " CROSS JOIN (SELECT greatest('1 day', max(target_reach)) AS margin FROM models) AS m"
        " WHERE b.finished_at > now() - %(back)s AND s.stored > 0"
        " AND s.first_timestamp - margin < now() - %(back)s"
        " AND s.stream = ANY (enum_range(NULL::tick_stream)::text[]) ORDER BY 1, 2, 3",
        {"back": _LOOKED_AT},
    )
    recent = (None, None, now - _LOOKED_AT, now + timedelta(microseconds=1))
    for symbol, exchange, start, end in (recent, *ranges):
        found = yield from revised(start, end, symbol=symbol, exchange=exchange)
        examined += found.examined
        changed += found.revised
        unknown += found.unknown
        thaw |= dict.fromkeys(found.thaw)
    return Outcome(
        changed,
        f"{changed:,} of {examined:,} outcomes revised, {unknown:,} cannot be told now"
        f"{_named(thaw)}",
    )


def _named(thaw: Iterable[str]) -> str:
    commands = "; ".join(thaw)
    return f"; bring days back with {commands}" if commands else ""


JOBS: Final[tuple[Job, ...]] = (
    Job("make_prediction_partitions", "make the days of features and predictions ahead",
        "12 * * * *", make_prediction_partitions, "prediction_partitions",
        timeout=timedelta(minutes=10),
        window=timedelta(hours=6)),
    Job("resolve_predictions", "set the outcome of predictions that are due", "* * * * *",
        resolve_predictions, "resolve_predictions", timeout=timedelta(minutes=30),
        window=timedelta(hours=1)),
    Job("revise_predictions", "record what late ticks make of outcomes", "10 2 * * *",
        revise_predictions, "revise_predictions", timeout=timedelta(hours=4),
        window=timedelta(days=2)),
)  # fmt: skip

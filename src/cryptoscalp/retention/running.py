"""Flow: a run of retention, day by day, the oldest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time
from functools import partial
from time import monotonic, sleep

from cryptoscalp.infra.cold.types import Kept
from cryptoscalp.infra.db.errors import CryptoscalpError, InputError, IntegrityRefused
from cryptoscalp.infra.db.flow import Flow, call
from cryptoscalp.market.partitions import ensure_partitions
from cryptoscalp.retention.alone import alone
from cryptoscalp.retention.calls import patiently
from cryptoscalp.retention.expiring import expire_day
from cryptoscalp.retention.moving import move, take_out
from cryptoscalp.retention.planning import BY_DAY, BY_ROW, chosen, decisions, hot_for
from cryptoscalp.retention.types import Action, Done, Facts, Report

#: Rows that one statement deletes.
BATCH_ROWS = 10_000


def run(
    tables: Iterable[str] | None = None,
    hot_days: int | None = None,
    *,
    destroy: bool = True,
    only: Action | None = None,
    pace: float = 1.0,
    progress: Callable[[Done], None] | None = None,
) -> Flow[Report]:
    """Do what `plan` says; returns what became of each day that was due.

    Regulated days older than `hot_days` (CRYPTOSCALP_HOT_DAYS unless given) move to the cold
    tier. With `destroy`, operational rows over 30 days old are deleted and days whose seven years
    are over leave the cold tier, both for good. `only` does one kind of action. `pace` is the share
    of the time that it works, 0 < pace <= 1; it rests after each day, so that capture keeps its
    rate beside it. Several runs at once share the work; one that was cut off is finished by the
    next. A day that cannot move stays where it is and is reported as failed or skipped; the others
    go on. Raises InputError for a table that retention does not know.
    """
    if not 0 < pace <= 1:
        raise InputError(f"a pace of {pace:g} is none; it is above 0 and at most 1")
    days = hot_for(hot_days)
    wanted = chosen(tables, (*BY_DAY, *BY_ROW))
    told = progress or (lambda _: None)
    done: list[Done] = []
    for kept in wanted:
        # Each table is looked at when it is its turn: 1-second candles follow the ticks.
        for facts, action in (yield from _due(kept, days)):
            if only not in (None, action):
                continue
            began = monotonic()
            one = yield from _one(kept, facts, action, destroy)
            yield from _rest((monotonic() - began) * (1 / pace - 1))
            done.append(one)
            told(one)
        if kept in BY_ROW and destroy and only in (None, "drop"):
            one = yield from _old_rows(kept)
            done += [one] if one.rows else []
    return Report(tuple(done))


def _rest(seconds: float) -> Flow[None]:
    # A second at a time: a run that is given up ends at its next step.
    end = monotonic() + seconds
    while (left := end - monotonic()) > 0:
        yield from call(partial(sleep, min(left, 1.0)))


def _due(kept: Kept, hot_days: int) -> Flow[list[tuple[Facts, Action]]]:
    decided = yield from decisions(datetime.now(UTC), hot_days)
    return [
        (facts, action)
        for facts, action, _ in decided
        if facts.table == kept.table and action in ("move", "drop", "expire")
    ]


def _one(kept: Kept, facts: Facts, action: Action, destroy: bool) -> Flow[Done]:
    table, day = kept.table, facts.day
    if not destroy and (kept.cold is None or action == "expire"):
        return Done(table, day, "skipped", 0, "it would be destroyed for good")
    try:
        found = yield from alone(table, day, partial(_work, kept, facts, action))
    except IntegrityRefused as error:
        # It was written to meanwhile, or a hold was placed: the next run looks again.
        return Done(table, day, "skipped", 0, str(error))
    except CryptoscalpError as error:
        return Done(table, day, "failed", 0, str(error))
    return found or Done(table, day, "skipped", 0, "another run is at it")


def _work(kept: Kept, facts: Facts, action: Action) -> Flow[Done]:
    table, day = kept.table, facts.day
    if kept.cold is None:
        return Done(table, day, "dropped", (yield from take_out(table, day)))
    if action == "expire":
        return Done(table, day, "expired", (yield from expire_day(kept.cold, day)))
    if facts.kind in ("pending", "detached") and (facts.open or not facts.cold):
        # Somebody has detached it, and its rows lie nowhere else: they are put back first.
        low = datetime.combine(day, time(), UTC)
        yield from ensure_partitions(low, low, [table])
    gone, damaged = yield from move(kept.cold, day)
    if damaged:
        first = damaged[0]
        detail = f"{first.part.symbol} on {first.part.exchange}: {first.detail}"
        more = f" (and {len(damaged) - 1} parts more)" if len(damaged) > 1 else ""
        return Done(table, day, "failed", 0, detail + more)
    return Done(table, day, "moved" if gone else "dropped", gone)


def _old_rows(kept: Kept) -> Flow[Done]:
    gone = 0
    while True:
        batch: int = yield from patiently("SELECT drop_old_rows(%s, %s)", (kept.table, BATCH_ROWS))
        gone += batch
        if batch < BATCH_ROWS:
            return Done(kept.table, None, "dropped", gone)

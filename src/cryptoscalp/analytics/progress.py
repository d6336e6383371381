"""How far the performance of portfolios is reckoned, and what a refresh has to do about each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from cryptoscalp.analytics.windows import Step, bucket_begin_s, restart_s
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.trading.grid_types import Held, Holding, Instrument, Line, Terms


class Note(NamedTuple):
    """What was booked in a portfolio since its last refresh.

    From which time and ids on, until when; `order_floor` is the lowest id of a trade of an order.
    """

    changes: Sequence[int]
    since: datetime
    until: datetime
    trade_floor: int | None
    entry_floor: int | None
    order_floor: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """A row of `performance_progress`; `needs` are the instruments that it was valued with."""

    portfolio_id: int
    step: Step
    began: datetime
    through: datetime
    holding: Holding
    needs: frozenset[Instrument]
    trade_floor: int | None = None
    entry_floor: int | None = None
    pending_until: datetime | None = None
    dirty_since: datetime | None = None

    @property
    def through_s(self) -> int:
        """`through` in seconds since 1970."""
        return int(self.through.timestamp())

    @classmethod
    def first(cls, portfolio_id: int, step: Step, began: datetime, known: datetime) -> Progress:
        """That of a portfolio before its first bucket; its moves until `known` are all pending."""
        return cls(
            portfolio_id, step, began, began, Holding(), frozenset(), trade_floor=1, entry_floor=1,
            pending_until=known,
        )  # fmt: skip

    def told(self, note: Note | None) -> Progress:
        """This with a note taken in: what is late makes it dirty, the rest is pending."""
        if note is None:
            return self
        dirty = self.dirty_since
        if note.since <= self.through:
            dirty = min(dirty or note.since, note.since)
        return replace(
            self,
            began=min(self.began, note.since),
            trade_floor=_least(self.trade_floor, note.trade_floor),
            entry_floor=_least(self.entry_floor, note.entry_floor),
            pending_until=max(self.pending_until or note.until, note.until),
            dirty_since=dirty,
        )

    def reached(self, end_s: int, holding: Holding, needs: frozenset[Instrument]) -> Progress:
        """This after all until a moment was folded."""
        through = datetime.fromtimestamp(end_s, UTC)
        made = replace(
            self, through=through, holding=holding, needs=self.needs | needs, dirty_since=None
        )
        if self.pending_until is None or self.pending_until > through:
            return made
        return replace(made, trade_floor=None, entry_floor=None, pending_until=None)


class Plan(NamedTuple):
    """What portfolios with an equal plan are reckoned from and to, and since when one is dirty.

    `restart`: from the beginning of a window, with all that was before read anew.
    """

    start_s: int
    end_s: int
    restart: bool
    dirty_since: datetime | None


def plan_of(progress: Progress | None, began: datetime, target_s: int, step: Step) -> Plan | None:
    """What to do for a portfolio; None when nothing is."""
    begin_s = bucket_begin_s(began, step)
    if progress is None:
        return Plan(begin_s, target_s, True, None) if target_s > begin_s else None
    end_s = max(target_s, progress.through_s)
    if progress.dirty_since is not None:
        start_s = max(begin_s, restart_s(progress.dirty_since, step))
        return Plan(start_s, end_s, True, progress.dirty_since)
    if end_s == progress.through_s:
        return None
    return Plan(progress.through_s, end_s, False, None)


def stored_progress(
    ids: Sequence[int],
) -> Flow[tuple[dict[tuple[int, Step], Progress], dict[int, Note]]]:
    """The progress of portfolios, by portfolio and step, and what was booked since."""
    found = yield from rows(
        "SELECT a.portfolio_id, c.changes, c.since, c.until, c.trade_floor, c.entry_floor,"
        " c.order_floor, p.step::text, p.began, p.through, p.holding, p.trade_floor, p.entry_floor,"
        " p.pending_until, p.dirty_since FROM unnest(%s::bigint[]) AS a (portfolio_id)"
        " CROSS JOIN LATERAL (SELECT array_agg(change_id) AS changes, min(since) AS since,"
        " max(until) AS until, min(trade_floor) AS trade_floor, min(entry_floor) AS entry_floor,"
        " min(order_floor) AS order_floor FROM performance_changes AS c"
        " WHERE c.portfolio_id = a.portfolio_id) AS c"
        " LEFT JOIN performance_progress AS p ON p.portfolio_id = a.portfolio_id",
        (list(ids),),
    )
    made: dict[tuple[int, Step], Progress] = {}
    notes: dict[int, Note] = {}
    for portfolio, *row in found:
        if row[0] is not None:
            notes[portfolio] = Note(*row[:6])
        step, began, through, document, *pending = row[6:]
        if step is not None:
            holding, needs = _read(document)
            made[portfolio, step] = Progress(
                portfolio, step, began, through, holding, needs, *pending
            )
    return made, notes


def first_moves(ids: Sequence[int]) -> Flow[dict[int, tuple[datetime, datetime]]]:
    """When the first and last trade or cash of portfolios was; those without any are left out."""
    if not ids:
        return {}
    found = yield from rows(
        "SELECT portfolio_id, min(began), max(ended) FROM ("
        "SELECT portfolio_id, min(timestamp) AS began, max(timestamp) AS ended FROM cash_ledger"
        " WHERE portfolio_id = ANY (%(ids)s) GROUP BY 1 UNION ALL"
        " SELECT portfolio_id, min(timestamp), max(timestamp) FROM trades"
        " WHERE portfolio_id = ANY (%(ids)s) GROUP BY 1) AS moves GROUP BY 1",
        {"ids": list(ids)},
    )
    return {row[0]: (row[1], row[2]) for row in found}


def store_progress(
    made: Sequence[Progress], taken: Sequence[int], known: Mapping[int, frozenset[Instrument]]
) -> Flow[None]:
    """Store progress, drop the notes that it took in, note the instruments that are new to it."""
    if not made and not taken:
        return
    new = sorted(
        {
            (one.portfolio_id, *instrument)
            for one in made
            for instrument in one.needs - known.get(one.portfolio_id, frozenset())
        }
    )
    yield from rows(
        "SELECT record_progress(ARRAY(SELECT r::performance_progress FROM unnest(%s::bigint[],"
        " %s::performance_step[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[], %s::bigint[],"
        " %s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS r), %s::bigint[], %s::bigint[],"
        " %s::text[], %s::text[])",
        (
            [one.portfolio_id for one in made], [one.step for one in made],
            [one.began for one in made], [one.through for one in made],
            [_document(one) for one in made], [one.trade_floor for one in made],
            [one.entry_floor for one in made], [one.pending_until for one in made],
            [one.dirty_since for one in made], list(taken), [one[0] for one in new],
            [one[1] for one in new], [one[2] for one in new],
        ),
    )  # fmt: skip


def _least(one: int | None, other: int | None) -> int | None:
    return min((value for value in (one, other) if value is not None), default=None)


def _document(one: Progress) -> str:
    return json.dumps(
        {
            "cash": {code: str(amount) for code, amount in sorted(one.holding.cash.items())},
            "lines": [
                [*line, *map(str, held), *one.holding.terms[line.instrument]]
                for line, held in one.holding.lines.items()
            ],
            "needs": sorted(one.needs),
        }
    )


def _read(document: Mapping[str, Any]) -> tuple[Holding, frozenset[Instrument]]:
    return (
        Holding(
            {code: Decimal(amount) for code, amount in document["cash"].items()},
            {Line(*line[:3]): Held(*map(Decimal, line[3:6])) for line in document["lines"]},
            {Instrument(*line[1:3]): Terms(*line[6:]) for line in document["lines"]},
        ),
        frozenset(Instrument(*one) for one in document["needs"]),
    )

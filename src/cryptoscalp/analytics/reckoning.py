"""Flow: the buckets of a plan valued, folded into rows of performance, and stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from cryptoscalp.analytics.drafts import Draft, Part, Sums, documents
from cryptoscalp.analytics.folding import Series, fill_sums
from cryptoscalp.analytics.progress import Plan, Progress
from cryptoscalp.analytics.windows import PERIODS, Period, Step, pieces, restart_s, window_of
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.infra.db.queries import query
from cryptoscalp.trading.grid import grid
from cryptoscalp.trading.grid_types import Account, Holding, Moments, Valued

_ROOM: Final = "cryptoscalp.analytics"
_FILLS: Final = query(_ROOM, "performance_fills")
_STORE: Final = query(_ROOM, "performance_store")
#: Rows of whole windows are stored together from so many on.
_MOST_ROWS: Final = 10_000
#: Below every id of a trade or cash entry.
_ALL: Final = 1


class _Cut(NamedTuple):
    """Rows of a window at the end of a piece, and whether they were reckoned from its beginning."""

    held: dict[Part, Draft]
    anew: bool


def fold_plan(
    members: Sequence[Account], plan: Plan, step: Step, told: dict[int, Progress]
) -> Flow[tuple[list[Valued], int]]:
    """Fold the buckets of a plan; returns the portfolios at its end, and the rows stored."""
    ids = [one.portfolio_id for one in members]
    start: dict[int, Holding] | None = None
    floors: tuple[int | None, int | None] = (_ALL, _ALL)
    if not plan.restart:
        start = {one: told[one].holding for one in ids}
        floors = (
            min((f for one in ids if (f := told[one].trade_floor)), default=None),
            min((f for one in ids if (f := told[one].entry_floor)), default=None),
        )
    valued: list[Valued] = []
    stored = 0
    # Rows of windows that the end of a piece cuts are stored whole, once the next one is folded.
    carried: dict[Period, _Cut] = {}
    for moments in pieces(plan.start_s, plan.end_s, step):
        first = plan.restart and moments.start_s == plan.start_s
        terms = {key: of for one in (start or {}).values() for key, of in one.terms.items()}
        valued = yield from grid(members, moments, start=start, floors=floors, known=terms)
        sums = fill_sums((yield from _fills(ids, moments, floors[0])))
        held = {period: cut.held for period, cut in carried.items()}
        if not first and moments.start_s == plan.start_s:
            held = yield from _stored(ids, moments, step)
        series = Series(valued, moments)
        end_s = moments.start_s + (moments.count - 1) * moments.step_s
        drafts: list[Draft] = []
        begun: list[tuple[Period, int]] = []
        for period in PERIODS[step]:
            begins = window_of(period, moments.start_s).begins_s
            within = begins < moments.start_s
            before = carried.pop(period, None)
            for window, found in series.folded(
                period,
                held.get(period, {}),
                sums,
                from_within=within and not first,
                skip_first=first and _is_before(plan, begins, step),
            ):
                anew = plan.restart and (window.begins_s >= moments.start_s or first)
                if before is not None and window.begins_s < moments.start_s:
                    anew = before.anew
                if end_s < min(window.ends_s, plan.end_s):
                    carried[period] = _Cut({one.part: one for one in found}, anew)
                    continue
                drafts += found
                if anew:
                    begun.append((period, window.begins_s))
                if len(drafts) >= _MOST_ROWS:
                    stored += yield from _store(drafts, plan, ids, begun)
                    drafts, begun = [], []
        stored += yield from _store(drafts, plan, ids, begun)
        start = {one.account.portfolio_id: one.end for one in valued}
    return valued, stored


def _is_before(plan: Plan, begins_s: int, step: Step) -> bool:
    """Whether the window that a restart begins within is one that nothing changed in."""
    return (
        plan.dirty_since is not None
        and begins_s < plan.start_s
        and plan.start_s == restart_s(plan.dirty_since, step)
    )


def _fills(ids: Sequence[int], moments: Moments, floor: int | None) -> Flow[list[Row]]:
    if floor is None:
        return []
    return (
        yield from rows(
            _FILLS,
            {
                "portfolios": list(ids), "start": moments.first, "step_s": moments.step_s,
                "last": moments.last, "trade_floor": floor,
            },
        )
    )  # fmt: skip


def _stored(
    ids: Sequence[int], moments: Moments, step: Step
) -> Flow[dict[Period, dict[Part, Draft]]]:
    """The rows of the windows that a grid begins within."""
    asked = [
        (period, window.begins_s)
        for period in PERIODS[step]
        if (window := window_of(period, moments.start_s)).begins_s < moments.start_s
    ]
    if not asked:
        return {}
    found = yield from rows(
        "SELECT a.portfolio_id, a.scope::text, a.strategy_id, a.symbol::text, a.exchange::text,"
        " a.period::text, extract(epoch FROM a.timestamp)::bigint,"
        " extract(epoch FROM a.started_at)::bigint, extract(epoch FROM a.through)::bigint,"
        " a.state, a.lacking, a.fills, a.turnover, a.fees, a.slippage_fills,"
        " coalesce(a.slippage, 0), a.slippage_notional, a.total_trades, a.wins, a.losses,"
        " a.gross_profit, a.gross_loss"
        " FROM performance_analytics AS a"
        " JOIN unnest(%s::performance_period[], %s::bigint[]) AS w (period, begins_s)"
        " ON w.period = a.period AND a.timestamp = to_timestamp(w.begins_s)"
        " WHERE a.portfolio_id = ANY (%s)",
        ([one[0] for one in asked], [one[1] for one in asked], list(ids)),
    )
    held: dict[Period, dict[Part, Draft]] = defaultdict(dict)
    for row in found:
        part = Part(*row[:5])
        held[row[5]][part] = Draft(
            part, row[5], row[6], row[7], row[8], row[9], Sums(*row[11:]), row[10]
        )
    return held


def _store(
    drafts: Sequence[Draft],
    plan: Plan,
    ids: Sequence[int],
    begun: Sequence[tuple[Period, int]],
) -> Flow[int]:
    if not drafts:
        return 0
    found = yield from rows(
        _STORE,
        documents(drafts)
        | {
            "dirty": plan.dirty_since,
            "portfolios": list(ids),
            "periods": [one[0] for one in begun],
            "windows": [one[1] for one in begun],
        },
    )
    count: int = found[0][0]
    return count

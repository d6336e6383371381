"""The plans of the statements that a flow runs, taken from the flow itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from cryptoscalp.infra.db.flow import Arrow, Aside, Flow, Rows, Run, Together, Using, rows


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of a plan: the relation, and the index it goes by (None: all of it is read).

    `pages` are those of the relation when it was last analysed. `custom` names the provider of a
    scan that is no node of PostgreSQL's own, such as a columnar one.
    """

    relation: str
    index: str | None
    pages: int
    custom: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How one statement is run, and how long PostgreSQL thought about it, in milliseconds."""

    scans: tuple[Scan, ...]
    planning_ms: float


def explained(flow: Flow[Any]) -> Flow[list[Plan]]:
    """The plan of every read of a flow, in the order in which it asks.

    Reads that the flow goes on from are made; the first Arrow read is explained, not made, and
    ends it, as the first read of the lake does. The flow runs in the caller's transaction, its
    side flows too.
    """
    plans: list[Plan] = []
    try:
        yield from _followed(flow, plans)
    finally:
        flow.close()
    return plans


def _followed(flow: Flow[Any], plans: list[Plan]) -> Flow[tuple[bool, Any]]:
    """Whether a read ended it, and what it returned otherwise."""
    try:
        step = next(flow)
        while True:
            match step:
                case Arrow(query, params):
                    plans.append((yield from _planned(query, params)))
                    return True, None
                case Using():
                    return True, None
                case Rows(query, params) | Run(query, params):
                    plans.append((yield from _planned(query, params)))
                    step = flow.send((yield step))
                case Aside(inner):
                    over, result = yield from _followed(inner(), plans)
                    if over:
                        return True, None
                    step = flow.send(result)
                case Together(inners):
                    results = []
                    for inner in inners:
                        over, result = yield from _followed(inner(), plans)
                        if over:
                            return True, None
                        results.append(result)
                    step = flow.send(results)
                case _:
                    step = flow.send((yield step))
    except StopIteration as end:
        return False, end.value


def _planned(query: Any, params: Any) -> Flow[Plan]:
    text = query if isinstance(query, sql.Composable) else sql.SQL(query)
    found = yield from rows(
        sql.SQL("EXPLAIN (FORMAT JSON, SUMMARY) {}").format(text), params, prepare=False
    )
    told = found[0][0]
    plan = json.loads(told) if isinstance(told, (str, bytes)) else told
    seen = list(_nodes(plan[0]["Plan"]))
    pages = yield from rows(
        "SELECT relname::text, relpages FROM pg_class WHERE relname = ANY (%s)",
        ([scan.relation for scan in seen],),
    )
    sizes: dict[str, int] = dict(pages)
    scans = [
        Scan(scan.relation, scan.index, sizes.get(scan.relation, 0), scan.custom) for scan in seen
    ]
    return Plan(tuple(scans), plan[0]["Planning Time"])


def _nodes(plan: dict[str, Any]) -> Iterator[Scan]:
    below = plan.get("Plans", [])
    if "Relation Name" in plan:
        index = plan.get("Index Name") or next(
            (node["Index Name"] for node in below if "Index Name" in node), None
        )
        yield Scan(plan["Relation Name"], index, 0, plan.get("Custom Plan Provider"))
    for node in below:
        yield from _nodes(node)

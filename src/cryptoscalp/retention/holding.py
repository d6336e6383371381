"""Flows: legal holds."""

from __future__ import annotations

from datetime import date

from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.retention.calls import as_capture
from cryptoscalp.retention.planning import BY_DAY, BY_ROW, chosen
from cryptoscalp.retention.types import Hold


def hold(table: str, first_day: date, last_day: date, reason: str, by: str) -> Flow[Hold]:
    """Hold a table's days, both included: none of their rows leaves while it stands.

    When it returns, no run takes them out any more. Raises InputError for a table whose rows
    never leave, a range that is none, or a hold without reason or name.
    """
    chosen([table], (*BY_DAY, *BY_ROW))
    if last_day < first_day:
        raise InputError(f"a hold from {first_day} to {last_day}, both included, holds no day")
    if not reason.strip() or not by.strip():
        raise InputError("a hold needs a reason and the name of who places it")
    number: int = yield from as_capture(
        "SELECT place_hold(%s, %s, %s, %s, %s)", (table, first_day, last_day, reason, by)
    )
    return (yield from _held(number))


def release(hold_id: int, by: str) -> Flow[Hold]:
    """Release a hold; its record stays. Raises NotFound when no such hold is in force."""
    if not by.strip():
        raise InputError("a release needs the name of who does it")
    found = [one for one in (yield from holds()) if one.hold_id == hold_id]
    if not found:
        raise NotFound(f"no hold {hold_id} is in force; `cryptoscalp retention holds` lists them")
    yield from as_capture("SELECT release_hold(%s, %s)", (hold_id, by))
    return (yield from _held(hold_id))


def holds(*, released: bool = False) -> Flow[list[Hold]]:
    """The holds in force, with `released` all there ever were, by number."""
    found = yield from rows(
        "SELECT hold_id, table_name, first_day, last_day, reason, placed_by, placed_at,"
        " released_by, released_at FROM retention_holds"
        " WHERE %s OR released_at IS NULL ORDER BY hold_id",
        (released,),
    )
    return [Hold(*row) for row in found]


def _held(number: int) -> Flow[Hold]:
    return next(one for one in (yield from holds(released=True)) if one.hold_id == number)

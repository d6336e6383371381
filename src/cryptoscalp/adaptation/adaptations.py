"""Flows: what was done about drifts, regimes and performance, and whether it helped."""

from __future__ import annotations

from datetime import datetime
from typing import Final, get_args

from psycopg import sql

from cryptoscalp.adaptation.adaptation_types import (
    Adaptation,
    AdaptationType,
    SuccessRule,
    Trigger,
)
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market.names import one_of, span
from cryptoscalp.registry.documents import document
from cryptoscalp.registry.references import model_id_of

_COLUMNS: Final = sql.SQL(
    "adaptation_id, timestamp, model_id, model_version, trigger_event::text,"
    " adaptation_type::text, event_id, success_rule, result_model_id, window_start, window_end,"
    " performance_before, performance_after, success, finished_at, note"
)
_DEFAULT_RULE: Final = SuccessRule()


def start_adaptation(
    model: str | int,
    trigger: Trigger,
    adaptation_type: AdaptationType,
    *,
    event_id: int | None = None,
    success_rule: SuccessRule = _DEFAULT_RULE,
    note: str | None = None,
) -> Flow[Adaptation]:
    """Note that something is done about a model version, and by which rule it will be judged.

    With `event_id`, the event that it answers, the same call returns the one that was started
    until that is finished: an event delivered twice starts nothing twice. Without it each call
    starts another one. Raises InputError, NotFound for an unknown version or event,
    IntegrityRefused for a rule that cannot be one and an event of another kind or version.
    """
    one_of(trigger, get_args(Trigger), "trigger")
    one_of(adaptation_type, get_args(AdaptationType), "type of adaptation")
    model_id = yield from model_id_of(model)
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM start_adaptation(%s, %s::adaptation_trigger, %s::adaptation_type, %s,"
            " %s::jsonb, %s)"
        ).format(_COLUMNS),
        (
            model_id,
            trigger,
            adaptation_type,
            event_id,
            document(success_rule.document(), "success_rule"),
            note,
        ),
    )
    return Adaptation(*found[0])


def finish_adaptation(
    adaptation_id: int, result_model: str | int, window_start: datetime, window_end: datetime
) -> Flow[Adaptation]:
    """Measure the adapted version and the one that came of it, and decide by the declared rule.

    Both are measured over the same predictions: those that both made for the same symbol,
    exchange, decision and horizon in [window_start, window_end), both resolved. Done once; the same
    call again returns the row. Raises NotFound, and IntegrityRefused when it was finished with
    other terms, when the versions predict different prices, and when there are fewer such
    predictions than the rule asks for: it stays open then.
    """
    span(window_start, window_end)
    result_id = yield from model_id_of(result_model)
    found = yield from rows(
        sql.SQL("SELECT {} FROM finish_adaptation(%s, %s, %s, %s)").format(_COLUMNS),
        (adaptation_id, result_id, window_start, window_end),
    )
    return Adaptation(*found[0])


def abandon_adaptation(adaptation_id: int, note: str | None = None) -> Flow[Adaptation]:
    """End an adaptation of which nothing came: no success, nothing measured.

    The same again returns the row. Raises NotFound, IntegrityRefused when it was finished.
    """
    found = yield from rows(
        sql.SQL("SELECT {} FROM abandon_adaptation(%s, %s)").format(_COLUMNS),
        (adaptation_id, note),
    )
    return Adaptation(*found[0])


def adaptations(
    model: str | int | None = None, *, unfinished: bool = False, limit: int | None = None
) -> Flow[list[Adaptation]]:
    """Adaptations, oldest first: of one model version or all, the last `limit`."""
    model_id = None if model is None else (yield from model_id_of(model))
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM (SELECT * FROM adaptation_history WHERE model_id = coalesce(%s,"
            " model_id) AND (NOT %s OR finished_at IS NULL) ORDER BY adaptation_id DESC LIMIT %s)"
            " AS newest ORDER BY adaptation_id"
        ).format(_COLUMNS),
        (model_id, unfinished, limit),
    )
    return [Adaptation(*row) for row in found]

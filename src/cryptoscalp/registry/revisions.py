"""Flow: outcomes that late ticks change are recorded beside the first ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.market.buckets import EPOCH
from cryptoscalp.market.names import resolve as known_instrument
from cryptoscalp.market.names import span
from cryptoscalp.registry.references import model_id_of
from cryptoscalp.registry.resolution import BATCH
from cryptoscalp.registry.resolution_types import Revised

#: Commands named in an answer.
_TOLD: Final = 20


def revise_predictions(
    start: datetime,
    end: datetime,
    *,
    model: int | str | None = None,
    symbol: str | None = None,
    exchange: str | None = None,
    batch: int = BATCH,
) -> Flow[Revised]:
    """Look again at outcomes of predictions that were open some time in [start, end).

    Ticks that came, were corrected or were taken back since may make another outcome of them; each
    that differs from what was known last becomes a row of model_performance_revisions. The
    predictions keep their first outcome. Running it again records nothing twice. Each `batch`
    commits by itself. Raises NotFound, AmbiguousSymbol, InputError.
    """
    span(start, end)
    if batch < 1:
        raise InputError(f"a batch of {batch} examines nothing; give 1 or more")
    model_id = None if model is None else (yield from model_id_of(model))
    if symbol is not None:
        symbol, exchange = yield from known_instrument(symbol, exchange)
    # Horizons have no bound: the oldest decision that was still open at `start` gives one.
    found = yield from rows(
        "SELECT min(timestamp) FROM model_performance WHERE due_at >= %s AND timestamp < %s",
        (start, end),
        prepare=False,
    )
    since = found[0][0]
    examined = revised = unknown = 0
    thaw: dict[str, None] = {}
    after: Row = (0, "", "", EPOCH, timedelta(0))
    while since is not None:
        seen = yield from rows(
            "SELECT model_id, symbol, exchange, timestamp, horizon, state, revised, detail"
            " FROM revise_predictions(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (since, start, end, batch, model_id, symbol, exchange, *after),
        )
        for *_, state, differs, detail in seen:
            examined += 1
            revised += differs
            unknown += state in ("WAITING", "COLD")
            if state == "COLD" and len(thaw) < _TOLD:
                thaw[detail] = None
        if not seen:
            break
        after = seen[-1][:5]
    return Revised(examined, revised, unknown, tuple(thaw))

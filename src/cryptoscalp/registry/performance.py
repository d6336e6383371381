"""Flows: error, direction, calibration, latency and P&L of a model version's predictions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.infra.db.queries import query
from cryptoscalp.market.names import moment, one_of, span
from cryptoscalp.market.names import resolve as known_instrument
from cryptoscalp.registry.performance_types import (
    Performance,
    Profit,
    ReliabilityBin,
    SummaryRow,
    Window,
)
from cryptoscalp.registry.references import model_id_of

WINDOWS: Final[dict[Window, timedelta]] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
_BINS: Final = 10
_ERRORS: Final = ("mean_absolute_error", "root_mean_squared_error", "bias")
_DIRECTIONS: Final = ("directional_accuracy", "brier_score", "expected_calibration_error")
_LATENCIES: Final = ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "latency_max_ms")
_COUNTS: Final = ("predictions", "resolved", "pending", "unresolvable", "backfilled", "revised")
_NAMES: Final = (*_COUNTS, *_ERRORS, "directional", "unmoved", *_DIRECTIONS, *_LATENCIES)
_OVER: Final = query("cryptoscalp.registry", "performance_over")
_PROFITS: Final = query("cryptoscalp.registry", "profits_over")


def performance(
    model: int | str,
    window: Window = "24h",
    *,
    as_of: datetime | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    symbol: str | None = None,
    exchange: str | None = None,
    revised: bool = False,
) -> Flow[Performance]:
    """How good the predictions were that a model version made in a window before `as_of` (now).

    With `start` and `end` those made in [start, end). `revised`: by the outcomes that are known
    now in place of those set first. Raises NotFound for an unknown model, InputError for a window
    that is none.
    """
    one_of(window, get_args(Window), "window")
    model_id = yield from model_id_of(model)
    if start is not None or end is not None:
        if start is None or end is None or as_of is not None:
            raise InputError("give start and end together and without as_of, or a window")
        first, last = span(start, end)
    else:
        last = datetime.now(UTC) if as_of is None else moment(as_of, "as_of")
        first = last - WINDOWS[window]
    if symbol is not None:
        symbol, exchange = yield from known_instrument(symbol, exchange)
    return (yield from _over(model_id, first, last, symbol, exchange, revised))


def performance_windows(
    model: int | str,
    *,
    as_of: datetime | None = None,
    symbol: str | None = None,
    exchange: str | None = None,
    revised: bool = False,
) -> Flow[dict[Window, Performance]]:
    """The performance of all four windows before the same moment; see `performance`."""
    last = as_of or datetime.now(UTC)
    found: dict[Window, Performance] = {}
    for window in WINDOWS:
        found[window] = yield from performance(
            model, window, as_of=last, symbol=symbol, exchange=exchange, revised=revised
        )
    return found


def performance_of_all(
    window: Window = "24h", *, as_of: datetime | None = None, revised: bool = False
) -> Flow[list[Performance]]:
    """The performance of every model version that predicted in a window, by name and version."""
    one_of(window, get_args(Window), "window")
    last = datetime.now(UTC) if as_of is None else moment(as_of, "as_of")
    found = yield from rows(
        "SELECT model_id FROM model_versions AS v WHERE EXISTS (SELECT FROM model_performance AS p"
        " WHERE p.model_id = v.model_id AND p.timestamp >= %s AND p.timestamp < %s)"
        " ORDER BY model_name, version_number",
        (last - WINDOWS[window], last),
        prepare=False,
    )
    made = []
    for (model_id,) in found:
        one = yield from _over(model_id, last - WINDOWS[window], last, None, None, revised)
        made.append(one)
    return made


def performance_summary() -> Flow[list[SummaryRow]]:
    """The view model_performance_summary: the last 24 hours by model version and instrument."""
    found = yield from rows(
        "SELECT model_version, symbol::text, avg_error, avg_latency, prediction_count, model_id,"
        " model_name, exchange::text FROM model_performance_summary"
        " ORDER BY model_name, model_id, symbol, exchange"
    )
    return [SummaryRow(*row) for row in found]


def _over(
    model_id: int,
    start: datetime,
    end: datetime,
    symbol: str | None,
    exchange: str | None,
    revised: bool,
) -> Flow[Performance]:
    named = yield from rows(
        "SELECT v.model_name, v.version, m.target_kind::text FROM model_versions AS v"
        " JOIN models AS m ON m.model_name = v.model_name WHERE v.model_id = %s",
        (model_id,),
    )
    name, version, kind = named[0]
    terms = {"model_id": model_id, "start": start, "end": end, "symbol": symbol,
             "exchange": exchange, "revised": revised, "returns": kind == "RETURN"}  # fmt: skip
    found = yield from rows(_OVER, terms, prepare=False)
    made = yield from rows(_PROFITS, terms, prepare=False)
    profits = tuple(Profit(*row) for row in made)
    numbers = len(_NAMES)
    values: dict[str, Any] = dict(zip(_NAMES, found[0][:numbers], strict=True))
    return Performance(
        model_id=model_id, model_name=name, model_version=version, target_kind=kind,
        symbol=symbol, exchange=exchange, start=start, end=end, with_revisions=revised, **values,
        reliability=_bins(*found[0][numbers:]),
        profits=profits,
        undefined=_undefined(values, profits),
    )  # fmt: skip


def _undefined(values: dict[str, Any], profits: tuple[Profit, ...]) -> dict[str, str]:
    """Why a number is None or there is no P&L, by its name."""
    why = {} if profits else {"profits": "no fill of an order names a prediction of the window"}
    names: tuple[str, ...]
    if not values["predictions"]:
        names, reason = (
            (*_ERRORS, *_DIRECTIONS, *_LATENCIES),
            "no prediction was made in the window",
        )
    elif not values["resolved"]:
        names, reason = (*_ERRORS, *_DIRECTIONS), "no prediction of the window is resolved"
    elif not values["directional"]:
        names, reason = _DIRECTIONS, "no price of a resolved prediction moved"
    else:
        return why
    return dict.fromkeys(names, reason) | why


def _bins(
    places: Sequence[int], counts: Sequence[int], means: Sequence[float], shares: Sequence[float]
) -> tuple[ReliabilityBin, ...]:
    # The driver gives arrays of numbers as NumPy's.
    held = {
        int(place): (int(count), float(mean), float(share))
        for place, count, mean, share in zip(places, counts, means, shares, strict=True)
    }
    return tuple(
        ReliabilityBin(place / _BINS, (place + 1) / _BINS, *held.get(place, (0, None, None)))
        for place in range(_BINS)
    )

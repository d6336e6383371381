"""Flows: declare, run and read drift detectors."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, Final, get_args

from psycopg import sql
from psycopg.types.json import Jsonb

from cryptoscalp.adaptation.drift_parameters import complete
from cryptoscalp.adaptation.drift_types import (
    Algorithm,
    DetectorStatus,
    DriftCheck,
    DriftDetector,
    DriftEvent,
    Signal,
)
from cryptoscalp.adaptation.taking_in import take_in
from cryptoscalp.infra.db.errors import ConnectionLost, CryptoscalpError, InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, aside, rows
from cryptoscalp.market.names import moment, one_of, resolve
from cryptoscalp.registry.references import model_id_of

_COLUMNS: Final = sql.SQL(
    "d.detector_id, d.model_id, d.symbol::text, d.exchange::text, d.signal::text, d.feature,"
    " d.algorithm::text, d.parameters, d.observations, d.drifts, d.position_at, d.created_at,"
    " d.updated_at, d.stopped_at, d.note"
)


def watch_drift(
    model: str | int,
    symbol: str,
    exchange: str | None,
    signal: Signal,
    algorithm: Algorithm,
    *,
    feature: str | None = None,
    since: datetime | None = None,
    **parameters: Any,
) -> Flow[DriftDetector]:
    """Watch a signal of a model version on an instrument; the same again returns the detector.

    `signal`: ERROR is |prediction - actual| of resolved predictions in the order in which they
    were resolved, LATENCY that of predictions in ms, FEATURE one feature of the version's feature
    set by its name. `since`: only what became known from then on counts; all that is stored unless
    said. `parameters` are the algorithm's, river's defaults for those that are not given.

    Raises InputError for what cannot be one, NotFound for an unknown version, instrument or
    feature, IntegrityRefused where the same signal is watched with other parameters.
    """
    one_of(signal, get_args(Signal), "signal")
    one_of(algorithm, get_args(Algorithm), "algorithm")
    if (signal == "FEATURE") != (feature is not None):
        raise InputError("a feature is named for the signal FEATURE, and for no other")
    whole = complete(algorithm, parameters)
    if since is not None:
        moment(since, "since")
    model_id = yield from model_id_of(model)
    stored, market = yield from resolve(symbol, exchange)
    found = yield from rows(
        sql.SQL("SELECT {} FROM watch_drift(%s, %s, %s, %s::drift_signal, %s, %s::drift_algorithm,"
                " %s, %s) AS d").format(_COLUMNS),
        (model_id, stored, market, signal, feature, algorithm, Jsonb(whole), since),
    )  # fmt: skip
    return DriftDetector(*found[0])


def stop_drift(
    model: str | int,
    symbol: str,
    exchange: str | None,
    signal: Signal,
    algorithm: Algorithm,
    *,
    feature: str | None = None,
) -> Flow[DriftDetector]:
    """End a detector; its drifts stay, and another one may be declared. NotFound where none is."""
    model_id = yield from model_id_of(model)
    stored, market = yield from resolve(symbol, exchange)
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM (SELECT detector_id FROM drift_detectors WHERE model_id = %s"
            " AND symbol = %s AND exchange = %s AND signal::text = %s AND algorithm::text = %s"
            " AND feature IS NOT DISTINCT FROM %s ORDER BY stopped_at DESC NULLS FIRST LIMIT 1)"
            " AS named, stop_drift(named.detector_id) AS d"
        ).format(_COLUMNS),
        (model_id, stored, market, signal, algorithm, feature),
    )
    if not found:
        raise NotFound(
            f"{algorithm} does not watch {feature or signal} of {model} on {stored} ({market});"
            " `cryptoscalp drift status` shows what is watched"
        )
    return DriftDetector(*found[0])


def stop_detector(detector_id: int) -> Flow[DriftDetector]:
    """End a detector by its number; stopping it again changes nothing. NotFound where none is."""
    found = yield from rows(
        sql.SQL("SELECT {} FROM stop_drift(%s) AS d").format(_COLUMNS), (detector_id,)
    )
    return DriftDetector(*found[0])


def detectors(
    model: str | int | None = None, *, stopped: bool = False
) -> Flow[list[DriftDetector]]:
    """Detectors in the order of their numbers, of one model version or all; those that watch."""
    model_id = None if model is None else (yield from model_id_of(model))
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM drift_detectors AS d WHERE d.model_id = coalesce(%s, d.model_id)"
            " AND (%s OR d.stopped_at IS NULL) ORDER BY d.detector_id"
        ).format(_COLUMNS),
        (model_id, stopped),
    )
    return [DriftDetector(*row) for row in found]


def drift_status(model: str | int | None = None) -> Flow[list[DetectorStatus]]:
    """What is watched, with the last drift of each; of one model version or all."""
    model_id = None if model is None else (yield from model_id_of(model))
    found = yield from rows(
        sql.SQL(
            "SELECT {}, v.model_name || ':' || v.version, (SELECT e.timestamp FROM drift_events"
            " AS e WHERE e.detector_id = d.detector_id ORDER BY e.observation DESC LIMIT 1)"
            " FROM drift_detectors AS d JOIN model_versions AS v USING (model_id)"
            " WHERE d.model_id = coalesce(%s, d.model_id) AND d.stopped_at IS NULL"
            " ORDER BY d.detector_id"
        ).format(_COLUMNS),
        (model_id,),
    )
    return [DetectorStatus(DriftDetector(*row[:-2]), row[-2], row[-1]) for row in found]


def drift_events(
    model: str | int | None = None,
    *,
    symbol: str | None = None,
    exchange: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int | None = None,
) -> Flow[list[DriftEvent]]:
    """Drifts found, oldest first; those with timestamp in [start, end), the last `limit`."""
    for name, value in (("start", start), ("end", end)):
        if value is not None:
            moment(value, name)
    model_id = None if model is None else (yield from model_id_of(model))
    market: str | None = exchange
    if symbol is not None:
        symbol, market = yield from resolve(symbol, exchange)
    found = yield from rows(
        "SELECT * FROM (SELECT e.drift_event_id, e.detector_id, d.model_id, d.symbol::text,"
        " d.exchange::text, d.signal::text, d.feature, d.algorithm::text, e.timestamp,"
        " e.observation, e.statistic, e.threshold, e.detail, e.recorded_at"
        " FROM drift_events AS e JOIN drift_detectors AS d USING (detector_id)"
        " WHERE d.model_id = coalesce(%s, d.model_id) AND d.symbol = coalesce(%s, d.symbol)"
        " AND d.exchange = coalesce(%s, d.exchange)"
        " AND (%s::timestamptz IS NULL OR e.timestamp >= %s)"
        " AND (%s::timestamptz IS NULL OR e.timestamp < %s)"
        " ORDER BY e.drift_event_id DESC LIMIT %s) AS newest ORDER BY drift_event_id",
        (model_id, symbol, market, start, start, end, end, limit),
    )
    return [DriftEvent(*row) for row in found]


def check_drift() -> Flow[DriftCheck]:
    """Let every detector take in what became known since; each step is a transaction of its own.

    May be run by several processes at once, and cut off anywhere: nothing is lost or taken twice.
    A detector whose turn fails is named and does not keep the others from theirs.
    """
    watching = yield from rows(
        "SELECT detector_id FROM drift_detectors WHERE stopped_at IS NULL ORDER BY detector_id"
    )
    observations, drifts = 0, 0
    waits: list[datetime] = []
    failed: list[str] = []
    for (detector_id,) in watching:
        more = True
        while more:
            try:
                taken = yield from aside(partial(take_in, detector_id), transaction=True)
            except ConnectionLost:
                raise
            except CryptoscalpError as error:
                failed.append(f"detector {detector_id}: {error}")
                break
            observations += taken.observations
            drifts += taken.drifts
            more = taken.more
            if taken.held_back_since is not None:
                waits.append(taken.held_back_since)
    return DriftCheck(len(watching), observations, drifts, min(waits, default=None), tuple(failed))

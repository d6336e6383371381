"""`cryptoscalp drift`: detectors that watch models, and the drifts that they found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

import typer

from cryptoscalp.adaptation.drift_types import Algorithm, Signal
from cryptoscalp.cli import listing, output
from cryptoscalp.cli.book_options import Limit
from cryptoscalp.cli.model_options import reference
from cryptoscalp.cli.predictions import MaybeModel, ModelArgument, OfSymbol
from cryptoscalp.cli.reads import Exchange, Symbol
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import MaybeEnd, MaybeStart, parsed_time

if TYPE_CHECKING:
    from cryptoscalp.adaptation.drift_types import DriftDetector, DriftEvent

_drift = typer.Typer(
    rich_markup_mode=None, help="Drift: when a model's errors, features or latency change."
)
_Named: TypeAlias = Literal["adwin", "page-hinkley", "kswin", "psi"]
_ALGORITHMS: Final[Mapping[_Named, Algorithm]] = {
    "adwin": "ADWIN", "page-hinkley": "PAGE_HINKLEY", "kswin": "KSWIN", "psi": "PSI",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add `drift` and its commands."""
    app.add_typer(_drift, name="drift")


@command(_drift, "watch")
def watch(
    session: Session,
    model: ModelArgument,
    symbol: Symbol,
    signal: Annotated[
        Signal,
        typer.Option(
            "--signal",
            case_sensitive=False,
            help="ERROR of resolved predictions, LATENCY of predictions in ms, or a FEATURE.",
        ),
    ],
    algorithm: Annotated[
        _Named, typer.Option("--algorithm", case_sensitive=False, help="What finds the drifts.")
    ],
    exchange: Exchange = None,
    feature: Annotated[
        str | None,
        typer.Option("--feature", metavar="NAME", help="With --signal FEATURE: which one."),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A parameter of the algorithm, such as delta=0.01; repeatable.",
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            parser=parsed_time,
            metavar="TIME",
            help="Only what became known from then on counts; else all that is stored.",
        ),
    ] = None,
) -> None:
    """Watch a signal of a model version on an instrument; the same again shows the detector.

    The job check_drift lets it take in what is new every minute.
    """
    from cryptoscalp.adaptation.drift_parameters import complete

    if (signal == "FEATURE") != (feature is not None):
        raise typer.BadParameter("--signal feature and --feature go together; give both or none")
    chosen = _ALGORITHMS[algorithm]
    whole = complete(chosen, dict(_parameter(one) for one in parameter or []))
    with session.connect() as db:
        found = db.adaptation.watch_drift(
            reference(model), symbol, exchange, signal, chosen,
            feature=feature, since=since, **whole,
        )  # fmt: skip
    _show(session, found)


@command(_drift, "stop")
def stop(
    session: Session,
    detector_id: Annotated[int, typer.Argument(metavar="ID", help="Its number, from `status`.")],
) -> None:
    """End a detector; the drifts that it found stay."""
    with session.connect() as db:
        found = db.adaptation.stop_detector(detector_id)
    _show(session, found)


@command(_drift, "status")
def status(session: Session, model: MaybeModel = None) -> None:
    """Show what is watched: how far each detector has come, and its last drift."""
    with session.connect() as db:
        found = db.adaptation.drift_status(reference(model))
    if session.json:
        output.emit(found)
        return
    output.table(
        ["id", "model", "instrument", "signal", "algorithm", "observations", "drifts",
         "last drift (UTC)", "up to (UTC)"],
        [
            (
                str(one.detector.detector_id),
                one.model,
                *_watched(one.detector),
                one.detector.observations,
                one.detector.drifts,
                one.last_drift_at,
                one.detector.position_at,
            )
            for one in found
        ],
        right=["id", "observations", "drifts"],
    )  # fmt: skip
    output.say(f"{len(found):,} detectors")


@command(_drift, "events")
def events(
    session: Session,
    model: MaybeModel = None,
    symbol: OfSymbol = None,
    exchange: Exchange = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    limit: Limit = None,
) -> None:
    """Show the drifts that were found, oldest first, by the time of what told of them."""
    with session.connect() as db:
        found = db.adaptation.drift_events(
            reference(model), symbol=symbol, exchange=exchange, start=start, end=end,
            limit=listing.asked(session, limit),
        )  # fmt: skip
    if session.json:
        output.emit(found)
        return
    shown, told = listing.cut(found, limit, "drifts")
    output.table(
        ["id", "time (UTC)", "detector", "model id", "instrument", "signal", "algorithm",
         "observation", "statistic", "threshold"],
        [
            (
                str(one.drift_event_id),
                one.timestamp,
                str(one.detector_id),
                str(one.model_id),
                *_watched(one),
                one.observation,
                *(None if n is None else f"{n:.4g}" for n in (one.statistic, one.threshold)),
            )
            for one in shown
        ],
        right=["id", "detector", "model id", "observation", "statistic", "threshold"],
    )  # fmt: skip
    output.say(told)


@command(_drift, "check")
def check(session: Session) -> None:
    """Let every detector take in what became known, as the job check_drift does every minute.

    Exit code 1 when one of them could not.
    """
    with session.connect() as db:
        found = db.adaptation.check_drift()
    if session.json:
        output.emit(found)
    else:
        output.say(
            f"{found.detectors:,} detectors took in {found.observations:,} observations,"
            f" {found.drifts:,} drifts"
        )
        if found.held_back_since is not None:
            output.say(
                "what came since a transaction that is open waits for its end:"
                f" {output.cell(found.held_back_since)}"
            )
        for one in found.failed:
            output.say(f"failed: {one}")
    if found.failed:
        raise typer.Exit(1)


def _parameter(text: str) -> tuple[str, int | float | str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise typer.BadParameter(f"--set {text}: write NAME=VALUE, such as delta=0.01")
    try:
        return name, int(value) if value.isdecimal() else float(value)
    except ValueError:
        return name, value


def _watched(one: DriftDetector | DriftEvent) -> tuple[str, str, str]:
    signal = one.signal if one.feature is None else f"{one.signal} {one.feature}"
    return f"{one.symbol} on {one.exchange}", signal, one.algorithm


def _show(session: Session, one: DriftDetector) -> None:
    if session.json:
        output.emit(one)
        return
    instrument, signal, algorithm = _watched(one)
    output.fields(
        [
            ("detector", str(one.detector_id)),
            ("model id", str(one.model_id)),
            ("instrument", instrument),
            ("signal", signal),
            ("algorithm", algorithm),
            ("parameters", ", ".join(f"{name}={value}" for name, value in one.parameters.items())),
            ("observations", one.observations),
            ("drifts", one.drifts),
            ("up to (UTC)", one.position_at),
            ("created (UTC)", one.created_at),
            ("stopped (UTC)", one.stopped_at),
            ("note", one.note),
        ]
    )

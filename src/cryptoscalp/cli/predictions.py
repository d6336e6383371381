"""`cryptoscalp predictions`: what models predicted, what it came to, and how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryptoscalp.cli import listing, output
from cryptoscalp.cli.book_options import Limit
from cryptoscalp.cli.model_options import reference
from cryptoscalp.cli.reads import Exchange
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import MaybeEnd, MaybeStart, parsed_time
from cryptoscalp.registry.performance_types import Window

if TYPE_CHECKING:
    from cryptoscalp.registry.performance_types import Performance
    from cryptoscalp.registry.resolution_types import PredictionRow

#: Other modules hang their commands onto it.
group = typer.Typer(
    rich_markup_mode=None, help="Predictions: what they came to, and how good a model's are."
)

_MODEL_HELP = (
    "Model version: its model_id (17 or #17), NAME (the latest one), NAME:VERSION or NAME@ALIAS."
)
Model = Annotated[str, typer.Option("--model", metavar="MODEL", help=_MODEL_HELP)]
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help=_MODEL_HELP)]
MaybeModel = Annotated[
    str | None, typer.Option("--model", metavar="MODEL", help=f"{_MODEL_HELP} Else all.")
]
OfSymbol = Annotated[
    str | None, typer.Option("--symbol", metavar="SYMBOL", help="Of this instrument only.")
]


def register(app: typer.Typer) -> None:
    """Add `predictions` and its commands."""
    app.add_typer(group, name="predictions")


@command(group, "resolve")
def resolve(
    session: Session,
    model: MaybeModel = None,
    revise: Annotated[
        bool,
        typer.Option(
            "--revise", help="Look again at outcomes that were set; needs --start and --end."
        ),
    ] = False,
    start: MaybeStart = None,
    end: MaybeEnd = None,
) -> None:
    """Set the outcome of predictions that are due; --revise records what late ticks change.

    With --revise outcomes of predictions that were open some time between --start and --end are
    reckoned again. Where one differs, the new one is recorded beside the first, which stays.
    """
    if revise != (start is not None and end is not None) or (start is None) != (end is None):
        raise typer.BadParameter("--revise, --start and --end go together; give all or none")
    with session.connect() as db:
        found: Any
        if start is not None and end is not None:
            found = db.registry.revise_predictions(start, end, model=reference(model))
            told = [
                f"{found.revised:,} of {found.examined:,} outcomes revised",
                f"{found.unknown:,} cannot be told now" if found.unknown else "",
            ]
        else:
            found = db.registry.resolve_predictions(reference(model))
            told = [
                f"{found.resolved:,} resolved",
                *(f"{count:,} unresolvable: {why}" for why, count in found.unresolvable.items()),
                f"{found.waiting:,} waiting for coverage" if found.waiting else "",
                f"{found.cold:,} waiting for days in the cold tier" if found.cold else "",
            ]
    if session.json:
        output.emit(found)
        return
    for line in (*told, *(f"bring them back: {one}" for one in found.thaw)):
        if line:
            output.say(line)


@command(group, "summary")
def summary(
    session: Session,
    model: MaybeModel = None,
    window: Annotated[
        Window | None,
        typer.Option("--window", help="How far back; all of them for one --model, else 24h."),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            parser=parsed_time,
            metavar="TIME",
            help="End of the window; now unless said.",
        ),
    ] = None,
    symbol: OfSymbol = None,
    exchange: Exchange = None,
    revised: Annotated[
        bool,
        typer.Option("--revised", help="By the outcomes known now, not those that were set first."),
    ] = False,
) -> None:
    """Show error, direction, calibration, latency and P&L of models' predictions.

    Errors are prediction - actual in quote currency, or as fractions where the model predicts
    returns; `directional accuracy` is the share of moves whose direction was right.
    """
    if model is None and (symbol is not None or exchange is not None):
        raise typer.BadParameter("--symbol and --exchange need --model; say of which one")
    with session.connect() as db:
        found: list[Performance]
        of = reference(model)
        if of is None:
            found = db.registry.performance_of_all(window or "24h", as_of=as_of, revised=revised)
        elif window is None:
            found = [
                *db.registry.performance_windows(
                    of, as_of=as_of, symbol=symbol, exchange=exchange, revised=revised
                ).values()
            ]
        else:
            found = [
                db.registry.performance(
                    of, window, as_of=as_of, symbol=symbol, exchange=exchange, revised=revised
                )
            ]
    if session.json:
        output.emit(found)
    else:
        _performances(found)


def _performances(found: Sequence[Performance]) -> None:
    columns = ("model", "since (UTC)", "predictions", "resolved", "revised", "error", "bias",
               "direction", "Brier", "p50 ms", "p99 ms", "net P&L")  # fmt: skip
    output.table(
        columns,
        [
            (
                f"{one.model_name}:{one.model_version}",
                one.start,
                one.predictions,
                one.resolved,
                one.revised,
                _number(one.mean_absolute_error),
                _number(one.bias),
                None if one.directional_accuracy is None else f"{one.directional_accuracy:.1%}",
                _number(one.brier_score),
                _number(one.latency_p50_ms),
                _number(one.latency_p99_ms),
                ", ".join(f"{output.exact(p.net)} {p.currency}" for p in one.profits) or None,
            )
            for one in found
        ],
        right=columns[2:11],
    )
    for one in found:
        for name, why in one.undefined.items():
            if name in ("mean_absolute_error", "directional_accuracy"):
                output.say(
                    f"{one.model_name}:{one.model_version} since {output.cell(one.start)}:"
                    f" no {name.replace('_', ' ')}, {why}"
                )
    output.say(f"{len(found):,} summaries")


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.6g}"


@command(group, "list")
def list_predictions(
    session: Session,
    model: Model,
    symbol: OfSymbol = None,
    exchange: Exchange = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    limit: Limit = None,
) -> None:
    """Show the predictions of a model version by time, and what they came to.

    `revised` is what ticks that came late make of an outcome; the first one stays beside it.
    """
    with session.connect() as db:
        found = db.registry.latest_predictions(
            reference(model), symbol=symbol, exchange=exchange, start=start, end=end,
            limit=listing.asked(session, limit),
        )  # fmt: skip
    if session.json:
        output.emit(found)
        return
    shown, line = listing.cut(found, limit, "predictions")
    columns = ("predicted (UTC)", "instrument", "horizon", "prediction", "confidence", "reference",
               "actual", "outcome", "revised")  # fmt: skip
    output.table(
        columns,
        [
            (
                one.timestamp,
                f"{one.symbol} on {one.exchange}",
                one.horizon,
                _number(one.prediction),
                _number(one.confidence),
                _number(one.reference),
                _number(one.actual),
                one.detail or one.resolution,
                _revision(one),
            )
            for one in shown
        ],
        right=columns[3:7],
    )
    output.say(line)


def _revision(one: PredictionRow) -> str | None:
    if one.revision is None:
        return None
    return _number(one.revision.actual) or one.revision.detail

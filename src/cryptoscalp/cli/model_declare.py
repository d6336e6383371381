"""Declaring models: what they predict, and the schemas of their versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.model_options import Name, parsed_object, text_of
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import parsed_duration
from cryptoscalp.market.types import Interval
from cryptoscalp.registry.model_types import TargetKind, TargetPrice

_SCHEMA_HELP: Final = (
    'as JSON: name to number, integer, string, boolean, array or object; "name?" may be absent.'
)
_PRICES: Final[Mapping[str | None, TargetPrice | None]] = {
    None: None,
    "last-trade": "LAST_TRADE",
    "mid": "MID",
    "candle-close": "CANDLE_CLOSE",
}
_KINDS: Final[Mapping[str | None, TargetKind | None]] = {
    None: None,
    "price": "PRICE",
    "return": "RETURN",
}


def register(group: typer.Typer) -> None:
    """Add the commands to `models`."""
    command(group, "declare")(declare)


def declare(
    session: Session,
    name: Name,
    description: Annotated[
        str | None, typer.Option("--description", metavar="TEXT", help="What it does.")
    ] = None,
    target_price: Annotated[
        Literal["last-trade", "mid", "candle-close"] | None,
        typer.Option("--target-price", help="Price that its predictions are compared with."),
    ] = None,
    target_kind: Annotated[
        Literal["price", "return"] | None,
        typer.Option("--target-kind", help="Whether it predicts that price, or the return on it."),
    ] = None,
    target_interval: Annotated[
        Interval | None, typer.Option("--target-interval", help="Of candle-close: which candles.")
    ] = None,
    reach: Annotated[
        float | None,
        typer.Option(
            "--reach",
            parser=parsed_duration,
            metavar="TIME",
            help="A price older than this is not the price at a moment, such as 30s.",
        ),
    ] = None,
    patience: Annotated[
        float | None,
        typer.Option(
            "--patience",
            parser=parsed_duration,
            metavar="TIME",
            help="How long an outcome waits for coverage, such as 1d.",
        ),
    ] = None,
    hyperparameters: Annotated[
        dict[str, Any] | None,
        typer.Option(
            "--hyperparameters",
            parser=parsed_object,
            metavar="JSON",
            help=f"Schema of hyperparameters {_SCHEMA_HELP}",
        ),
    ] = None,
    metrics: Annotated[
        dict[str, Any] | None,
        typer.Option(
            "--metrics",
            parser=parsed_object,
            metavar="JSON",
            help=f"Schema of metrics {_SCHEMA_HELP}",
        ),
    ] = None,
) -> None:
    """Declare a model, or more of one that is there; what is not given stays as it is.

    A new model predicts the price of the last trade, with a reach of a minute, a patience of a day
    and no schemas.
    """
    with session.connect() as db:
        found = db.registry.declare_model(
            name,
            description,
            target_price=_PRICES[target_price],
            target_kind=_KINDS[target_kind],
            target_interval=target_interval,
            target_reach=None if reach is None else timedelta(seconds=reach),
            patience=None if patience is None else timedelta(seconds=patience),
            hyperparameters=hyperparameters,
            metrics=metrics,
        )
    if session.json:
        output.emit(found)
        return
    output.fields(
        [
            ("model", found.model_name),
            ("description", found.description),
            ("target", f"{found.target_kind} of {found.target_price}"),
            ("target interval", found.target_interval),
            ("reach", found.target_reach),
            ("patience", found.patience),
            ("hyperparameters", text_of(found.hyperparameter_schema)),
            ("metrics", text_of(found.metric_schema)),
            ("versions", found.last_version_number),
            ("created (UTC)", found.created_at),
        ]
    )

"""`cryptoscalp predictions record`: predictions of a file into the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.predictions import group
from cryptoscalp.cli.session import Session, command

_ENDINGS: Final = (".parquet", ".csv", ".jsonl", ".json")


def register(_app: typer.Typer) -> None:
    """Add nothing: `record` hangs onto `predictions`."""


@command(group, "record")
def record(
    session: Session,
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="FILE.parquet, .csv, .jsonl (a line each), .json."),
    ],
    backfill: Annotated[
        bool,
        typer.Option(
            "--backfill", help="The outcome of some may be known already; they are marked."
        ),
    ] = False,
) -> None:
    """Record the predictions of a file, all of them or none; the same again changes nothing.

    Columns: model_id, or model and version; symbol, exchange, timestamp, horizon, prediction,
    confidence, latency_ms, inputs_until; where features were read, feature_set_id or fingerprint,
    and features_at. In CSV and JSON a horizon is in seconds and times are ISO 8601 with a zone; in
    Parquet they are durations and timestamps with a zone.
    """
    if path.suffix not in _ENDINGS:
        raise typer.BadParameter(
            f"{path}: the ending says the format; use {', '.join(_ENDINGS[:-1])} or {_ENDINGS[-1]}"
        )
    from cryptoscalp.cli import prediction_files

    table = prediction_files.read(path)
    with session.connect() as db:
        found = db.registry.record_predictions(table, backfill=backfill)
    if session.json:
        output.emit(found)
    else:
        output.say(
            f"{found.received:,} received, {found.stored:,} stored,"
            f" {found.duplicate:,} there already"
        )

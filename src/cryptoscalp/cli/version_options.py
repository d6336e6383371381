"""What `models list` is asked for: an option for each thing that is known of a version."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cryptoscalp.cli.model_options import parsed_object
from cryptoscalp.cli.times import parsed_time

OfName = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Of this model only.")]
Status = Annotated[
    Literal["training", "validating", "deployed", "retired"] | None,
    typer.Option("--status", help="In this state only."),
]
Slot = Annotated[
    str | None, typer.Option("--slot", metavar="SLOT", help="Deployed there, now or last.")
]
Alias = Annotated[
    str | None, typer.Option("--alias", metavar="ALIAS", help="That the alias means.")
]
Parent = Annotated[
    str | None, typer.Option("--parent", metavar="REF", help="Made from this version.")
]
ArtifactHash = Annotated[
    str | None, typer.Option("--artifact-hash", metavar="SHA256", help="Of its artifact, in hex.")
]
ArtifactPath = Annotated[
    Path | None, typer.Option("--artifact", metavar="PATH", help="With its artifact at this path.")
]
DataHash = Annotated[
    str | None,
    typer.Option("--training-data-hash", metavar="SHA256", help="Of its data, in hex."),
]
CodeRevision = Annotated[
    str | None,
    typer.Option("--code-revision", metavar="TEXT", help="Commit that it was trained by."),
]
Features = Annotated[
    str | None,
    typer.Option("--features", metavar="REF", help="Feature set: its fingerprint or number."),
]
TrainedFrom = Annotated[
    datetime | None,
    typer.Option(
        "--trained-from",
        parser=parsed_time,
        metavar="TIME",
        help="Trained on some data from then on; with the other end, on some in between.",
    ),
]
TrainedUntil = Annotated[
    datetime | None,
    typer.Option(
        "--trained-until",
        parser=parsed_time,
        metavar="TIME",
        help="Trained on some data before then.",
    ),
]
CreatedFrom = Annotated[
    datetime | None,
    typer.Option(
        "--created-from", parser=parsed_time, metavar="TIME", help="Registered then or later."
    ),
]
CreatedUntil = Annotated[
    datetime | None,
    typer.Option(
        "--created-until", parser=parsed_time, metavar="TIME", help="Registered before then."
    ),
]
Holding = Annotated[
    dict[str, Any] | None,
    typer.Option(
        "--hyperparameters",
        parser=parsed_object,
        metavar="JSON",
        help="With these among its hyperparameters.",
    ),
]
Hyperparameter = Annotated[
    list[str] | None,
    typer.Option(
        "--hyperparameter", metavar="CONDITION", help='A number, such as "depth>=6"; repeatable.'
    ),
]
Metric = Annotated[
    list[str] | None,
    typer.Option("--metric", metavar="CONDITION", help='Such as "acc>=0.9"; repeatable.'),
]
OrderByMetric = Annotated[
    str | None,
    typer.Option("--order-by-metric", metavar="NAME", help="The highest first; else newest."),
]
Ascending = Annotated[
    bool, typer.Option("--ascending", help="With --order-by-metric: the lowest first.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, metavar="COUNT", help="At most so many.")]

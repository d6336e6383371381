"""Versions from runs of MLflow, and runs of MLflow from versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.model_options import Name, Reference, reference, show, tags_of
from cryptoscalp.cli.session import Session, command

TrackingUri = Annotated[
    str | None,
    typer.Option(
        "--tracking-uri",
        metavar="URI",
        help="MLflow's store, such as sqlite:///mlflow.db; else MLFLOW_TRACKING_URI.",
    ),
]


def register(group: typer.Typer) -> None:
    """Add the commands to `models`."""
    command(group, "import-mlflow")(import_mlflow)
    command(group, "export-mlflow")(export_mlflow)


def import_mlflow(
    session: Session,
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="Run of MLflow.")],
    name: Name,
    version: Annotated[
        str | None,
        typer.Option("--version", metavar="LABEL", help="Its label; mlflow-RUN_ID unless said."),
    ] = None,
    artifact: Annotated[
        str | None,
        typer.Option("--artifact", metavar="PATH", help="File or directory among its artifacts."),
    ] = None,
    download_to: Annotated[
        Path | None,
        typer.Option(
            "--download-to", metavar="DIR", help="Where to keep an artifact that lies elsewhere."
        ),
    ] = None,
    tracking_uri: TrackingUri = None,
    parent: Annotated[
        str | None,
        typer.Option("--parent", metavar="REF", help="The version that it was made from."),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="A tag; repeatable.")
    ] = None,
) -> None:
    """Register a finished run of MLflow as a version; the same run again is no second version.

    Its parameters become hyperparameters, its last metrics validation metrics.
    """
    tags = tags_of(tag)
    with session.connect() as db:
        found = db.registry.register_from_mlflow(
            run_id, name, version=version, artifact=artifact, download_to=download_to,
            tracking_uri=tracking_uri, parent=reference(parent), tags=tags,
        )  # fmt: skip
    if session.json:
        output.emit(found)
    else:
        show(session, found.version, ("was there", found.duplicate))


def export_mlflow(
    session: Session,
    model: Reference,
    tracking_uri: TrackingUri = None,
    experiment: Annotated[
        str | None,
        typer.Option("--experiment", metavar="NAME", help="Experiment; the model's name else."),
    ] = None,
) -> None:
    """Make a run of MLflow from a version, with its artifact, and a registered model version.

    Again, and the same run is brought up to date.
    """
    with session.connect() as db:
        found = db.registry.export_to_mlflow(
            reference(model), tracking_uri=tracking_uri, experiment=experiment
        )
    if session.json:
        output.emit({"run_id": found})
    else:
        output.say(f"run {found}")

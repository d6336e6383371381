"""`cryptoscalp models`: register versions of models, find and show them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cryptoscalp.cli import model_declare, model_list, model_moves, model_runs, output
from cryptoscalp.cli.model_options import (
    Name,
    Reference,
    Tag,
    feature_set,
    parsed_object,
    reference,
    show,
    table,
    tags_of,
    text_of,
)
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import parsed_time

_models = typer.Typer(
    rich_markup_mode=None,
    help="Models: versions, their lifecycle, aliases, configs and artifacts.",
)
model_declare.register(_models)

Hyperparameters = Annotated[
    dict[str, Any] | None,
    typer.Option("--hyperparameters", parser=parsed_object, metavar="JSON", help="As JSON."),
]
Metrics = Annotated[
    dict[str, Any] | None,
    typer.Option(
        "--metrics", parser=parsed_object, metavar="JSON", help="Validation metrics as JSON."
    ),
]


def register(app: typer.Typer) -> None:
    """Add `models` and its commands."""
    app.add_typer(_models, name="models")


@command(_models, "register")
def register_version(
    session: Session,
    name: Name,
    version: Annotated[
        str | None,
        typer.Option("--version", metavar="LABEL", help="Its label; the number unless said."),
    ] = None,
    artifact: Annotated[
        Path | None,
        typer.Option("--artifact", metavar="PATH", help="File or directory of the model."),
    ] = None,
    hyperparameters: Hyperparameters = None,
    metrics: Metrics = None,
    parent: Annotated[
        str | None,
        typer.Option("--parent", metavar="REF", help="The version that it was made from."),
    ] = None,
    trained_from: Annotated[
        datetime | None,
        typer.Option(
            "--trained-from", parser=parsed_time, metavar="TIME", help="Start of its data."
        ),
    ] = None,
    trained_until: Annotated[
        datetime | None,
        typer.Option(
            "--trained-until", parser=parsed_time, metavar="TIME", help="Their end, not included."
        ),
    ] = None,
    training_data_hash: Annotated[
        str | None,
        typer.Option("--training-data-hash", metavar="SHA256", help="Of its data, in hex."),
    ] = None,
    code_revision: Annotated[
        str | None,
        typer.Option("--code-revision", metavar="TEXT", help="Commit that it was trained by."),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option("--features", metavar="REF", help="Feature set: its fingerprint or number."),
    ] = None,
    tag: Tag = None,
) -> None:
    """Register a version, in TRAINING; with a label the same again is no second version."""
    tags = tags_of(tag)
    with session.connect() as db:
        found = db.registry.register_version(
            name,
            version=version,
            hyperparameters=hyperparameters,
            metrics=metrics,
            artifact=artifact,
            parent=reference(parent),
            trained_from=trained_from,
            trained_until=trained_until,
            training_data_sha256=training_data_hash,
            code_revision=code_revision,
            feature_set=feature_set(features),
            tags=tags,
        )
    if session.json:
        output.emit(found)
    else:
        show(session, found.version, ("was there", found.duplicate))


model_list.register(_models)


@command(_models, "show")
def show_version(session: Session, model: Reference) -> None:
    """Show a version: its config, what it was made from, and what happened to it."""
    with session.connect() as db:
        found = db.registry.version(reference(model))
        config = db.registry.config(found.model_id)
        lineage = db.registry.lineage(found.model_id)[1:]
        events = db.registry.events(found.model_id)
    if session.json:
        output.emit({"version": found, "config": config, "lineage": lineage, "events": events})
        return
    show(session, found, ("config", config and text_of(config.config)))
    if lineage:
        output.say("")
        output.say("made from")
        table(lineage)
    model_moves.history(events)


for part in (model_moves, model_runs):
    part.register(_models)

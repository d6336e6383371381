"""What becomes of versions: metrics, lifecycle, aliases, configs, checks of their artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.model_options import (
    Name,
    Note,
    Reference,
    parsed_object,
    reference,
    show,
    text_of,
)
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.registry.model_types import DeploymentConfig, ModelEvent


def register(group: typer.Typer) -> None:
    """Add the commands to `models`."""
    command(group, "metrics")(metrics)
    command(group, "promote")(promote)
    command(group, "retire")(retire)
    command(group, "rollback")(rollback)
    command(group, "alias")(alias)
    command(group, "config")(config)
    command(group, "diff")(diff)
    command(group, "verify")(verify)


def metrics(
    session: Session,
    model: Reference,
    values: Annotated[
        dict[str, Any],
        typer.Argument(parser=parsed_object, metavar="JSON", help='Such as {"acc": 0.91}.'),
    ],
) -> None:
    """Record the validation metrics of a version, in place of earlier ones."""
    with session.connect() as db:
        found = db.registry.record_metrics(reference(model), values)
    show(session, found)


def promote(
    session: Session,
    model: Reference,
    slot: Annotated[
        str | None,
        typer.Option("--slot", metavar="SLOT", help="Deploy it here, such as live or paper."),
    ] = None,
    note: Note = None,
) -> None:
    """Move a version from TRAINING to VALIDATING; with --slot from VALIDATING to DEPLOYED there.

    What is deployed in the slot is retired in the same transaction.
    """
    with session.connect() as db:
        found = db.registry.promote(reference(model), slot=slot, note=note)
    show(session, found)


def retire(session: Session, model: Reference, note: Note = None) -> None:
    """Retire a version; a slot that it is deployed in stays empty."""
    with session.connect() as db:
        found = db.registry.retire(reference(model), note=note)
    show(session, found)


def rollback(
    session: Session,
    name: Name,
    slot: Annotated[str, typer.Option("--slot", metavar="SLOT", help="The slot.")],
    expected: Annotated[
        str | None,
        typer.Option(
            "--expected", metavar="REF", help="Only where this version is deployed there now."
        ),
    ] = None,
    note: Note = None,
) -> None:
    """Retire what is deployed in a slot and deploy again what it replaced there.

    Again, and it goes one further back; give --expected where the command may be repeated.
    """
    with session.connect() as db:
        found = db.registry.rollback(name, slot, expected=reference(expected), note=note)
    show(session, found)


def alias(
    session: Session,
    name: Name,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="Such as champion.")],
    model: Annotated[
        str | None, typer.Argument(metavar="[REF]", help="The version that it is to mean.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the alias away.")] = False,
    note: Note = None,
) -> None:
    """Let an alias mean a version of its model from now on, or take it away."""
    if remove == (model is not None):
        raise typer.BadParameter("give a version, or --remove")
    with session.connect() as db:
        if model is None:
            db.registry.remove_alias(name, alias, note=note)
        else:
            one = db.registry.version(reference(model))
            if one.model_name != name:
                raise typer.BadParameter(f"{model} is a version of {one.model_name}, not of {name}")
            db.registry.set_alias(alias, one.model_id, note=note)
        found = db.registry.aliases(name)
    if session.json:
        output.emit(found)
        return
    output.table(
        ["alias", "version", "model_id", "since (UTC)"],
        [
            (one.alias, f"{name}:{one.version_number}", str(one.model_id), one.set_at)
            for one in found
        ],
        right=["model_id"],
    )
    output.say(f"{len(found):,} aliases of {name}")


def config(
    session: Session,
    model: Reference,
    values: Annotated[
        dict[str, Any] | None,
        typer.Argument(parser=parsed_object, metavar="[JSON]", help="What to set; else it shows."),
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="All that it had, the current one last.")
    ] = False,
    note: Note = None,
) -> None:
    """Show what a version is run with, or set it as its next revision."""
    if values is not None and history:
        raise typer.BadParameter("--history shows; leave it out to set a config")
    with session.connect() as db:
        current: DeploymentConfig | None = None
        found: Sequence[DeploymentConfig] = ()
        if history:
            found = db.registry.config_history(reference(model))
        elif values is None:
            current = db.registry.config(reference(model))
        else:
            current = db.registry.set_config(reference(model), values, note=note)
    if session.json:
        output.emit(found if history else current)
        return
    shown = found if history else [current] if current else []
    output.table(
        ["revision", "config", "note", "set (UTC)"],
        [(one.revision, text_of(one.config), one.note, one.updated_at) for one in shown],
        right=["revision"],
    )
    if not shown:
        output.say(f"no config was set for {model}")


def diff(
    session: Session,
    left: Annotated[str, typer.Argument(metavar="LEFT", help="A version, as in `models show`.")],
    right: Annotated[str, typer.Argument(metavar="RIGHT", help="The version to compare.")],
) -> None:
    """Show what sets two versions apart: hyperparameters, metrics, lineage, config."""
    with session.connect() as db:
        found = db.registry.diff(reference(left), reference(right))
    if session.json:
        output.emit(found)
        return
    output.table(
        ["what", left, right],
        [(one.name, *(_side(value) for value in (one.left, one.right))) for one in found],
    )
    output.say(f"{len(found):,} differences")


def _side(value: object) -> str | None:
    return None if value is None else text_of(output.plain(value))


def verify(session: Session, model: Reference) -> None:
    """Check that the artifact of a version is what was registered; fails where it is not."""
    with session.connect() as db:
        found = db.registry.verify_artifact(reference(model))
    if session.json:
        output.emit({"path": found})
    else:
        output.say(f"{found} is what was registered")


def history(events: Sequence[ModelEvent]) -> None:
    """Print what happened to a version."""
    output.table(
        ["event (UTC)", "what", "slot", "note"],
        [(one.timestamp, _event(one), one.slot, one.note) for one in events],
    )
    output.say(f"{len(events):,} events")


def _event(one: ModelEvent) -> str:
    if one.alias is not None:
        return f"alias {one.alias} {'removed' if one.removed else 'set'}"
    moved = f"{one.from_status} to {one.to_status}" if one.from_status else f"{one.to_status}"
    return f"{moved} (rollback)" if one.rollback else moved

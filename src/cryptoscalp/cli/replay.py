"""`cryptoscalp replay`: buffers of experiences, what is in them, and whether all is well."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from cryptoscalp.cli import output, replay_rows, replay_tiers, replay_view
from cryptoscalp.cli.model_options import feature_set
from cryptoscalp.cli.replay_options import BufferName, tiers_of
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.replay.replay_types import Buffer

_replay = typer.Typer(
    rich_markup_mode=None, help="Experience replay: buffers in six tiers, drawn from by priority."
)
_ACTIONS: Final = {"discrete": "DISCRETE", "continuous": "CONTINUOUS"}


def register(app: typer.Typer) -> None:
    """Add `replay` and its commands."""
    app.add_typer(_replay, name="replay")


@command(_replay, "create")
def create(
    session: Session,
    name: BufferName,
    features: Annotated[
        str,
        typer.Option(
            "--features", metavar="REF", help="Feature set of a state: its fingerprint or number."
        ),
    ],
    actions: Annotated[
        Literal["discrete", "continuous"],
        typer.Option("--actions", help="One integer, or numbers."),
    ] = "discrete",
    action_width: Annotated[
        int, typer.Option("--action-width", min=1, help="With continuous: numbers an action.")
    ] = 1,
    capacity: Annotated[
        int | None,
        typer.Option(
            "--capacity", min=1, help="Experiences in six tiers by the default rules; 1,000,000."
        ),
    ] = None,
    tiers: Annotated[
        Path | None,
        typer.Option("--tiers", metavar="FILE", help="The six tiers as JSON, in place of those."),
    ] = None,
) -> None:
    """Declare a buffer; the same again shows the one that is there.

    `replay tiers` shows the tiers of a buffer as FILE has them.
    """
    if tiers is not None and capacity is not None:
        raise typer.BadParameter("--tiers say the capacities, --capacity too; give one of them")
    chosen = None if tiers is None else tiers_of(tiers)
    with session.connect() as db:
        found = db.replay.create_buffer(
            name, feature_set(features) or 0, actions=_ACTIONS[actions],
            action_width=action_width, capacity=capacity or 1_000_000, tiers=chosen,
        )  # fmt: skip
    if session.json:
        output.emit(_plain(found))
        return
    output.fields(
        [
            ("buffer", found.name),
            ("number", str(found.buffer_id)),
            ("feature set", f"{found.feature_set_id} ({', '.join(found.features)})"),
            ("action", _action(found)),
            ("capacity", sum(tier.capacity for tier in found.tiers)),
            ("created (UTC)", found.created_at),
            ("checkpoint (UTC)", found.checkpointed_at),
        ]
    )


@command(_replay, "list")
def list_buffers(session: Session) -> None:
    """Show the buffers in the order of declaration."""
    with session.connect() as db:
        found = db.replay.buffers()
    if session.json:
        output.emit([_plain(one) for one in found])
        return
    output.table(
        ["id", "name", "feature set", "features", "action", "capacity", "created (UTC)",
         "checkpoint (UTC)"],
        [
            (
                str(one.buffer_id),
                one.name,
                str(one.feature_set_id),
                len(one.features),
                _action(one),
                sum(tier.capacity for tier in one.tiers),
                one.created_at,
                one.checkpointed_at,
            )
            for one in found
        ],
        right=["id", "feature set", "features", "capacity"],
    )  # fmt: skip
    output.say(f"{len(found):,} replay buffers")


@command(_replay, "stats")
def stats(session: Session, name: BufferName) -> None:
    """Show how full the tiers are, how priorities and ages lie, and who writes.

    It reads every priority and every row of the buffer, without states: some seconds for a million.
    """
    with session.connect() as db:
        found = db.replay.stats(name)
    if session.json:
        output.emit(found)
    else:
        replay_view.stats(found)


@command(_replay, "verify")
def verify(session: Session, name: BufferName) -> None:
    """Look for what must not be, and compare the sum tree of a memory with the database.

    Exit code 1 when a fault is found. It takes as much memory as an open buffer does.
    """
    with session.connect() as db:
        found = db.replay.verify(name)
    if session.json:
        output.emit(found)
    else:
        replay_view.verification(found)
    if found.faults:
        raise typer.Exit(1)


@command(_replay, "checkpoint")
def checkpoint(session: Session, name: BufferName) -> None:
    """Let tier and priority of experience_replay follow the working ones now.

    The job checkpoint_replay does so every 10 minutes.
    """
    with session.connect() as db:
        changed = db.replay.checkpoint(name)
    if session.json:
        output.emit({"name": name, "changed": changed})
    else:
        output.say(f"{changed:,} experiences followed")


def _action(one: Buffer) -> str:
    kind, width = one.shape.action_kind, one.shape.action_width
    return "one integer" if kind == "DISCRETE" else f"{width:,} numbers"


def _plain(one: Buffer) -> dict[str, Any]:
    """The buffer as JSON has it: a fingerprint is hexadecimal digits, tiers are as in a file."""
    from cryptoscalp.replay.tier_documents import tiers_to_json

    return {
        **output.plain(one),
        "fingerprint": one.fingerprint.hex(),
        "tiers": tiers_to_json(one.tiers),
    }


for part in (replay_tiers, replay_rows):
    part.register(_replay)

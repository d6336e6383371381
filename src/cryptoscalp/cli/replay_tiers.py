"""`cryptoscalp replay tiers` and `prune`: the rules of tiers, and what leaves."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.replay_options import BufferName, TierNumber, tiers_of
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import parsed_duration

if TYPE_CHECKING:
    from cryptoscalp.replay.replay_types import Buffer


def register(replay: typer.Typer) -> None:
    """Add the commands to those of `replay`."""
    command(replay, "tiers")(tiers)
    command(replay, "prune")(prune)


def tiers(
    session: Session,
    name: BufferName,
    given: Annotated[
        Path | None,
        typer.Option("--set", metavar="FILE", help="Give it these: six tiers as --json shows."),
    ] = None,
) -> None:
    """Show the rules of a buffer's tiers, or set them.

    What no longer fits leaves when the rules are next applied: by the job keep_replay, or by a
    memory that is opened from now on.
    """
    chosen = None if given is None else tiers_of(given)
    with session.connect() as db:
        found = db.replay.buffer(name) if chosen is None else db.replay.set_tiers(name, chosen)
    if session.json:
        from cryptoscalp.replay.tier_documents import tiers_to_json

        output.emit(tiers_to_json(found.tiers))
        return
    _table(found)


def prune(
    session: Session,
    name: BufferName,
    tier: TierNumber = None,
    older_than: Annotated[
        float | None,
        typer.Option(
            "--older-than",
            parser=parsed_duration,
            metavar="TIME",
            help="By their timestamps, such as 30d.",
        ),
    ] = None,
    priority_below: Annotated[
        float | None, typer.Option("--priority-below", help="Raw priority below this.")
    ] = None,
    keep: Annotated[
        int | None, typer.Option("--keep", min=0, help="Beyond so many newest ones.")
    ] = None,
) -> None:
    """Let experiences leave for which everything that is given holds.

    Memories that are open follow. The table replay_changes keeps what was asked as the reason.
    """
    if older_than is None and priority_below is None and keep is None:
        raise typer.BadParameter(
            "say which leave: --older-than, --priority-below or --keep (--keep 0: all)"
        )
    with session.connect() as db:
        done = db.replay.prune(
            name,
            tier=tier,
            older_than=None if older_than is None else timedelta(seconds=older_than),
            priority_below=priority_below,
            keep=keep,
        )
    if session.json:
        output.emit(done)
    else:
        output.say(f"{done.evicted:,} experiences have left")


def _table(one: Buffer) -> None:
    from cryptoscalp.replay.tier_documents import tiers_to_json

    output.table(
        ["tier", "name", "capacity", "weight", "enters", "moves on", "when full"],
        [
            (
                str(number),
                tier["name"],
                tier["capacity"],
                f"{tier['weight']:g}",
                "nothing" if tier["admit"] is None else _bounds(tier["admit"]),
                "; ".join(f"to {move['to']}: {_bounds(move['when'])}" for move in tier["moves"])
                or None,
                _leaving(tier),
            )
            for number, tier in enumerate(tiers_to_json(one.tiers), 1)
        ],
        right=["tier", "capacity", "weight"],
    )


def _bounds(condition: dict[str, Any]) -> str:
    return (
        ", ".join(f"{name} {json.dumps(bound)}" for name, bound in condition.items())
        or "everything"
    )


def _leaving(tier: dict[str, Any]) -> str:
    which = tier["overflow"].lower().replace("_", " ")
    to = tier["overflow_to"]
    return f"{which} leaves" if to is None else f"{which} to {to}"

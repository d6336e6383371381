"""`cryptoscalp replay sample` and `export`: experiences themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.replay_options import BufferName
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import parsed_time

Seed = Annotated[int, typer.Option("--seed", min=0, help="Of --draw: the same, the same ones.")]


def register(replay: typer.Typer) -> None:
    """Add the commands to those of `replay`."""
    command(replay, "sample")(sample)
    command(replay, "export")(export)


def sample(
    session: Session,
    name: BufferName,
    count: Annotated[int, typer.Option("--count", min=1, help="How many, with replacement.")] = 10,
    alpha: Annotated[
        float, typer.Option("--alpha", min=0, help="Exponent of priorities; 0: all alike.")
    ] = 0.6,
    tier_weight: Annotated[
        list[float] | None,
        typer.Option("--tier-weight", help="Six times: share of each tier; else the buffer's."),
    ] = None,
) -> None:
    """Draw experiences in the database, by the priorities that it has."""
    with session.connect() as db:
        found = db.replay.sample(name, count, alpha=alpha, tier_weights=tier_weight or None)
    if session.json:
        output.emit(list(found.to_pylist()))
        return
    output.table(
        ["draw", "memory id", "tier", "time (UTC)", "probability", "weight", "priority", "action",
         "reward"],
        _drawn(found.to_pylist()),
        right=["draw", "memory id", "tier", "probability", "weight", "priority", "reward"],
    )  # fmt: skip
    output.say(f"{found.num_rows:,} draws")


def export(
    session: Session,
    name: BufferName,
    target: Annotated[
        Path,
        typer.Option(
            "--output", metavar="FILE", help="FILE.parquet, or Arrow: .arrow, .feather, .ipc."
        ),
    ],
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            parser=parsed_time,
            metavar="TIME",
            help="What was recorded by then; now unless said.",
        ),
    ] = None,
    tier: Annotated[
        list[int] | None,
        typer.Option("--tier", min=1, max=6, help="In this tier now; repeatable."),
    ] = None,
    draw: Annotated[
        int | None, typer.Option("--draw", min=1, help="So many of them, without replacement.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Write a training set, and show the hash of what is in it.

    The same --as-of gives the same hash in every format, until an experience leaves.
    """
    with session.connect() as db:
        done = db.replay.export(name, target, as_of=as_of, tiers=tier or None, draw=draw, seed=seed)
    if session.json:
        output.emit(done)
        return
    output.fields(
        [
            ("path", done.path),
            ("experiences", done.rows),
            ("as of (UTC)", output.plain(done.as_of)),
            ("content hash", done.content_hash),
            ("left since", done.evicted_since),
        ]
    )


def _drawn(rows: list[dict[str, Any]]) -> Iterator[tuple[object, ...]]:
    for row in rows:
        numbers = (row["probability"], row["weight"], row["priority"])
        action = row["action"]
        yield (
            str(row["draw"]),
            str(row["memory_id"]),
            str(row["tier"]),
            row["timestamp"],
            *(f"{number:.4g}" for number in numbers),
            str(action) if isinstance(action, int) else ", ".join(f"{one:.4g}" for one in action),
            f"{row['reward']:.6g}",
        )

"""`cryptoscalp import list` and `undo`: what was imported, and how to take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.import_view import NUMBERS, counted
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.market.types import Undone


def register(imports: typer.Typer) -> None:
    """Add the commands to those of `import`."""
    command(imports, "list")(list_batches)
    command(imports, "undo")(undo)


def list_batches(
    session: Session,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 20,
) -> None:
    """Show the newest batches, each with its account.

    A batch is an import of one file, a session of a feed, or a call.
    """
    with session.connect() as db:
        found = db.market.batches(limit)
    if session.json:
        output.emit(found)
        return
    if not found:
        output.say("nothing was imported yet")
    for one in found:
        began = output.cell(one.started_at).partition(".")[0]
        output.say(f"batch {one.batch_id}  {one.status}  {began} UTC  {one.format}")
        counts = [(name, getattr(one, name)) for name in NUMBERS]
        output.say(f"  {counted(counts)}")
        output.say(f"  {one.source}")


def undo(
    session: Session,
    batch: Annotated[int, typer.Argument(metavar="BATCH", help="Number from `import list`.")],
) -> None:
    """Take back the events that a batch stored.

    Candles, newest rows and coverage follow.
    """
    with session.connect() as db:
        undone = db.market.undo_batch(batch)
    if session.json:
        output.emit(undone)
    else:
        output.say(f"batch {undone.batch_id} is undone: {_taken_back(undone)}")


def _taken_back(undone: Undone) -> str:
    counts = {
        "trades": undone.trades,
        "quotes": undone.quotes,
        "candles": undone.candles,
        "mark prices": undone.mark_prices,
        "funding rates": undone.funding_rates,
    }
    parts = [f"{count:,} {what}" for what, count in counts.items() if count]
    return f"{', '.join(parts)} were taken back" if parts else "it had stored nothing"

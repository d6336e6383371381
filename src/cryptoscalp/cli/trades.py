"""`cryptoscalp trades`: the account's fills in the books."""

from __future__ import annotations

import typer

#: Other modules hang their commands onto it.
group = typer.Typer(rich_markup_mode=None, help="The account's fills: list, import, take back.")


def register(app: typer.Typer) -> None:
    """Add `trades` and its commands."""
    app.add_typer(group, name="trades")

"""Long answers: a table shows the last rows, JSON all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from cryptoscalp.cli.session import Session

T = TypeVar("T")
_SHOWN: Final = 40


def asked(session: Session, limit: int | None) -> int | None:
    """How many rows to ask for: one more than a table shows, to know that there are more."""
    return limit if limit is not None or session.json else _SHOWN + 1


def cut(
    found: Sequence[T], limit: int | None, what: str, *, more: str = "--limit or --json"
) -> tuple[Sequence[T], str]:
    """The rows of a table, and the line below it; `more` are the options that give the others."""
    if limit is None and len(found) > _SHOWN:
        return found[-_SHOWN:], f"the last {_SHOWN} {what} ({more} gives more)"
    return found, f"{len(found):,} {what}"

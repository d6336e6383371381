"""Names of columns: told apart when a header repeats one, and found by name or by position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from cryptoscalp.infra.db.errors import InputError


def distinct(header: Iterable[str]) -> tuple[str, ...]:
    """The names with a suffix on each that came before (`price`, `price_2`)."""
    names: list[str] = []
    seen: Counter[str] = Counter()
    taken = set(header := [name.strip() for name in header])
    for name in header:
        seen[name] += 1
        unique = name
        while seen[name] > 1 and (unique in taken or unique in names):
            unique = f"{name}_{seen[name]}"
            seen[name] += unique in taken or unique in names
        names.append(unique)
    return tuple(names)


def column(wanted: str, header: Sequence[str], field: str) -> str:
    """The column of `distinct(header)` that is wanted by name, or as `#n` by position (1-based).

    A name is found in any case when only one column is like it. Raises InputError, naming the
    columns there are, when no column or more than one is meant.
    """
    names = distinct(header)
    places = [place for place, name in enumerate(header) if name.strip() == wanted]
    if not places:
        lowered = wanted.lower()
        places = [place for place, name in enumerate(header) if name.strip().lower() == lowered]
    if not places and wanted.startswith("#") and wanted[1:].isdecimal():
        position = int(wanted[1:])
        if not 1 <= position <= len(names):
            raise InputError(f"{field}: there is no column {wanted}; there are {len(names)}")
        places = [position - 1]
    match places:
        case [place]:
            return names[place]
        case []:
            raise InputError(
                f"{field}: there is no column {wanted!r}; the columns are {', '.join(names)}"
            )
        case _:
            positions = " or ".join(f"#{place + 1}" for place in places)
            raise InputError(
                f"{field}: the header names {wanted!r} {len(places)} times; say which by"
                f" position: {positions}"
            )

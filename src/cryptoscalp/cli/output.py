"""Answers: JSON for programs, tables for people."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from cryptoscalp.cli.times import iso
from cryptoscalp.infra.db.secrets import masked
from cryptoscalp.trading.exact import EXACT

#: Width of tables where no terminal says another one: wide enough not to cut.
_PIPED_WIDTH: Final = 200
#: Words up to this length are not folded.
_LONGEST_WORD: Final = 12
_UNLIMITED: Final = 10_000
#: Venue ids may not fit the numbers of every JSON reader.
_IDS: Final = ("sequence", "first_sequence", "last_sequence")


def exact(number: Decimal) -> str:
    """All digits, without trailing zeros or an exponent."""
    return f"{number.normalize(EXACT):f}"


def plain(value: Any, name: str = "") -> Any:
    """A value as JSON has it: decimals and ids are text, times ISO 8601 in UTC, spans seconds."""
    if isinstance(value, Decimal):
        return exact(value)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (Path, date)):
        return str(value)
    if isinstance(value, bytes):
        return _text(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name), field.name)
            for field in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {key: plain(one, key) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if name in _IDS and isinstance(value, int):
        return str(value)
    return value


def _text(raw: bytes) -> str | dict[str, str]:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}


def emit(value: Any) -> None:
    """Print one JSON object or list."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")


def emit_line(value: Any) -> None:
    """Print one JSON object on a line of its own, at once."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Print one line."""
    sys.stdout.write(f"{text}\n")


def tell(message: str) -> None:
    """Print one line on stderr, without passwords."""
    sys.stderr.write(f"cryptoscalp: {masked(' '.join(message.split()))}\n")


def _width() -> int | None:
    """The width to print at; None for what the terminal says."""
    if sys.stdout.isatty():
        return None
    said = os.environ.get("COLUMNS", "")
    return int(said) if said.isdecimal() and int(said) else _PIPED_WIDTH


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
    right: Iterable[str] = (),
) -> None:
    """Print rows under headings; the columns named in `right` are numbers.

    Where room is short, words are folded at blanks; a table that does not fit then is wider than
    the terminal rather than cut.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    numbers = set(right)
    cells = [[cell(value) for value in row] for row in rows]
    for at, column in enumerate(columns):
        words = " ".join([column, *(row[at] for row in cells)]).split()
        made.add_column(
            column,
            justify="right" if column in numbers else "left",
            no_wrap=column in numbers,
            overflow="fold",
            min_width=min(_LONGEST_WORD, max(map(len, words), default=1)),
        )
    for row in cells:
        made.add_row(*(Text(value) for value in row))

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # the library would leave with exit code 1

    console = Piped(width=_width(), highlight=False)
    least = console.measure(made, options=console.options.update(max_width=_UNLIMITED)).minimum
    console.width = max(console.width, least)
    console.print(made, crop=False)


def narrow(rows: Sequence[tuple[Sequence[str], Sequence[int]]], heads: Sequence[str]) -> None:
    """Print rows of words, then of numbers, each on one line; `heads` name both.

    Columns of numbers that are all zero are left out; where room is short, words are cut with an
    ellipsis, numbers never.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    words = len(rows[0][0])
    kept = [
        at for at in range(len(heads) - words) if not at or any(counts[at] for _, counts in rows)
    ]
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads[:words]:
        made.add_column(head, min_width=min(8, max(len(head), 6)))
    for at in kept:
        made.add_column(heads[words + at], justify="right", no_wrap=True)
    for texts, counts in rows:
        made.add_row(
            *(Text(text, no_wrap=True, overflow="ellipsis") for text in texts),
            *(Text(cell(counts[at])) for at in kept),
        )

    Console(width=_width(), highlight=False).print(made)


def fields(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names with their values, one a line."""
    found = [(name, cell(value)) for name, value in pairs]
    width = max(len(name) for name, _ in found)
    for name, value in found:
        say(f"{name:<{width}}  {value}")


def cell(value: object) -> str:
    """A value as a table shows it."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return exact(value)
        case datetime():
            from cryptoscalp.cli.times import readable

            return readable(value)
        case int():
            return f"{value:,}"
        case _:
            return str(value)


def size(count: int) -> str:
    """Bytes in the unit that suits them."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1_000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1_000
    return f"{amount:.1f} TB"

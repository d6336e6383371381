"""Tables into files: Parquet or CSV by the file's ending, CSV on stdout for `-`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session

if TYPE_CHECKING:
    import pyarrow as pa

Target = Annotated[
    str | None,
    typer.Option(
        "--output", metavar="FILE", help="Write to FILE.parquet or FILE.csv; - is CSV on stdout."
    ),
]
_ENDINGS: Final = (".parquet", ".csv")
_CSV_ROWS: Final = 50_000
_CSV_TIME: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"


def checked(target: str | None, session: Session) -> str | None:
    """The target, when its ending is known and stdout is left to one format."""
    if target == "-" and session.json:
        raise typer.BadParameter("--output - is CSV on stdout and --json is JSON; choose one")
    if target not in (None, "-") and Path(target).suffix not in _ENDINGS:
        raise typer.BadParameter(
            f"--output {target}: the ending says the format; use .parquet, .csv, or - for stdout"
        )
    return target


def write(table: pa.Table, target: str, session: Session) -> None:
    """Write all rows; a file appears under its name only when it is whole."""
    if target == "-":
        _csv(table, sys.stdout.buffer)
        return
    from cryptoscalp.infra.db.errors import InputError

    path = Path(target)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            if path.suffix == ".csv":
                _csv(table, file)
            else:
                _parquet(table, file)
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    if session.json:
        output.emit({"path": path, "rows": table.num_rows})
    else:
        output.say(f"{table.num_rows:,} rows written to {path}")


def _parquet(table: pa.Table, file: BinaryIO) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, file)


def _csv(table: pa.Table, file: BinaryIO) -> None:
    import polars as pl

    frame = pl.DataFrame(table)
    # Decimal(38, 18) would write 18 decimals; the zeros at the end say nothing.
    trimmed = pl.col(pl.Decimal).cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
    categories = pl.col(pl.Categorical, pl.Enum).cast(pl.String)
    shown = frame.with_columns(trimmed, categories)
    for at in range(0, max(shown.height, 1), _CSV_ROWS):
        # Written by us: the library's own writing to a pipe hides that the reader has gone.
        text = shown.slice(at, _CSV_ROWS).write_csv(
            include_header=at == 0, datetime_format=_CSV_TIME
        )
        file.write(text.encode())

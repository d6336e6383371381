"""`cryptoscalp report`: a portfolio and period as one HTML file."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.book_options import PortfolioName, RateOption, rates_of
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import Start, parsed_duration, parsed_time


def register(app: typer.Typer) -> None:
    """Add `report`."""
    command(app, "report")(report)


def report(
    session: Session,
    name: PortfolioName,
    start: Start,
    end: Annotated[
        datetime,
        typer.Option("--end", parser=parsed_time, metavar="TIME", help="Last moment, included."),
    ],
    output_file: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The HTML file to write.")
    ],
    step: Annotated[
        float | None,
        typer.Option(
            "--step",
            parser=parsed_duration,
            metavar="TIME",
            help="From point to point of the curve; else as makes at most 400.",
        ),
    ] = None,
    rate: RateOption = None,
) -> None:
    """Write a report: equity, drawdown, returns, exposure, P&L by day, stress tests.

    The file needs nothing else: styles and charts are inside, and it loads nothing.
    """
    rates = rates_of(rate)
    length = None if step is None else timedelta(seconds=step)
    with session.connect() as db:
        text = db.reports.portfolio(name, start, end, step=length, rates=rates)
    written = _written(output_file, text)
    if session.json:
        output.emit({"portfolio": name, "file": output_file, "bytes": written})
        return
    output.say(f"{output_file}: {output.size(written)}")


def _written(target: Path, text: str) -> int:
    """The whole file or none: a reader never sees half of it."""
    raw = text.encode()
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_bytes(raw)
        beside.replace(target)
    except OSError as error:
        # The file beside it is nobody's business but ours.
        raise OSError(error.errno, error.strerror, str(target)) from error
    finally:
        with suppress(OSError):
            beside.unlink()
    return len(raw)

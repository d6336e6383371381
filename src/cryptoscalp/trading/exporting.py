"""Flow: the fills of a portfolio into a file, from which they can be imported again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, call
from cryptoscalp.market.names import moment, resolve, span
from cryptoscalp.trading.files.own import as_csv, as_json_lines
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.standing import standing_fills
from cryptoscalp.trading.types import Fill

_WRITERS: Final = {".csv": as_csv, ".jsonl": as_json_lines}


@dataclass(frozen=True, slots=True)
class FillsExported:
    """The file that was written, and how many fills are in it."""

    path: Path
    fills: int


def export_fills(
    portfolio: str,
    path: Path | str,
    *,
    symbol: str | None = None,
    exchange: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Flow[FillsExported]:
    """Write the fills that stand in a portfolio, by time, to a .csv or .jsonl file.

    Adjustments are among them, what was taken back is not. `start` is included, `end` is not. The
    numbers have all their digits; `import_fills` reads the file without options. It appears under
    its name only when it is whole. Raises InputError, NotFound for an unknown portfolio or symbol.
    """
    target = checked_target(path)
    account = yield from known_portfolio(portfolio)
    if start is not None and end is not None:
        span(start, end)
    for name, value in (("start", start), ("end", end)):
        if value is not None:
            moment(value, name)
    if symbol is not None:
        symbol, exchange = yield from resolve(symbol, exchange)
    found = yield from standing_fills(account, symbol, exchange, start=start, end=end)
    fills = [one.fill for one in found]
    yield from call(partial(_write, target, fills, account.base_currency))
    return FillsExported(target, len(fills))


def checked_target(path: Path | str) -> Path:
    """The path, when its ending is one that is written; InputError otherwise."""
    target = Path(path)
    if target.suffix not in _WRITERS:
        raise InputError(
            f"{path}: the ending says the format of the fills; use {' or '.join(_WRITERS)}"
        )
    return target


def _write(target: Path, fills: list[Fill], rates_in: str) -> None:
    partial_file = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with partial_file.open("w", encoding="utf-8", newline="") as file:
            file.writelines(_WRITERS[target.suffix](fills, rates_in))
        partial_file.replace(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        partial_file.unlink(missing_ok=True)

"""The examples of `risk limits`, `halt`, `resume`, `state`, `alerts`: they need no market data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_AT: Final = "2024-08-09T07:00:01.000000Z"
#: What differs from run to run, and what the reference shows in its place.
STEADY: Final[Mapping[str, Any]] = {
    "timestamp": _AT,
    "valid_from": _AT,
    "valid_until": "2024-08-09T07:00:02.000000Z",
    "since": _AT,
    "opened_at": _AT,
    "checked_at": _AT,
}
LINES: Final = (
    "portfolio create desk --base USDT --leverage 3",
    "portfolio deposit desk USDT 5000 --reference bank-3",
    (
        "risk limits set gross_exposure --portfolio desk --high 8000 --critical 10000"
        " --action halt --note desk-rules"
    ),
    "risk limits set drawdown --portfolio desk --medium 0.05 --high 0.1",
    "risk limits check --portfolio desk",
    "risk limits breaches --portfolio desk",
    "risk limits remove 2",
    "risk limits list --portfolio desk --ended",
    "risk halt desk --reason venue-down",
    "risk resume desk --reason venue-is-back",
    "risk state desk",
    "risk alerts --limit 2",
)


def prepare(words: str, data_dir: Path) -> None:
    """Nothing: the lines need only each other."""

"""The examples of `performance`: the portfolio of the other examples, on its day."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

#: What differs from run to run, and what the reference shows in its place.
STEADY: Final[Mapping[str, Any]] = {"computed_at": "2024-08-09T07:00:01.000000Z"}
LINES: Final = (
    "performance refresh main --as-of 2024-08-09T02:00:00Z",
    "performance show main --period 1h --limit 2",
    "performance show main --period 1d",
    "performance compare --by symbol",
)


def prepare(words: str, data_dir: Path) -> None:
    """Nothing: the portfolio comes with the examples of the books."""

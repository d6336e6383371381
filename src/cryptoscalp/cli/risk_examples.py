"""The examples of `risk`: a bitcoin's hundredth over a hundred seconds of trades."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_METHOD: Final = "--horizon 1s --lookback 100s"
_AT: Final = "--at 2024-08-08T23:56:50Z"
#: What differs from run to run, and what the reference shows in its place.
STEADY: Final[Mapping[str, Any]] = {"recorded_at": "2024-08-09T07:00:01.000000Z"}
LINES: Final = (
    "portfolio create risky --base USDT",
    "portfolio deposit risky USDT 1000 --reference bank-7 --at 2024-08-08T23:55:01Z",
    (
        "trades record --portfolio risky BTCUSDT --exchange binance --side buy --quantity 0.01"
        " --price 61838 --id 900 --at 2024-08-08T23:55:02Z"
    ),
    f"risk show risky {_AT} {_METHOD} --estimator historical",
    f"risk record risky {_AT} {_METHOD} --estimator historical --estimator gaussian",
    "risk history risky",
    (
        f"risk backtest risky --start 2024-08-08T23:56:00Z --end 2024-08-08T23:57:00Z {_METHOD}"
        " --estimator historical --record"
    ),
)


def prepare(words: str, data_dir: Path) -> None:
    """Nothing: the trades come with the first examples of all."""

"""Parameters of the drift detectors: names, defaults (river's own), and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from cryptoscalp.adaptation.drift_types import Algorithm
from cryptoscalp.infra.db.errors import InputError

#: Observations for each bin of PSI, in both windows: below that its threshold is too low.
LEAST_A_BIN: Final = 20
#: Windows longer than this would make every step slow: each one reads and writes the whole state.
LONGEST_WINDOW: Final = 100_000

DEFAULTS: Final[Mapping[Algorithm, Mapping[str, Any]]] = MappingProxyType(
    {
        "ADWIN": {
            "delta": 0.002, "clock": 32, "max_buckets": 5, "min_window_length": 5,
            "grace_period": 10,
        },
        "PAGE_HINKLEY": {
            "min_instances": 30, "delta": 0.005, "threshold": 50.0, "alpha": 0.9999, "mode": "both",
        },
        "KSWIN": {"alpha": 0.005, "window_size": 100, "stat_size": 30, "seed": 1},
        "PSI": {"reference": 1_000, "current": 500, "bins": 10, "alpha": 0.001},
    }
)  # fmt: skip
_PROBABILITIES: Final = ("ADWIN.delta", "PAGE_HINKLEY.alpha", "KSWIN.alpha", "PSI.alpha")
_FROM_ZERO: Final = ("PAGE_HINKLEY.delta", "KSWIN.seed", "ADWIN.grace_period")


def complete(algorithm: Algorithm, given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of an algorithm, the given ones in place of the defaults.

    Raises InputError for a name that it does not have, and for a value that cannot be one.
    """
    defaults = DEFAULTS[algorithm]
    unknown = sorted(given.keys() - defaults.keys())
    if unknown:
        raise InputError(
            f"{algorithm} has no parameter {', '.join(unknown)}; it has {', '.join(defaults)}"
        )
    whole = {name: _checked(algorithm, name, given.get(name, defaults[name])) for name in defaults}
    wrong = _contradiction(algorithm, whole)
    if wrong:
        raise InputError(f"{algorithm} cannot work so: {wrong}")
    return whole


def _checked(algorithm: Algorithm, name: str, value: Any) -> Any:
    kind = type(DEFAULTS[algorithm][name])
    full = f"{algorithm}.{name}"
    if kind is str:
        if value not in ("up", "down", "both"):
            raise InputError(f"{full} is up, down or both, not {value!r}")
        return value
    if isinstance(value, bool) or not isinstance(value, int if kind is int else (int, float)):
        raise InputError(f"{full} is {'a whole number' if kind is int else 'a number'}: {value!r}")
    number = kind(value)
    if full in _PROBABILITIES:
        if not 0 < number < 1:
            raise InputError(f"{full} is a number between 0 and 1, not {value!r}")
    elif not (0 <= number < 1e12) or (number == 0 and full not in _FROM_ZERO):
        raise InputError(f"{full} must be above zero: {value!r}")
    return number


def _contradiction(algorithm: Algorithm, whole: Mapping[str, Any]) -> str | None:
    if algorithm == "KSWIN":
        # Half of the window is drawn from what comes before the newest part of it.
        if 2 * whole["stat_size"] > whole["window_size"]:
            return "stat_size may be half of window_size at most"
        if whole["window_size"] > LONGEST_WINDOW:
            return f"window_size may be {LONGEST_WINDOW:,} at most"
    if algorithm == "PSI":
        shorter = min(whole["reference"], whole["current"])
        if whole["bins"] < 2 or shorter < LEAST_A_BIN * whole["bins"]:
            return (
                f"two bins at least, and in each window {LEAST_A_BIN} observations a bin: fewer"
                " raise more false alarms than alpha says"
            )
        if max(whole["reference"], whole["current"]) > LONGEST_WINDOW:
            return f"a window may have {LONGEST_WINDOW:,} observations at most"
    return None

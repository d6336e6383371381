"""Campaign: what drift detectors find, how late, and how often they alarm for nothing.

Each of river's detectors runs twice over the same streams: as the project has it, its state
stored and loaded on the way, and bare in memory. PSI stands beside what its alpha promises.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from campaigns.drift_beside import RESTART_EVERY, RESTARTED_ALWAYS, beside
from campaigns.drift_calibration import ALPHAS, SIZES, calibrate
from campaigns.drift_streams import CASES
from campaigns.evidence import Campaign, Result, heading, table
from cryptoscalp.adaptation.drift_types import Algorithm

#: Streams of each case. KSWIN tests at every observation, a thousand times slower than ADWIN.
STREAMS: Final = 200
STREAMS_OF_KSWIN: Final = 16
#: Standard deviations of the signal: errors of about 0 to 1, and errors in units of their sigma.
#: KSWIN and PSI compare ranks: the unit of the signal is nothing to them.
SMALL: Final = 0.05
UNIT: Final = 1.0
_RUNS: Final[tuple[tuple[Algorithm, float, int], ...]] = (
    ("ADWIN", SMALL, STREAMS),
    ("ADWIN", UNIT, STREAMS),
    ("PAGE_HINKLEY", SMALL, STREAMS),
    ("PAGE_HINKLEY", UNIT, STREAMS),
    ("KSWIN", SMALL, STREAMS_OF_KSWIN),
    ("PSI", SMALL, STREAMS),
)


def measure(algorithm: Algorithm, sigma: float, streams: int) -> Result:
    """All cases of a detector; passes where it decides each time as river's in memory does."""
    cases = {case.name: beside(algorithm, case, streams=streams, sigma=sigma) for case in CASES}
    return {
        "passed": all(case.get("differ", 0) == 0 for case in cases.values()),
        "algorithm": algorithm,
        "sigma": sigma,
        "cases": cases,
    }


def _parts(options: Namespace) -> Mapping[str, Callable[[], Result]]:
    parts: dict[str, Callable[[], Result]] = {
        f"{algorithm}, sigma {sigma}": partial(measure, algorithm, sigma, streams)
        for algorithm, sigma, streams in _RUNS
    }
    for reference, current, bins in SIZES:
        name = f"PSI's alpha, {reference} and {current} in {bins} bins"
        parts[name] = partial(calibrate, reference, current, bins)
    return parts


def _page(found: Mapping[str, Any]) -> str:
    parts = found["parts"].values()
    detectors = [part for part in parts if "cases" in part]
    lines = ["# Drift detectors on synthetic shifts", "", *heading(found), ""]
    lines += [
        "Numbers of mean 4 sigma, all parameters the defaults; the shift comes after 2,000 to",
        "2,500 observations. False alarms are those before it. Found: by an alarm within the next",
        "2,000; on streams without a shift that is what chance gives. Delays are in observations,",
        "over all streams; – where too few are found. The state of a detector is",
        f"stored and loaded after every {RESTART_EVERY} observations, in the first",
        f"{RESTARTED_ALWAYS} streams of each case after each one; `river` is the same detector,",
        "bare and in memory, over the same streams; `alpha` is what PSI's own promises.",
    ]
    header = (
        "case", "by", "streams", "false alarms per 1,000", "streams with one", "found",
        "median delay", "90 % delay", "decisions", "differ",
    )  # fmt: skip
    for part in detectors:
        lines += ["", f"## {part['algorithm']}, sigma {part['sigma']}", ""]
        lines += table(header, [row for name in part["cases"] for row in _rows(name, part)])
    lines += [
        "", "## PSI's alpha", "",
        "Share of windows without a shift that exceed the threshold; in brackets the standard",
        "error of a share that is alpha.", "",
    ]  # fmt: skip
    sizes = ("reference", "current", "bins", "windows", *(f"alpha {one}" for one in ALPHAS))
    lines += table(sizes, [_rates(part) for part in parts if "rates" in part])
    return "\n".join(lines) + "\n"


def _rows(name: str, part: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """The lines of a case: the detector's, and below it its peer's or its target."""
    case = part["cases"][name]
    rows: list[tuple[object, ...]] = []
    for who, by in (("ours", "cryptoscalp"), ("river", "river"), ("target", "alpha")):
        if who not in case:
            continue
        figures = case[who]
        delays = [figures[delay] for delay in ("median_delay", "p90_delay")]
        rows.append((
            name, by, case["streams"], f"{figures['false_per_1000']:.3f}",
            _percent(figures["streams_with_false"]), _percent(figures["found"]),
            *("–" if delay is None else f"{delay:,}" for delay in delays),
            case["decisions"] if who != "target" else "", case["differ"] if who == "river" else "",
        ))  # fmt: skip
    return rows


def _rates(part: Mapping[str, Any]) -> tuple[object, ...]:
    shown = [
        f"{part['rates'][str(alpha)]:.5f} ({part['standard_errors'][str(alpha)]:.5f})"
        for alpha in ALPHAS
    ]
    return (part["reference"], part["current"], part["bins"], part["windows"], *shown)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


CAMPAIGN: Final = Campaign(
    name="drift",
    about="delays and false alarms of the drift detectors beside river in memory",
    vouches_for=(
        "src/cryptoscalp/adaptation/detectors.py",
        "src/cryptoscalp/adaptation/psi.py",
        "src/cryptoscalp/adaptation/drift_parameters.py",
        "campaigns/drift*.py",
    ),
    parts=_parts,
    page=_page,
)

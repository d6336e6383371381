"""How often PSI's threshold alarms without a shift, beside the alpha that it is made for."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from cryptoscalp.adaptation.drift_parameters import DEFAULTS, complete
from cryptoscalp.adaptation.psi import edges, index, threshold

#: Observations of the reference and of the current window, and bins: the defaults first, then the
#: smallest windows that are allowed, then larger ones.
SIZES: Final = (
    (DEFAULTS["PSI"]["reference"], DEFAULTS["PSI"]["current"], DEFAULTS["PSI"]["bins"]),
    (200, 200, 10),
    (1_000, 200, 10),
    (2_000, 2_000, 10),
)
ALPHAS: Final = (0.05, 0.01, 0.001)
WINDOWS: Final = 100_000
#: Alarms may be so many times as frequent as alpha says.
MOST: Final = 1.2


def calibrate(reference: int, current: int, bins: int, windows: int = WINDOWS) -> dict[str, Any]:
    """Compare `windows` pairs of windows of one distribution, each pair with its own reference.

    The bins are quantiles of the reference, so every continuous distribution gives the same.
    Passes where no rate is, by more than three standard errors, above what is allowed.
    """
    complete("PSI", {"reference": reference, "current": current, "bins": bins})
    drawn = np.random.default_rng([reference, current, bins])
    found = np.empty(windows)
    for number in range(windows):
        both: list[Any] = [drawn.random(reference), drawn.random(current)]
        cuts = edges(both[0], bins)
        counts: list[Any] = [
            np.bincount(np.searchsorted(cuts, of, side="right"), minlength=bins) for of in both
        ]
        found[number] = index(*counts)
    rates, errors = {}, {}
    for alpha in ALPHAS:
        rate = float((found > threshold(reference, current, bins, alpha)).mean())
        rates[str(alpha)] = round(rate, 5)
        errors[str(alpha)] = round((alpha * (1 - alpha) / windows) ** 0.5, 5)
    return {
        "passed": all(
            rates[str(alpha)] - 3 * errors[str(alpha)] <= MOST * alpha for alpha in ALPHAS
        ),
        "reference": reference, "current": current, "bins": bins, "windows": windows,
        "rates": rates, "standard_errors": errors, "most_times_alpha": MOST,
    }  # fmt: skip

"""The rule by which an agent learns from our buffer as well as from Stable-Baselines3's own."""

from __future__ import annotations

import pytest

from campaigns.evidence import Result
from campaigns.learning import CAMPAIGN, OURS, OWN


def parts(ours: tuple[float, ...], own: tuple[float, ...], best: float = 500) -> dict[str, Result]:
    """Runs of all variants with such returns, at the end and while learning."""
    return {
        f"{variant}, seed {seed}": {
            "variant": variant, "seed": seed, "final": value, "area": value, "curve": [best],
        }
        for variant in (OWN, *OURS)
        for seed, value in enumerate(own if variant == OWN else ours, 1)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "own", "holds"),
    [
        ((300.0, 320.0, 340.0), (290.0, 310.0, 330.0), True),
        # Of both, variances of 400 and three seeds: a standard error of 16.3.
        ((270.0, 290.0, 310.0), (300.0, 320.0, 340.0), True),
        ((265.0, 285.0, 305.0), (300.0, 320.0, 340.0), False),
        ((500.0, 500.0), (500.0, 500.0), True),
        ((499.0, 499.0), (500.0, 500.0), False),
        ((1.0,), (500.0,), True),
    ],
    ids=["better", "within two errors", "below", "equal", "no error", "one seed"],
)
def test_means_may_be_two_standard_errors_below(
    ours: tuple[float, ...], own: tuple[float, ...], holds: bool
) -> None:
    assert CAMPAIGN.rule(parts(ours, own)) is holds


def test_every_agent_of_ours_has_to_learn_something() -> None:
    same = (100.0, 100.0)
    assert CAMPAIGN.rule(parts(same, same, best=195))
    assert not CAMPAIGN.rule(parts(same, same, best=194))

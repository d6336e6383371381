"""The campaign `drift` in small: its streams, its figures, its page."""

from __future__ import annotations

import json
import math
from argparse import Namespace
from statistics import fmean, stdev
from typing import Any

import pytest

from bench.machine import this_machine
from campaigns import drift_beside
from campaigns.drift import CAMPAIGN, SMALL, measure
from campaigns.drift_beside import Alarms, beside, quantile, target
from campaigns.drift_calibration import SIZES, calibrate
from campaigns.drift_streams import CASES, STEADY, WITHIN, Case, onset, stream
from campaigns.evidence import ROOT, evidence, folder_in
from cryptoscalp.adaptation.drift_types import Algorithm

STILL, TAILS, _, _, FAR, WIDE, SLOW = CASES


def test_streams_are_what_their_cases_say() -> None:
    begins = onset(3)
    assert stream(FAR, 3, 1.0) == stream(FAR, 3, 1.0) != stream(FAR, 4, 1.0)
    assert len(stream(STILL, 3, 1.0)) == len(stream(TAILS, 3, 1.0)) == STEADY
    far, wide, slow = (stream(case, 3, 1.0) for case in (FAR, WIDE, SLOW))
    assert len(far) == len(wide) == len(slow) == begins + WITHIN
    assert fmean(far[:begins]) == pytest.approx(4, abs=0.1)
    assert fmean(far[begins:]) == pytest.approx(6, abs=0.1)
    assert stdev(wide[begins:]) / stdev(wide[:begins]) == pytest.approx(math.sqrt(2), abs=0.1)
    assert fmean(slow[begins : begins + 1_000]) == pytest.approx(4.5, abs=0.15)
    assert fmean(slow[begins + 1_000 :]) == pytest.approx(5, abs=0.15)
    assert stream(FAR, 3, 0.05) == pytest.approx([value / 20 for value in far])


def test_figures_of_alarms() -> None:
    shifted = Alarms(FAR, [(2_000, [10, 2_000, 2_001]), (2_000, []), (2_000, [2_050])])
    assert shifted.figures() == {
        "false_per_1000": 0.3333, "streams_with_false": 0.3333, "found": 0.6667,
        "median_delay": 50, "p90_delay": None,
    }  # fmt: skip
    still = Alarms(STILL, [(2_000, [4_500]), (2_000, [4_000])]).figures()
    assert (still["false_per_1000"], still["streams_with_false"], still["found"]) == (0.2, 1.0, 0.5)


def test_delays_count_the_streams_that_are_not_found() -> None:
    assert quantile([3, 1, 2, math.inf], 0.5) == 2
    assert quantile([3, 1, 2, math.inf], 0.9) is None


@pytest.mark.parametrize("algorithm", ["ADWIN", "PAGE_HINKLEY"])
def test_a_detector_decides_as_its_peer_and_finds_a_large_shift(algorithm: Algorithm) -> None:
    found = beside(algorithm, FAR, streams=3, sigma=SMALL)
    assert found["differ"] == 0
    assert found["ours"] == found["river"]
    assert found["ours"]["found"] == 1
    assert 0 < found["ours"]["median_delay"] < WITHIN


def test_decisions_that_differ_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        drift_detected = False

        def update(self, value: float) -> None:
            """Never alarm."""

    monkeypatch.setitem(drift_beside.PEERS, "ADWIN", lambda **parameters: Silent())
    found = beside("ADWIN", FAR, streams=1, sigma=SMALL)
    assert found["differ"] == 1
    assert found["river"]["found"] == 0
    assert not measure("ADWIN", SMALL, 1)["passed"]


def test_what_alpha_promises() -> None:
    assert target(STILL, 1)["false_per_1000"] == 0.0016  # 8 windows in 5,000 observations
    assert target(Case("any", by=1), 1)["false_per_1000"] == 0.001  # 2 windows in 2,000


def test_calibration_of_few_windows() -> None:
    found = calibrate(*SIZES[0], windows=500)
    assert found["passed"]
    assert found["rates"]["0.05"] == pytest.approx(0.05, abs=0.04)


@pytest.mark.long
def test_the_page_has_a_line_for_each_and_its_peer() -> None:
    assert len(CAMPAIGN.parts(Namespace())) == 10
    parts = {
        "ADWIN": measure("ADWIN", SMALL, 1),
        "PSI": measure("PSI", SMALL, 1),
        "alpha": calibrate(*SIZES[0], windows=100),
    }
    assert CAMPAIGN.page is not None
    page = CAMPAIGN.page(evidence(CAMPAIGN, "0" * 64, parts, 1.0, this_machine("18.6.3")))
    assert page.count("| cryptoscalp |") == 2 * len(CASES)
    assert page.count("| river |") == page.count("| alpha |") == len(CASES)
    assert "| 1,000 | 500 | 10 | 100 |" in page


def _cell(figures: dict[str, Any]) -> str:
    if figures["p90_delay"] is None:
        return f"{figures['found']:.0%} found"
    return f"{figures['median_delay']:,} / {figures['p90_delay']:,}"


@pytest.mark.docs
def test_the_guide_has_the_table_of_the_evidence() -> None:
    """False alarms, then of each shift the median and the 90 % delay."""
    parts = json.loads((folder_in(ROOT) / "drift.json").read_text("utf-8"))["parts"]
    guide = (ROOT / "docs" / "adaptation.md").read_text("utf-8")
    for part in parts.values():
        if "cases" not in part:
            continue
        ours = [part["cases"][case.name]["ours"] for case in CASES]
        algorithm = part["algorithm"]
        name = algorithm if algorithm in ("KSWIN", "PSI") else f"{algorithm}, {part['sigma']:g}"
        alarms = [f"{figures['false_per_1000']:.3f}" for figures in ours[:2]]
        row = f"| {' | '.join([name, *alarms, *map(_cell, ours[2:])])} |"
        assert row in guide

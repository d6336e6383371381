"""Detectors beside river's own, and states that go on as if nothing had been."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp.adaptation import detectors
from cryptoscalp.adaptation.drift_parameters import complete
from cryptoscalp.adaptation.drift_types import Algorithm
from cryptoscalp.infra.db.errors import InputError
from tests.adaptation.series import in_memory, shifted

RIVER: list[tuple[Algorithm, dict[str, Any]]] = [
    ("ADWIN", {}),
    ("ADWIN", {"delta": 0.05, "clock": 1}),
    ("PAGE_HINKLEY", {"threshold": 5.0}),
    ("PAGE_HINKLEY", {"threshold": 5.0, "mode": "down"}),
    ("KSWIN", {}),
    ("KSWIN", {"seed": 7, "window_size": 60, "stat_size": 20}),
]
ALL: list[tuple[Algorithm, dict[str, Any]]] = [
    *RIVER,
    ("PSI", {"reference": 100, "current": 60, "bins": 3, "alpha": 0.01}),
]


def alarms(algorithm: Algorithm, parameters: dict[str, Any], values: list[float]) -> list[int]:
    detector = detectors.new(algorithm, complete(algorithm, parameters))
    return [number for number, value in enumerate(values, 1) if detector.update(value)]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("algorithm", "parameters"), RIVER)
def test_decisions_are_those_of_river(
    algorithm: Algorithm, parameters: dict[str, Any], seed: int
) -> None:
    values = shifted(seed, 1_500, 700, by=0.3)
    whole = complete(algorithm, parameters)
    assert alarms(algorithm, parameters, values) == in_memory(algorithm, whole, values)


@pytest.mark.parametrize(("algorithm", "parameters"), ALL)
def test_a_restart_after_every_observation_changes_nothing(
    algorithm: Algorithm, parameters: dict[str, Any]
) -> None:
    whole = complete(algorithm, parameters)
    values = shifted(3, 900, 400, by=0.4)
    steady = detectors.new(algorithm, whole)
    restarted = detectors.new(algorithm, whole)
    found = 0
    for value in values:
        restarted = detectors.load(algorithm, whole, detectors.dump(restarted))
        decision = steady.update(value)
        assert restarted.update(value) == decision
        assert detectors.dump(restarted) == detectors.dump(steady)
        found += decision is not None
    assert found or parameters.get("mode") == "down"


@pytest.mark.long
@pytest.mark.parametrize(("algorithm", "parameters"), ALL)
def test_another_process_goes_on_with_the_state(
    algorithm: Algorithm, parameters: dict[str, Any], tmp_path: Path
) -> None:
    whole = complete(algorithm, parameters)
    values = shifted(5, 600, 300, by=0.4)
    steady = detectors.new(algorithm, whole)
    for value in values[:290]:
        steady.update(value)
    (tmp_path / "state").write_bytes(detectors.dump(steady))
    code = (
        "import json, sys; from pathlib import Path; from cryptoscalp.adaptation import detectors\n"
        "algorithm, whole, values = json.loads(sys.stdin.read())\n"
        "path = Path(sys.argv[1]); one = detectors.load(algorithm, whole, path.read_bytes())\n"
        "print(json.dumps([one.update(value) is not None for value in values]))\n"
        "path.write_bytes(detectors.dump(one))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "state")],
        input=json.dumps([algorithm, whole, values[290:]]),
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": "5"},
    )  # fmt: skip
    assert json.loads(ended.stdout) == [steady.update(one) is not None for one in values[290:]]
    assert (tmp_path / "state").read_bytes() == detectors.dump(steady)


@pytest.mark.parametrize("algorithm", ["ADWIN", "PAGE_HINKLEY", "KSWIN", "PSI"])
@pytest.mark.parametrize("damage", ["pickle", "empty", "bit", "fields", "bytes"])
def test_a_state_that_is_none_is_refused_and_nothing_in_it_runs(
    algorithm: Algorithm, damage: str, tmp_path: Path
) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "ran"),)

    def signed(body: bytes) -> bytes:
        return hashlib.sha256(body).digest() + body

    whole = complete(algorithm, {})
    good = detectors.dump(detectors.new(algorithm, whole))
    bad = {
        "pickle": signed(pickle.dumps(Harmful())),
        "empty": b"",
        "bit": good[:-3] + bytes([good[-3] ^ 1]) + good[-2:],
        "fields": signed(b'{"drift": false}'),
        "bytes": signed(b'{"drift": false, "window": "/////w==", "random": [3, [1], null]}'),
    }[damage]
    with pytest.raises(detectors.UnreadableState):
        detectors.load(algorithm, whole, bad)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("algorithm", "parameters", "said"),
    [
        ("ADWIN", {"lambda": 1}, "no parameter lambda"),
        ("ADWIN", {"delta": 1.5}, "between 0 and 1"),
        ("ADWIN", {"clock": 0}, "above zero"),
        ("ADWIN", {"clock": True}, "whole number"),
        ("PAGE_HINKLEY", {"mode": "sideways"}, "up, down or both"),
        ("PAGE_HINKLEY", {"threshold": float("nan")}, "above zero"),
        ("KSWIN", {"stat_size": 60}, "half of window_size"),
        ("PSI", {"current": 100}, "20 observations a bin"),
        ("PSI", {"bins": 1}, "two bins"),
    ],
)
def test_parameters_that_cannot_be_are_refused(
    algorithm: Algorithm, parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        complete(algorithm, parameters)

"""`python -m bench` prints every figure beside its limit or peer; what it says, not how fast."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.figures import Bar, Figure, percentiles

# Each benchmark has a server of its own, and compiles what it measures.
pytestmark = pytest.mark.timeout(600)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What a quick run of every benchmark prints, and its JSON."""
    target = tmp_path_factory.mktemp("bench") / "run.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--json", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(target.read_text("utf-8"))


def test_a_run_says_what_it_was_made_on(run: tuple[str, dict[str, Any]]) -> None:
    printed, written = run
    assert {"cpu", "cores", "memory_gb", "load", "versions"} <= set(written["machine"])
    assert {"PostgreSQL", "psycopg", "polars", "pgpq", "adbc-driver-postgresql"} <= set(
        written["machine"]["versions"]
    )
    assert written["date"]
    for fact in ("machine:", "versions: PostgreSQL", "driver:", "peer:", "transport = Unix socket"):
        assert fact in printed
    for benchmark in written["benchmarks"]:
        assert benchmark["settings"]["synchronous_commit"] == "on"
        assert benchmark["settings"]["shared_buffers"]
        assert benchmark["settings"]["transport"] == "Unix socket"
        assert benchmark["driver"]


def test_every_figure_is_printed_beside_its_limit_or_peer(
    run: tuple[str, dict[str, Any]],
) -> None:
    printed, written = run
    names = {benchmark["name"] for benchmark in written["benchmarks"]}
    assert {"ingest", "newest", "ranges", "candles"} <= names  # files needs recordings
    for benchmark in written["benchmarks"]:
        for figure in benchmark["figures"]:
            line = next(line for line in printed.splitlines() if figure["name"] in line)
            assert figure["value"] > 0
            assert figure["unit"] in line
            assert figure["peer"] is not None or figure["bars"]
            if figure["peer"] is not None:
                assert figure["ratio"] == pytest.approx(figure["value"] / figure["peer"])
                assert f"{figure['ratio']:.2f} ×" in line
            for bar in figure["bars"]:
                assert ("met" if bar["met"] else "MISSED") in line


@pytest.mark.long
def test_latencies_are_percentiles(run: tuple[str, dict[str, Any]]) -> None:
    _, written = run
    for benchmark in written["benchmarks"]:
        for figure in benchmark["figures"]:
            if figure["unit"] in {"µs", "ms"}:
                assert figure["name"].rpartition(", ")[2] in {"p50", "p99", "p99.9"}


def test_a_name_that_is_no_benchmark_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "nothing"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "no benchmark nothing" in done.stderr


def test_a_bar_on_the_ratio_holds_the_figure_against_its_peer() -> None:
    bars = (Bar("figure", "≥", 100), Bar("ratio", "≥", 0.5))
    assert [met for _, met in Figure("x", 120, "rows/s", 300, bars).verdicts()] == [True, False]
    assert [met for _, met in Figure("x", 90, "rows/s", 100, bars).verdicts()] == [False, True]


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentiles(list(range(1, 1001))) == {"p50": 501, "p99": 991, "p99.9": 1000}

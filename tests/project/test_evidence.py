"""Campaigns are run by hand: their evidence has to be there, passed, and of this code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.machine import Machine
from campaigns.__main__ import CAMPAIGNS
from campaigns.evidence import EVIDENCE, ROOT, Campaign, Result, digest, evidence, problem, write

MACHINE = Machine("a processor", 2, 8.0, "a system", 0.1, {"Python": "3"})


def result(passed: bool) -> Result:
    return {"passed": passed}


def campaign() -> Campaign:
    parts = {"first": lambda: result(True), "second": lambda: result(True)}
    return Campaign("some", "some", ("src/*.py",), lambda options: parts)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of two files."""
    (tmp_path / "src").mkdir()
    for name in ("one.py", "two.py"):
        (tmp_path / "src" / name).write_text(f"{name = }\n")
    return tmp_path


def kept(root: Path, *passed: bool) -> str | None:
    parts = {f"part {number}": result(one) for number, one in enumerate(passed)}
    found = evidence(campaign(), digest(campaign().vouches_for, root), parts, 1.0, MACHINE)
    write(campaign(), found, root / "evidence")
    return problem(campaign(), root / "evidence", root)


@pytest.mark.parametrize("name", [one.name for one in CAMPAIGNS.values() if one.required])
def test_required_campaigns_have_passed_on_this_code(name: str) -> None:
    assert problem(CAMPAIGNS[name]) is None


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_campaign_vouches_for_files_that_are_there(name: str) -> None:
    assert re.fullmatch("[0-9a-f]{64}", digest(CAMPAIGNS[name].vouches_for))


def test_evidence_that_is_missing_or_failed_says_what_to_run(root: Path) -> None:
    absent = problem(campaign(), root / "evidence", root)
    assert absent == "there is no evidence of some (some.json); run: make campaign NAME=some"
    failed = kept(root, True, False)
    assert failed == "some did not pass (part 1); mend it and run: make campaign NAME=some"
    assert kept(root, True, True) is None


@pytest.mark.parametrize("change", ["content", "name", "more", "less"])
def test_evidence_is_stale_when_the_code_is_another(root: Path, change: str) -> None:
    assert kept(root, True) is None
    file = root / "src" / "one.py"
    match change:
        case "content":
            file.write_text("another\n")
        case "name":
            file.rename(file.with_name("other.py"))
        case "more":
            file.with_name("three.py").write_text("")
        case "less":
            file.unlink()
    stale = problem(campaign(), root / "evidence", root)
    assert stale is not None
    assert stale.endswith("has changed since; run: make campaign NAME=some")


def test_a_glob_that_matches_nothing_vouches_for_nothing(root: Path) -> None:
    with pytest.raises(ValueError, match="docs/\\* matches no file"):
        digest(("src/*.py", "docs/*"), root)


@pytest.mark.parametrize("file", sorted(EVIDENCE.glob("*.json")), ids=lambda path: path.stem)
def test_evidence_names_no_machine(file: Path) -> None:
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    assert set(found["machine"]) == {"cpu", "cores", "memory_gb", "system", "load", "versions"}
    assert str(ROOT) not in json.dumps(found)


def test_an_unknown_campaign_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "campaigns", "nothing"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "corpus" in done.stderr

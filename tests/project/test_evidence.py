"""Campaigns are run by hand: their evidence has to be there, passed, and of this code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from campaigns.__main__ import CAMPAIGNS
from campaigns.evidence import ROOT, Campaign, Result, digest, folder_in, problem
from campaigns.running import run

ALL = Namespace(only=[], fresh=False)


class Parts:
    """A campaign of two parts, and how often each was run."""

    def __init__(self, *passed: bool) -> None:
        self.passed = passed
        self.ran: list[str] = []
        self.broken = ""

    def campaign(self) -> Campaign:
        parts = {
            name: partial(self._part, name, passed)
            for name, passed in zip(("first", "second"), self.passed, strict=True)
        }
        return Campaign("some", "some", ("src/*.py",), lambda options: parts)

    def _part(self, name: str, passed: bool) -> Result:
        self.ran.append(name)
        if name == self.broken:
            raise KeyboardInterrupt
        return {"passed": passed}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of two files."""
    (tmp_path / "src").mkdir()
    for name in ("one.py", "two.py"):
        (tmp_path / "src" / name).write_text(f"{name = }\n")
    return tmp_path


def kept(root: Path, *passed: bool) -> str | None:
    """What is wrong with the evidence of a run of the two parts."""
    campaign = Parts(*passed).campaign()
    assert run(campaign, ALL, root) == (0 if all(passed) else 1)
    return problem(campaign, root)


@pytest.mark.parametrize("name", [one.name for one in CAMPAIGNS.values() if one.required])
def test_required_campaigns_have_passed_on_this_code(name: str) -> None:
    assert problem(CAMPAIGNS[name]) is None


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_campaign_vouches_for_files_that_are_there(name: str) -> None:
    assert re.fullmatch("[0-9a-f]{64}", digest(CAMPAIGNS[name].vouches_for))


def test_evidence_that_is_missing_or_failed_says_what_to_run(root: Path) -> None:
    absent = problem(Parts(True, True).campaign(), root)
    assert absent == "there is no evidence of some (some.json); run: make campaign NAME=some"
    failed = kept(root, True, False)
    assert failed == "some did not pass (second); mend it and run: make campaign NAME=some"
    assert kept(root, True, True) is None


def test_a_rule_over_all_parts_has_to_hold_too(root: Path) -> None:
    parts = Parts(True, True).campaign().parts
    campaign = Campaign("some", "some", ("src/*.py",), parts, rule=lambda found: len(found) > 2)
    assert run(campaign, ALL, root) == 1
    advice = "mend it and run: make campaign NAME=some"
    assert problem(campaign, root) == f"some did not pass (its rule over all parts); {advice}"


@pytest.mark.parametrize("change", ["content", "name", "more", "less"])
def test_evidence_is_stale_when_the_code_is_another(root: Path, change: str) -> None:
    assert kept(root, True, True) is None
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
    stale = problem(Parts(True, True).campaign(), root)
    assert stale is not None
    assert stale.endswith("has changed since; run: make campaign NAME=some")


def test_a_run_that_was_cut_off_goes_on(root: Path) -> None:
    parts = Parts(True, True)
    parts.broken = "second"
    with pytest.raises(KeyboardInterrupt):
        run(parts.campaign(), ALL, root)
    assert problem(parts.campaign(), root) is not None
    parts.broken = ""
    assert run(parts.campaign(), ALL, root) == 0
    assert parts.ran == ["first", "second", "second"]
    assert problem(parts.campaign(), root) is None
    assert run(parts.campaign(), ALL, root) == 0
    assert parts.ran[3:] == ["first", "second"]


def test_a_cut_off_run_of_other_code_is_begun_again(root: Path) -> None:
    parts = Parts(True, True)
    parts.broken = "second"
    with pytest.raises(KeyboardInterrupt):
        run(parts.campaign(), ALL, root)
    (root / "src" / "one.py").write_text("another\n")
    parts.broken = ""
    assert run(parts.campaign(), ALL, root) == 0
    assert parts.ran[2:] == ["first", "second"]


def test_some_parts_alone_leave_no_evidence(root: Path) -> None:
    parts = Parts(True, False)
    assert run(parts.campaign(), Namespace(only=["first"], fresh=False), root) == 0
    assert run(parts.campaign(), Namespace(only=["third"], fresh=False), root) == 2
    assert parts.ran == ["first"]
    assert not folder_in(root).exists()


def test_code_that_changes_during_a_run_has_no_evidence(root: Path) -> None:
    def change() -> Result:
        (root / "src" / "one.py").write_text("another\n")
        return {"passed": True}

    campaign = Campaign("some", "some", ("src/*.py",), lambda options: {"only": change})
    assert run(campaign, ALL, root) == 1
    assert not folder_in(root).exists()


def test_a_glob_that_matches_nothing_vouches_for_nothing(root: Path) -> None:
    with pytest.raises(ValueError, match="docs/\\* matches no file"):
        digest(("src/*.py", "docs/*"), root)


@pytest.mark.parametrize("file", sorted(folder_in(ROOT).glob("*.json")), ids=lambda path: path.stem)
def test_evidence_names_no_machine(file: Path) -> None:
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    assert set(found["machine"]) == {"cpu", "cores", "memory_gb", "system", "load", "versions"}
    assert str(ROOT) not in json.dumps(found)


@pytest.mark.long
def test_an_unknown_campaign_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "campaigns", "nothing"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "corpus" in done.stderr

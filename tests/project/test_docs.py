"""The texts agree with the project: links resolve, decisions are numbered and complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.docs

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
TEXTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
ONE_SCREEN_LINES = 60
ONE_PAGE_WORDS = 550


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text("utf-8")), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("text", TEXTS, ids=name)
def test_links_resolve(text: Path) -> None:
    broken = []
    for target in LINK.findall(FENCE.sub("", text.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (text.parent / file) if file else text
        known = not anchor or (linked.suffix == ".md" and anchor in anchors(linked))
        if not linked.exists() or not known:
            broken.append(target)
    assert not broken, f"{name(text)} links to what is not there: {broken}"


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name.split("-")[0]) for path in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("decision", DECISIONS, ids=name)
def test_a_decision_has_its_parts_and_fits_a_page(decision: Path) -> None:
    text = decision.read_text("utf-8")
    number = decision.name.split("-")[0]
    assert text.startswith(f"# {number} "), "the title begins with the number of the file"
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert sections == ["Context", "Decision", "Consequences"]
    assert "Bad:" in text, "name the bad consequences too"
    assert len(text.split()) <= ONE_PAGE_WORDS


def test_the_architecture_names_every_decision() -> None:
    architecture = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    missing = [path.name for path in DECISIONS if f"decisions/{path.name}" not in architecture]
    assert not missing


def test_contributing_fits_one_screen() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert len(text.splitlines()) <= ONE_SCREEN_LINES


def test_the_verbs_named_in_the_texts_exist() -> None:
    verbs = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        verb for text in TEXTS for verb in re.findall(r"`make ([a-z]+)", text.read_text("utf-8"))
    }
    assert named <= verbs


def test_the_changelog_names_the_version_under_work() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    version = re.search(r'^version = "(\d+\.\d+\.\d+)', project, re.MULTILINE)
    assert version
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text("utf-8")

"""What a fresh machine gets: a lock without addresses, verbs that explain themselves."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
TORCH = (ROOT / "requirements-torch.txt").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
VERBS = {"setup", "up", "test", "lint", "types", "docs", "bench", "check", "campaign"}
# A home or a checkout of somebody: these begin where a word does not go on.
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(home|Users|root|work)/\w")
LEFT_OUT = {"build", "dist", "results", "__pycache__"}


def project_files() -> Iterator[Path]:
    """Every text file of the project, whether git is there or not."""
    for top in sorted(ROOT.iterdir()):
        if top.name in LEFT_OUT or (top.name.startswith(".") and top.name != ".ci"):
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and not LEFT_OUT & set(path.parts):
                yield path


def canonical(requirement: str) -> str:
    bare = re.split(r"[\[<>=!~; ]", requirement)[0]
    return re.sub(r"[-_.]+", "-", bare).lower()


@pytest.mark.parametrize("lock", [LOCK, TORCH], ids=["lock", "torch"])
def test_a_lock_names_no_address(lock: str) -> None:
    found = [
        line for line in lock.splitlines() if re.search(r"://|file:|@|--(index|find|extra)", line)
    ]
    assert not found


@pytest.mark.parametrize("lock", [LOCK, TORCH], ids=["lock", "torch"])
def test_a_lock_has_a_hash_for_every_version(lock: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", lock)
    unhashed = [entry for entry in entries if "==" in entry and "--hash=sha256:" not in entry]
    assert not unhashed


def test_the_lock_covers_every_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    locked = {
        canonical(found) for found in re.findall(r"^([\w.-]+)(?:\[.*\])?==", LOCK, re.MULTILINE)
    }
    assert {canonical(requirement) for requirement in declared} <= locked, "run: make lock"


def test_every_verb_has_a_one_line_comment() -> None:
    targets = re.findall(r"^([a-z]+):(.*)$", MAKEFILE, re.MULTILINE)
    uncommented = [target for target, rest in targets if not re.search(r"## \w", rest)]
    assert not uncommented
    assert {target for target, _ in targets} >= VERBS


@pytest.mark.parametrize("verb", sorted(VERBS - {"check"}))
def test_every_verb_prepares_what_it_needs(verb: str) -> None:
    assert re.search(rf"^{verb}: \$\(READY\)", MAKEFILE, re.MULTILINE)


def test_no_file_names_a_path_of_one_machine() -> None:
    found = []
    for path in project_files():
        if path == Path(__file__).resolve():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if MACHINE_PATH.search(text) or f"{ROOT}/" in text:
            found.append(str(path.relative_to(ROOT)))
    assert not found

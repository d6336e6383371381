"""Frozen copies, the list of changes and the declared schema agree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cryptoscalp.infra import migrations
from cryptoscalp.infra.migrations import document, freeze, scripts, steps
from cryptoscalp.infra.migrations.declared import Declared

ROOT = Path(__file__).resolve().parents[2]
FROZEN = ROOT / "migrations" / "frozen"
DECLARED = scripts.declared()


@pytest.mark.parametrize("name", [name for name, _ in DECLARED.objects])
def test_the_newest_frozen_copy_is_the_live_text(name: str) -> None:
    live = dict(DECLARED.objects)[name]
    assert freeze.newest(name, FROZEN) == live, (
        "run: python -m cryptoscalp.infra.migrations.freeze REVISION"
    )


def test_the_frozen_tables_are_the_declared_ones() -> None:
    if migrations.head() != "0001":
        pytest.skip("a later revision changes tables; the catalogues are compared instead")
    assert steps.frozen("0001", freeze.TABLES) == DECLARED.tables_sql()


def test_each_frozen_text_is_run_and_each_named_one_is_there() -> None:
    for script in scripts.revisions():
        folder = FROZEN / script.revision
        files = {path.stem for path in folder.glob("*.sql")}
        source = Path(script.path).read_text(encoding="utf-8")
        upward = steps.order(script.revision)
        assert set(upward) <= files
        assert all(f'"{name}"' in source for name in files - set(upward))


def test_the_first_revision_runs_all_objects_in_the_declared_order() -> None:
    if migrations.head() == "0001":
        assert steps.order("0001") == [freeze.TABLES, *(name for name, _ in DECLARED.objects)]


@pytest.mark.long
def test_the_declared_sql_does_not_depend_on_the_run() -> None:
    code = "import sys; from cryptoscalp.infra import migrations as m; sys.stdout.write(m.ddl())"
    for seed in ("1", "2"):
        made = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            check=True,
        )
        assert made.stdout == migrations.ddl()


def test_freezing_copies_only_what_changed(tmp_path: Path) -> None:
    first = Declared((), (("one", "SELECT 1;\n"), ("two", "SELECT 2;\n")))
    freeze.freeze("0001", first, tmp_path)
    second = Declared((), (("one", "SELECT 1;\n"), ("two", "SELECT 22;\n")))
    freeze.freeze("0002", second, tmp_path)
    assert (tmp_path / "0001" / "order.txt").read_text().split() == ["tables", "one", "two"]
    assert (tmp_path / "0002" / "order.txt").read_text().split() == ["two"]
    assert freeze.newest("two", tmp_path) == "SELECT 22;\n"
    assert freeze.newest("two", tmp_path, before="0002") == "SELECT 2;\n"
    freeze.freeze("0002", first, tmp_path)
    assert not (tmp_path / "0002" / "two.sql").exists()


def test_the_list_of_changes_is_current() -> None:
    written = (ROOT / "docs" / "migrations.md").read_text(encoding="utf-8")
    assert written == document.render(), "run: python -m cryptoscalp.infra.migrations.document"


def test_every_revision_says_what_it_belongs_to_and_what_going_back_loses() -> None:
    for script in scripts.revisions():
        assert scripts.release_of(script).count(".") == 2
        assert script.module.rollback
        assert set(script.module.destroys) <= set().union(*(m.tables for m in DECLARED.metadata))

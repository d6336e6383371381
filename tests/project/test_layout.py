"""The shape of the source: sizes, names, rooms, and no SQL in the faces."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "cryptoscalp"
ROOMS = sorted(
    init.parent for depth in ("*", "infra/*") for init in SOURCE.glob(f"{depth}/__init__.py")
)
LARGEST_FILE_LINES = 500
LARGEST_MEDIAN_LINES = 150
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
SQL = re.compile(
    r"\bSELECT\b.+\bFROM\b|\bINSERT\s+INTO\b|\bUPDATE\b.+\bSET\b|\bDELETE\s+FROM\b"
    r"|\bCOPY\b.+\b(FROM|TO)\b|\b(CREATE|ALTER|DROP)\s+(TABLE|INDEX|VIEW|FUNCTION|ROLE)\b",
    re.DOTALL,
)


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def lines_in(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_file_is_too_long() -> None:
    written = python_files("src", "tests", "bench", "campaigns", "migrations")
    too_long = {
        str(path.relative_to(ROOT)): lines_in(path)
        for path in written
        if lines_in(path) > LARGEST_FILE_LINES
    }
    assert not too_long, f"split these by noun, {LARGEST_FILE_LINES} lines is the end: {too_long}"


def test_the_median_file_is_small() -> None:
    sizes = [lines_in(path) for path in python_files("src") if lines_in(path) > 0]
    assert median(sizes) < LARGEST_MEDIAN_LINES


def test_files_and_folders_are_named_for_the_thing_they_hold() -> None:
    nameless = [
        str(path.relative_to(ROOT))
        for path in python_files("src", "tests", "bench", "campaigns", "migrations")
        if FORBIDDEN_NAMES & {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}
    ]
    assert not nameless, f"say what is inside: {nameless}"


def test_every_room_says_what_it_is_for() -> None:
    silent = [
        str(room.relative_to(SOURCE))
        for room in [SOURCE, *ROOMS]
        if not ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8")))
    ]
    assert not silent, f"give these packages a docstring: {silent}"


def test_every_room_has_a_folder_of_tests() -> None:
    rooms = {room.name for room in ROOMS} - {"infra"}
    tested = {path.parent.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert rooms <= tested, f"no tests/<room>/test_*.py for: {sorted(rooms - tested)}"


@pytest.mark.parametrize("sql", ["SELECT 1 FROM t", "INSERT INTO t", "UPDATE t\nSET a = 1"])
def test_the_pattern_for_sql_finds_sql(sql: str) -> None:
    assert SQL.search(sql)


def test_the_command_line_contains_no_sql() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files("src/cryptoscalp/cli")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value)
    ]
    assert not found, f"SQL belongs to a subject's flows: {found}"

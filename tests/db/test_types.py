"""mypy sees a value through the blocking face and an awaitable of it through the other."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_SNIPPET = """
import cryptoscalp
from datetime import datetime

async def both(db: cryptoscalp.Database, other: cryptoscalp.AsyncDatabase, at: datetime) -> None:
    reveal_type(db.market.latest("BTCUSDT", "binance"))
    kept = reveal_type(other.market.latest("BTCUSDT", exchange="binance"))
    reveal_type(await other.market.latest("BTCUSDT"))
    reveal_type(db.market.batches())
    reveal_type(await other.market.undo_batch(1))
    reveal_type((await other.capture.import_files(["a"])).account)
    async with cryptoscalp.connect_async() as opened:
        reveal_type(opened)
    reveal_type(await cryptoscalp.connect_async("host=x"))
    with cryptoscalp.connect() as held:
        reveal_type(held)
    db.market.latest(5)
    db.market.latest("BTCUSDT", venue="binance")
    db.market.candles("BTCUSDT", "7m")
    db.market.set_instrument("BTCUSDT", wings=2)
"""
_REVEALED = [
    "Quote", "Coroutine[Any, Any, Quote]", "Quote", "list[Batch]", "Undone", "Account",
    "AsyncDatabase", "AsyncDatabase", "Database",
]  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What mypy says about the snippet, line by line."""
    file = tmp_path_factory.mktemp("types") / "snippet.py"
    file.write_text(_SNIPPET)
    config = str(_ROOT / "pyproject.toml")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", config, "--no-pretty", str(file)],
        cwd=_ROOT, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    return done.stdout.splitlines()


def test_both_faces_are_typed(report: list[str]) -> None:
    said = [line.split("Revealed type is ")[1].strip('"') for line in report if "Revealed" in line]
    assert [re.sub(r"[a-z_]+\.(?=[\w.]*)", "", one) for one in said] == _REVEALED


def test_wrong_calls_are_errors(report: list[str]) -> None:
    errors = [line for line in report if ": error:" in line]
    assert len(errors) == 4, report
    for line, name in zip(errors, ("latest|str", "venue", "7m|Literal", "wings"), strict=True):
        assert re.search(name, line)

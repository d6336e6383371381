"""A warehouse for each test, and the administrator's login with or without it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.cold.lake import Lake
from tests.faces import mode, open_face
from tests.postgres import Place

__all__ = ["mode"]


@pytest.fixture(autouse=True)
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the lake of the test lies."""
    folder = tmp_path / "lake"
    monkeypatch.setenv("CRYPTOSCALP_COLD_WAREHOUSE", str(folder))
    return folder


@pytest.fixture
def admin(request: pytest.FixtureRequest, database: Place, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the administrator's login is known; it is, unless a test says otherwise."""
    known: bool = getattr(request, "param", True)
    if known:
        monkeypatch.setenv("CRYPTOSCALP_ADMIN_URL", database.admin_dsn)
    return known


@pytest.fixture
async def db(database: Place, mode: str, admin: bool) -> AsyncIterator[AsyncDatabase]:
    """The database, through each face."""
    async with await open_face(mode, database.dsn) as opened:
        yield opened


@pytest.fixture
def lake(database: Place, warehouse: Path) -> Iterator[Lake]:
    """The lake as the product would read it."""
    opened = Lake(database.dsn, str(warehouse))
    yield opened
    opened.close()

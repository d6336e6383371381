"""A lake of the test's own, in a directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptoscalp.infra.cold.lake import Lake
from tests.postgres import Place


@pytest.fixture
def lake(database: Place, tmp_path: Path) -> Iterator[Lake]:
    """A lake whose catalog lies in a migrated database; used with the product's login."""
    opened = Lake(database.dsn, str(tmp_path / "cold"))
    yield opened
    opened.close()

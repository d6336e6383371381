"""The list of verified features names the version that these tests run on, and tests that exist."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.postgres import Place
from tests.timescale import features
from tests.timescale.conftest import NATIVE


@pytest.mark.parametrize("test", sorted(features.FEATURES.values()))
def test_each_feature_has_its_test(test: str) -> None:
    file, _, function = test.partition("::")
    text = (Path(__file__).parent / f"{file}.py").read_text(encoding="utf-8")
    assert f"def {function}(" in text


@pytest.mark.skipif(NATIVE is not None, reason="the list in the document is of the build in CI")
def test_the_document_is_of_this_version(timescale: Place) -> None:
    with psycopg.connect(timescale.admin_dsn) as connection:
        row = connection.execute(
            "SELECT extversion, split_part(version(), ' ', 2) FROM pg_extension"
            " WHERE extname = 'timescaledb'"
        ).fetchone()
    assert row is not None
    version = f"{row[0]} WASM, PostgreSQL {row[1]}"
    assert features.written() == features.render(version), (
        f"docs/timescaledb.md is stale; run: python -m tests.timescale.features '{version}'"
    )

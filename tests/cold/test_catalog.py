"""The catalog: PyIceberg's own tables, made by a migration; nothing heavy before it is used."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from pyiceberg.catalog.sql import SqlCatalogBaseTable

from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.errors import ConnectionLost
from cryptoscalp.market.kept import MARKET_DATA
from tests.cold.made import DAY
from tests.postgres import Place

_COLUMNS = """
    SELECT table_name, column_name, data_type, character_maximum_length, is_nullable = 'YES'
    FROM information_schema.columns WHERE table_schema = 'iceberg'
"""


def test_the_tables_are_those_that_pyiceberg_declares(database: Place) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        found = set(connection.execute(_COLUMNS).fetchall())
    declared = {
        (
            table.name,
            column.name,
            "character varying",
            getattr(column.type, "length", None),
            column.nullable,
        )
        for table in SqlCatalogBaseTable.metadata.tables.values()
        for column in table.columns
    }
    assert found == declared


def test_the_login_may_not_delete_from_the_catalog(database: Place) -> None:
    with (
        psycopg.connect(database.dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("DELETE FROM iceberg.iceberg_tables")


def test_a_server_that_is_gone_is_named_without_the_password(tmp_path: Path) -> None:
    dsn = f"host={tmp_path} dbname=x user=u password=a-secret connect_timeout=2"
    with closing(Lake(dsn, str(tmp_path))) as lake, pytest.raises(ConnectionLost) as caught:
        lake.contents(MARKET_DATA, DAY)
    assert "a-secret" not in str(caught.value)


def test_pyiceberg_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys, cryptoscalp.database, cryptoscalp.infra.cold.lake as lake;"
        "lake.Lake('', None).close();"
        "print([name for name in ('pyiceberg', 'duckdb') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"

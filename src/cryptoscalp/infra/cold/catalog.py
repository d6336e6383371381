"""The schema `iceberg`: where PyIceberg keeps which metadata file of each table is the newest."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

SCHEMA: Final = "iceberg"

#: PyIceberg's own tables (its form v1), made by a migration so that the owner owns them.
_TABLES: Final = """
CREATE SCHEMA IF NOT EXISTS iceberg;

CREATE TABLE IF NOT EXISTS iceberg.iceberg_tables (
    catalog_name varchar(255) NOT NULL,
    table_namespace varchar(255) NOT NULL,
    table_name varchar(255) NOT NULL,
    metadata_location varchar(1000),
    previous_metadata_location varchar(1000),
    iceberg_type varchar(5),
    PRIMARY KEY (catalog_name, table_namespace, table_name)
);

CREATE TABLE IF NOT EXISTS iceberg.iceberg_namespace_properties (
    catalog_name varchar(255) NOT NULL,
    namespace varchar(255) NOT NULL,
    property_key varchar(255) NOT NULL,
    property_value varchar(1000) NOT NULL,
    PRIMARY KEY (catalog_name, namespace, property_key)
);

COMMENT ON SCHEMA iceberg IS 'The catalog of the cold tier: tables of PyIceberg''s SQL catalog.';
COMMENT ON TABLE iceberg.iceberg_tables IS 'Each Iceberg table, and its newest metadata file.';
COMMENT ON TABLE iceberg.iceberg_namespace_properties IS 'Namespaces of the catalog.';

GRANT USAGE ON SCHEMA iceberg TO cryptoscalp_app, cryptoscalp_capture;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA iceberg TO cryptoscalp_app;
GRANT SELECT ON ALL TABLES IN SCHEMA iceberg TO cryptoscalp_capture;
"""


def install(connection: Connection) -> None:
    """Make the schema and its tables, where they are missing, as the connection's role."""
    _run(connection, _TABLES)


def remove(connection: Connection) -> None:
    """Drop the schema with its tables; the files of the lake stay."""
    _run(connection, "DROP SCHEMA IF EXISTS iceberg CASCADE")


def _run(connection: Connection, text: str) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(text)

"""The tables of the lake in Iceberg's words; imported when the lake is first used."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any, Final

import psycopg
import pyarrow as pa
from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.catalog.sql import IcebergTables, SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    TableAlreadyExistsError,
    ValidationException,
)
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField, SortOrder
from pyiceberg.transforms import DayTransform, IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import (
    BooleanType,
    DecimalType,
    IcebergType,
    LongType,
    NestedField,
    StringType,
    TimestamptzType,
)
from sqlalchemy import create_engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from cryptoscalp.infra.cold.catalog import SCHEMA
from cryptoscalp.infra.cold.types import DECIMAL, TIME, ColdTable
from cryptoscalp.infra.cold.warehouse import properties, reached, whole
from cryptoscalp.infra.cold.writing import NewFile
from cryptoscalp.infra.db.errors import Contention, WarehouseError
from cryptoscalp.infra.db.translate import translate

#: Name of the catalog, and of the namespace that has our tables.
CATALOG: Final = "cryptoscalp"
_EPOCH: Final = date(1970, 1, 1)
_DAY: Final = 86_400_000_000
_ATTEMPTS: Final = 20
_TYPES: Final[dict[pa.DataType, IcebergType]] = {
    DECIMAL: DecimalType(38, 18),
    TIME: TimestamptzType(),
    pa.int64(): LongType(),
    pa.string(): StringType(),
    pa.bool_(): BooleanType(),
}
#: Of the statistics only those that a reader prunes by are kept in manifests. Commits are tried
#: again by `commit`, which looks first whether the day is still what the writer saw.
_PROPERTIES: Final = {
    "format-version": "2",
    "commit.retry.num-retries": "0",
    "write.metadata.metrics.default": "none",
    "write.metadata.metrics.column.timestamp": "full",
    "write.metadata.metrics.column.symbol": "full",
    "write.metadata.metrics.column.exchange": "full",
    "write.parquet.compression-codec": "zstd",
}


class Catalog(SqlCatalog):
    """PyIceberg's SQL catalog over a libpq connection string.

    Its own constructor knows only SQLAlchemy's URLs, which cannot say all that libpq can, and
    which would carry the password.
    """

    def __init__(self, dsn: str, warehouse: str | None) -> None:
        place = {"warehouse": warehouse} if warehouse else {}
        MetastoreCatalog.__init__(self, CATALOG, **properties(), **place)
        self.engine = create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(dsn),
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=7,
            pool_pre_ping=True,
            execution_options={"schema_translate_map": {None: SCHEMA}},
        )
        self._schema_version = "v1"


@dataclass(frozen=True, slots=True)
class State:
    """One snapshot of a table."""

    table: Table
    location: str


class Tables:
    """The tables of the catalog, and what is known of their newest snapshots."""

    def __init__(self, dsn: str, location: str | None) -> None:
        self._catalog = Catalog(dsn, location)
        self._location = location
        self._known: dict[str, State] = {}
        self._manifests: dict[str, dict[date, list[DataFile]]] = {}
        self._lists: dict[str, Sequence[Any]] = {}
        self._lock = Lock()

    def close(self) -> None:
        self._catalog.engine.dispose()

    def current(self, name: str) -> State | None:
        """The newest state of a table, or None when there is no such table."""
        with _translated():
            location = self._pointer(name)
            if location is None:
                return None
            known = self._known.get(name)
            if known is None or known.location != location:
                with whole(location):
                    table = self._catalog.load_table((CATALOG, name))
                known = State(table, table.metadata_location)
                self._known[name] = known
            return known

    def made(self, table: ColdTable) -> State:
        """The newest state of a table, which is made where it is missing."""
        known = self.current(table.name)
        if known is not None:
            return known
        if self._location is None:
            raise WarehouseError(
                "no place is set for the cold tier: set CRYPTOSCALP_COLD_WAREHOUSE to a directory"
                " or to s3://bucket/prefix"
            )
        location = f"{self._location}/{table.name}"
        with _translated(), reached(location):
            try:
                self._catalog.create_namespace(CATALOG)
            except (NamespaceAlreadyExistsError, DBAPIError):
                if not self._catalog.namespace_exists(CATALOG):
                    raise
            try:
                schema = iceberg_schema(table)
                self._catalog.create_table(
                    (CATALOG, table.name),
                    schema,
                    location=location,
                    partition_spec=_by_day(schema),
                    sort_order=_sorted(schema, table),
                    properties=_PROPERTIES,
                )
            except TableAlreadyExistsError:
                pass  # another writer was first
        found = self.current(table.name)
        assert found is not None
        return found

    def names(self) -> list[str]:
        """Names of every table of the catalog."""
        statement = select(IcebergTables.table_name).where(
            IcebergTables.catalog_name == CATALOG, IcebergTables.table_namespace == CATALOG
        )
        with _translated(), self._catalog.engine.connect() as connection:
            return sorted(connection.execute(statement).scalars())

    def _pointer(self, name: str) -> str | None:
        statement = select(IcebergTables.metadata_location).where(
            IcebergTables.catalog_name == CATALOG,
            IcebergTables.table_namespace == CATALOG,
            IcebergTables.table_name == name,
        )
        with self._catalog.engine.connect() as connection:
            return connection.execute(statement).scalar()

    def files(self, state: State, day: date) -> list[DataFile]:
        """The data files of one day."""
        number = (day - _EPOCH).days
        found: list[DataFile] = []
        for manifest in self._manifests_of(state):
            low, high = _span(manifest)
            if low <= number <= high:
                found.extend(self._entries(state, manifest).get(day, ()))
        return found

    def days(self, state: State, first: int, last: int) -> list[date]:
        """Days that have files and touch [first, last), in µs since 1970."""
        low, high = first // _DAY, (last - 1) // _DAY
        found: set[date] = set()
        for manifest in self._manifests_of(state):
            span = _span(manifest)
            if span[0] <= high and low <= span[1]:
                found.update(self._entries(state, manifest))
        return sorted(day for day in found if low <= (day - _EPOCH).days <= high)

    def roots(self) -> list[str]:
        """Where files of the lake lie: the warehouse, and tables that were made elsewhere."""
        found = [] if self._location is None else [self._location]
        for name in self.names():
            state = self.current(name)
            if state is not None and not any(
                f"{state.table.location()}/".startswith(f"{root}/") for root in found
            ):
                found.append(state.table.location())
        return found

    def referenced(self) -> frozenset[str]:
        """Every file that a table or one of its snapshots refers to."""
        found: set[str] = set()
        for name in self.names():
            state = self.current(name)
            if state is None:
                continue
            metadata = state.table.metadata
            found.add(state.location)
            found.update(entry.metadata_file for entry in metadata.metadata_log)
            for snapshot in metadata.snapshots:
                found.add(snapshot.manifest_list)
                with whole(snapshot.manifest_list):
                    manifests = snapshot.manifests(state.table.io)
                for manifest in manifests:
                    if manifest.manifest_path not in found:
                        found.add(manifest.manifest_path)
                        for files in self._entries(state, manifest).values():
                            found.update(file.file_path for file in files)
        return frozenset(found)

    def _manifests_of(self, state: State) -> Sequence[Any]:
        snapshot = state.table.current_snapshot()
        if snapshot is None:
            return ()
        known = self._lists.get(state.location)
        if known is None:
            with whole(snapshot.manifest_list):
                known = snapshot.manifests(state.table.io)
            with self._lock:
                self._lists = {
                    **{s.location: self._lists[s.location] for s in list(self._known.values())
                       if s.location in self._lists},
                    state.location: known,
                }  # fmt: skip
        return known

    def _entries(self, state: State, manifest: Any) -> dict[date, list[DataFile]]:
        path = manifest.manifest_path
        known = self._manifests.get(path)
        if known is None:
            known = {}
            with whole(path):
                for entry in manifest.fetch_manifest_entry(state.table.io):
                    file = entry.data_file
                    day = _EPOCH + timedelta(days=_number(file.partition[0]))
                    known.setdefault(day, []).append(file)
            with self._lock:
                if len(self._manifests) > 4096:
                    self._manifests.clear()
                self._manifests[path] = known
        return known

    def commit(
        self,
        state: State,
        day: date,
        added: Sequence[NewFile],
        removed: Sequence[DataFile],
        *,
        on_way: Callable[[], None],
    ) -> int:
        """Add and remove files of one day in one snapshot; returns its number.

        `on_way` is called when the outcome is no longer certain to be nothing. Raises Contention
        when another writer has changed the day since `state`.
        """
        name = state.table.name()[-1]
        seen = {file.file_path for file in self.files(state, day)}
        for attempt in range(_ATTEMPTS):
            if {file.file_path for file in self.files(state, day)} != seen:
                break
            transaction = _own(state.table).transaction()
            update = transaction.update_snapshot()
            producer = update.overwrite() if removed else update.fast_append()
            for new in added:
                producer.append_data_file(_data_file(state.table, day, new))
            for old in removed:
                producer.delete_data_file(old)
            try:
                with _translated(), reached(state.table.location()):
                    producer.commit()
                    transaction.commit_transaction()
                on_way()
                return producer.snapshot_id
            except CommitFailedException:
                time.sleep(random.uniform(0, 0.05 * (attempt + 1)))
            except ValidationException:
                break
            except BaseException:
                on_way()  # the commit may have been made
                raise
            found = self.current(name)
            assert found is not None
            state = found
        raise Contention(
            f"another writer keeps changing {name} of {day} in the cold tier; run it again"
        )

    def expire(self, before: datetime) -> int:
        """Forget each table's snapshots from before a moment but the newest; returns how many."""
        count = 0
        for name in self.names():
            for attempt in range(_ATTEMPTS):
                state = self.current(name)
                if state is None:
                    break
                table, newest = state.table, state.table.current_snapshot()
                old = [
                    snapshot.snapshot_id
                    for snapshot in table.snapshots()
                    if snapshot != newest and snapshot.timestamp_ms < before.timestamp() * 1000
                ]
                if not old:
                    break
                try:
                    with _translated(), reached(table.location()):
                        _own(table).maintenance.expire_snapshots().by_ids(old).commit()
                except CommitFailedException:
                    time.sleep(random.uniform(0, 0.05 * (attempt + 1)))
                    continue
                count += len(old)
                break
        return count


def iceberg_schema(table: ColdTable) -> Schema:
    """A cold table's columns as Iceberg's; numbered from 1 in their order."""
    return Schema(
        *(
            NestedField(number, field.name, _TYPES[field.type], required=not field.nullable)
            for number, field in enumerate(table.schema, start=1)
        )
    )


def _by_day(schema: Schema) -> PartitionSpec:
    source = schema.find_field("timestamp").field_id
    return PartitionSpec(PartitionField(source, 1000, DayTransform(), "timestamp_day"))


def _sorted(schema: Schema, table: ColdTable) -> SortOrder:
    return SortOrder(
        *(
            SortField(
                schema.find_field(name).field_id,
                IdentityTransform(),
                SortDirection.ASC,
                NullOrder.NULLS_LAST,
            )
            for name in ("symbol", "exchange", *table.order)
        )
    )


def _data_file(table: Table, day: date, new: NewFile) -> DataFile:
    schema = table.schema()
    statistics = data_file_statistics_from_parquet_metadata(
        parquet_metadata=new.metadata,
        stats_columns=compute_statistics_plan(schema, table.metadata.properties),
        parquet_column_mapping=parquet_path_to_id_mapping(schema),
    )
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=new.path,
        file_format=FileFormat.PARQUET,
        partition=Record((day - _EPOCH).days),
        file_size_in_bytes=new.size,
        sort_order_id=table.sort_order().order_id,
        spec_id=table.spec().spec_id,
        equality_ids=None,
        key_metadata=None,
        **statistics.to_serialized_dict(),
    )


def _span(manifest: Any) -> tuple[int, int]:
    """First and last day that a manifest has files of, in days since 1970."""
    (summary,) = manifest.partitions
    low, high = summary.lower_bound, summary.upper_bound
    return (
        int.from_bytes(low, "little", signed=True),
        int.from_bytes(high, "little", signed=True),
    )


def _number(partition: Any) -> int:
    return (partition - _EPOCH).days if isinstance(partition, date) else int(partition)


@contextmanager
def _translated() -> Iterator[None]:
    """Raise what PostgreSQL says as errors of our own."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise translate(error.orig) from error.orig
        raise


def _own(table: Table) -> Table:
    """A copy for one commit: it changes the object it is made on, which other threads look at."""
    return Table(table.name(), table.metadata, table.metadata_location, table.io, table.catalog)

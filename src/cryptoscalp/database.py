"""`Database` and `AsyncDatabase`: the subjects of cryptoscalp over one connection pool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Generator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from cryptoscalp.adaptation.face import Adaptation
from cryptoscalp.analytics.face import Analytics
from cryptoscalp.capture.face import Capture
from cryptoscalp.infra import migrations
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.drivers import AsyncDriver, SyncDriver
from cryptoscalp.infra.db.errors import SchemaMismatch
from cryptoscalp.infra.db.locks import Locks
from cryptoscalp.infra.db.maintenance import Maintenance
from cryptoscalp.infra.db.resources import Resources
from cryptoscalp.infra.db.waiting import LastWords
from cryptoscalp.infra.jobs.background import Background
from cryptoscalp.infra.jobs.face import Jobs
from cryptoscalp.infra.jobs.pace import Pace
from cryptoscalp.infra.jobs.types import Run
from cryptoscalp.infra.jobs.workshop import Workshop
from cryptoscalp.infra.server import EmbeddedServer, default_data_dir
from cryptoscalp.infra.server.log_files import ServerLogs
from cryptoscalp.infra.settings import Settings
from cryptoscalp.jobs import JOBS
from cryptoscalp.logs.face import Logs
from cryptoscalp.market.face import Market
from cryptoscalp.monitoring.face import Monitoring
from cryptoscalp.monitoring.types import Surroundings
from cryptoscalp.registry.face import Registry
from cryptoscalp.replay.face import Replay
from cryptoscalp.reports.face import Reports
from cryptoscalp.retention.face import Retention
from cryptoscalp.risk.face import Risk
from cryptoscalp.trading.face import Trading

#: The login role of the embedded server.
LOGIN: Final = "cryptoscalp"


class Database:
    """The blocking face; close it, or use it as a context manager."""

    def __init__(self, driver: SyncDriver) -> None:
        self._driver = driver
        self.market = Market(driver)
        self.capture = Capture(driver)
        self.trading = Trading(driver)
        self.registry = Registry(driver)
        self.adaptation = Adaptation(driver)
        self.replay = Replay(driver)
        self.analytics = Analytics(driver)
        self.risk = Risk(driver)
        self.reports = Reports(driver)
        self.retention = Retention(driver)
        self.jobs = Jobs(driver)
        self.logs = Logs(driver)
        self.monitoring = Monitoring(driver)

    @property
    def dsn(self) -> str:
        """The libpq connection string of this database; the url, where one was given."""
        return self._driver.dsn

    def close(self) -> None:
        """Close the connections; an embedded server goes on for other processes."""
        self._driver.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncDatabase:
    """The asyncio face: the same operations, awaited."""

    def __init__(self, driver: AsyncDriver) -> None:
        self._driver = driver
        self.market = Market(driver)
        self.capture = Capture(driver)
        self.trading = Trading(driver)
        self.registry = Registry(driver)
        self.adaptation = Adaptation(driver)
        self.replay = Replay(driver)
        self.analytics = Analytics(driver)
        self.risk = Risk(driver)
        self.reports = Reports(driver)
        self.retention = Retention(driver)
        self.jobs = Jobs(driver)
        self.logs = Logs(driver)
        self.monitoring = Monitoring(driver)

    @property
    def dsn(self) -> str:
        """The libpq connection string of this database; the url, where one was given."""
        return self._driver.dsn

    async def close(self) -> None:
        """Close the connections; an embedded server goes on for other processes."""
        await self._driver.close()

    async def __aenter__(self) -> AsyncDatabase:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def connect(
    url: str | None = None,
    data_dir: Path | str | None = None,
    *,
    max_connections: int = 8,
    timeout_s: float = 30.0,
) -> Database:
    """Connect to a cryptoscalp database; close it, or use it in a `with` statement.

    `url` (or CRYPTOSCALP_DATABASE_URL) is any PostgreSQL of version 15 or later that
    `cryptoscalp db upgrade` has prepared. Without one, the embedded server of `data_dir` (or
    CRYPTOSCALP_DATA_DIR, or the platform's user data directory) is started where it does not run
    yet, with its schema made at first use; it goes on until `cryptoscalp stop`.

    Raises ConnectionLost when no server answers, ServerError when the embedded one cannot start,
    SchemaMismatch when the schema is not this version's.
    """
    driver = SyncDriver(
        reachable_dsn(url, data_dir),
        max_connections=max_connections,
        timeout_s=timeout_s,
        resources=_resources(url, data_dir),
    )
    driver.open()
    return Database(driver)


class connect_async:  # noqa: N801 - called like the function it stands beside
    """Connect as `connect` does: `async with connect_async() as db` or `db = await ...`."""

    def __init__(
        self,
        url: str | None = None,
        data_dir: Path | str | None = None,
        *,
        max_connections: int = 8,
        timeout_s: float = 30.0,
    ) -> None:
        self._place = (url, data_dir)
        self._limits = (max_connections, timeout_s)
        self._database: AsyncDatabase | None = None

    async def _connect(self) -> AsyncDatabase:
        dsn = await asyncio.to_thread(reachable_dsn, *self._place)
        connections, timeout_s = self._limits
        driver = AsyncDriver(
            dsn,
            max_connections=connections,
            timeout_s=timeout_s,
            resources=_resources(*self._place),
        )
        await driver.open()
        return AsyncDatabase(driver)

    def __await__(self) -> Generator[Any, None, AsyncDatabase]:
        return self._connect().__await__()

    async def __aenter__(self) -> AsyncDatabase:
        self._database = await self._connect()
        return self._database

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._database is not None:
            await self._database.close()


def embedded_server(
    data_dir: Path | str | None = None, *, port: int | None = None
) -> EmbeddedServer:
    """The embedded server of a data directory; it is not started here."""
    chosen = data_dir or Settings().data_dir or default_data_dir()
    return EmbeddedServer(Path(chosen), port=port)


def _resources(url: str | None, data_dir: Path | str | None) -> Resources:
    """What flows reach beside the database: the lake, the administrator's login, the jobs."""
    settings = Settings()
    dsn, admin, warehouse = url or settings.database_url, settings.admin_url, None
    home: Path | None = None
    if dsn is None or (url is None and data_dir is not None):
        server = embedded_server(data_dir)
        dsn, admin, warehouse = server.dsn, server.admin_dsn, str(server.data_dir / "cold")
        home = server.data_dir
    lake = settings.cold_warehouse or warehouse
    logs = ServerLogs(home and home / "log")
    around = Surroundings(home, JOBS, settings.hot_days)
    return Resources(
        {
            Lake: lambda: Lake(dsn, lake),
            Maintenance: lambda: Maintenance(admin),
            Locks: lambda: Locks(dsn),
            Surroundings: lambda: around,
            ServerLogs: lambda: logs,
            LastWords: lambda: LastWords(logs.last_failure),
            Workshop: lambda: Workshop(JOBS, lambda: _workers_driver(dsn, url, data_dir)),
        }
    )


def _workers_driver(dsn: str, url: str | None, data_dir: Path | str | None) -> AsyncDriver:
    resources = _resources(url, data_dir)
    return AsyncDriver(dsn, max_connections=8, timeout_s=30.0, resources=resources)


def worker(
    url: str | None = None,
    data_dir: Path | str | None = None,
    *,
    names: Collection[str] | None = None,
    concurrency: int = 2,
    grace_s: float = 30.0,
    told: Callable[[Run], None] = lambda _run: None,
) -> Background:
    """A worker that runs the scheduled jobs in a thread of its own while it is entered.

    The database is found as by `connect`. It runs the jobs of `names`, or all, `concurrency` at
    once; any number of workers may run at once. At its end running jobs have `grace_s` seconds,
    then they are cut off and queued again. `told` is called in its thread with each run that
    ended. Raises InputError for a name that is not declared.
    """
    dsn = reachable_dsn(url, data_dir)
    workshop = Workshop(JOBS, lambda: _workers_driver(dsn, url, data_dir))
    pace = Pace(grace_s=grace_s)
    return Background(workshop, names=names, concurrency=concurrency, pace=pace, told=told)


def reachable_dsn(url: str | None, data_dir: Path | str | None) -> str:
    """A connection string whose server runs and whose schema is this version's."""
    dsn = url or (None if data_dir else Settings().database_url)
    if dsn is None:
        server = embedded_server(data_dir)
        server.ensure_running()
        if migrations.current(server.dsn) is None:
            migrations.upgrade(server.admin_dsn, login=LOGIN)
        dsn = server.dsn
    revision, head = migrations.current(dsn), migrations.head()
    if revision != head:
        raise SchemaMismatch(
            f"the database is at schema revision {revision or 'none'}, this version needs {head};"
            " run `cryptoscalp db upgrade`"
        )
    return dsn

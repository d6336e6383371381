"""EmbeddedServer: one PostgreSQL per data directory, shared by every process that uses it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from cryptoscalp.infra.db.errors import InputError, ServerError
from cryptoscalp.infra.server import binaries as programs
from cryptoscalp.infra.server import bootstrap, cluster, postmaster
from cryptoscalp.infra.server.account import create_account, server_account, stranger
from cryptoscalp.infra.server.binaries import BinarySource
from cryptoscalp.infra.server.paths import (
    Layout,
    check_reachable,
    make_data_dir,
    make_socket_dir,
)
from cryptoscalp.infra.server.patience import Patience, exclusive
from cryptoscalp.infra.server.postmaster import Postmaster


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What is known about a server; `port` is the loopback TCP port, None without TCP.

    `running` is also true while it recovers. `version` is full ("18.6") when it answers, else the
    major version of the data, else None. `socket_dir` and `dsn` are None when it does not run.
    """

    running: bool
    pid: int | None
    version: str | None
    data_dir: Path
    socket_dir: Path | None
    port: int | None
    dsn: str | None
    started_at: datetime | None


class EmbeddedServer:
    """The PostgreSQL server of one data directory.

    `port` asks for TCP on 127.0.0.1 besides the Unix socket (0: any free port). `start_timeout_s`
    is how many seconds without a sign of life in the server's log are waited for.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        binaries: BinarySource | None = None,
        port: int | None = None,
        start_timeout_s: float = 120.0,
    ) -> None:
        if port is not None and not 0 <= port <= 65535:
            raise InputError(f"port {port} is not between 0 and 65535; choose another")
        self._layout = Layout.at(data_dir)
        self._source = binaries
        self._port = port
        self._start_timeout_s = start_timeout_s

    @property
    def data_dir(self) -> Path:
        """The data directory, absolute and free of symbolic links."""
        return self._layout.data_dir

    @property
    def admin_dsn(self) -> str:
        """Connection string of the superuser in the product's database, over the Unix socket."""
        return self._socket_dsn(cluster.ADMIN, cluster.DATABASE)

    @property
    def dsn(self) -> str:
        """Connection string of the product's login, over the Unix socket; the same at any port."""
        return self._socket_dsn(cluster.LOGIN, cluster.DATABASE)

    @property
    def tcp_dsn(self) -> str:
        """Connection string over loopback TCP with the password file; ServerError without."""
        with self._explained():
            found = postmaster.living(self._layout.pgdata)
        if found is None or found.tcp_port is None:
            raise ServerError(
                f"the server in {self.data_dir} does not listen on TCP; start it with a port"
            )
        return self._tcp_dsn(found.tcp_port)

    def ensure_running(self) -> bool:
        """Start the server unless it runs; True when this call started it.

        Makes user, cluster, database and login role at first use. Any number of processes may call
        it at once. Raises ServerError with what to do.
        """
        with self._explained():
            if self._in_service():
                return False
            self._prepare_directory()
            patience = Patience(self._start_timeout_s, self._layout)
            with exclusive(self._layout.lock, patience):
                if self._in_service():
                    return False
                return self._bring_up(patience)

    def stop(self, *, timeout_s: float = 60.0) -> bool:
        """Stop the server cleanly, whoever started it; False when none ran.

        Open sessions end, what was committed is kept. Raises ServerError after `timeout_s` seconds.
        """
        with self._explained():
            if postmaster.living(self._layout.pgdata) is None:
                return False
            with exclusive(self._layout.lock, Patience(timeout_s, self._layout)):
                found = postmaster.living(self._layout.pgdata)
                if found is None:
                    return False
                self._let_recover(timeout_s)
                postmaster.stop(found, self._layout, timeout_s)
                return True

    def status(self) -> ServerStatus:
        """Look at the server without changing anything."""
        layout = self._layout
        with self._explained():
            found = postmaster.living(layout.pgdata)
            version = cluster.major_on_disk(layout.pgdata)
        if found is None:
            return ServerStatus(False, None, version, layout.data_dir, None, None, None, None)
        if found.ready:
            try:
                with bootstrap.connect(self.dsn) as connection:
                    version = connection.info.parameter_status("server_version") or version
                    version = version.split()[0] if version else None
            except psycopg.OperationalError:
                pass  # it runs but does not answer this user: the version on disk stays
        return ServerStatus(
            running=True,
            pid=found.pid,
            version=version,
            data_dir=layout.data_dir,
            socket_dir=layout.socket_dir,
            port=found.tcp_port,
            dsn=self.dsn,
            started_at=found.started_at,
        )

    def _in_service(self) -> bool:
        found = postmaster.living(self._layout.pgdata)
        if found is None or not found.ready or not self._suits(found):
            return False
        if self._port is not None and found.tcp_port is not None:
            return bootstrap.accepts(self._tcp_dsn(found.tcp_port))
        return bootstrap.accepts(self.dsn)

    def _suits(self, found: Postmaster) -> bool:
        return self._port is None or found.tcp_port == (self._port or found.tcp_port or -1)

    def _prepare_directory(self) -> None:
        account = server_account(self._layout.pgdata)
        check_reachable(self.data_dir, account or stranger())
        make_data_dir(self.data_dir)

    def _bring_up(self, patience: Patience) -> bool:
        layout = self._layout
        found = postmaster.wait_ready(layout, patience)
        maintenance_dsn = self._socket_dsn(cluster.ADMIN, "postgres")
        if found is not None:
            bootstrap.wait_for_answer(maintenance_dsn, patience)
        if found is not None and not self._suits(found):
            others = bootstrap.other_clients(maintenance_dsn)
            if others:
                raise ServerError(
                    f"the server in {self.data_dir} runs without the asked TCP port and {others} "
                    f"other sessions use it; end them, or stop the server, then start it again"
                )
            postmaster.stop(found, layout, self._start_timeout_s)
            found = None
        started = found is None
        if found is None:
            found = self._start(patience)
        self._lead_to_socket(found)
        bootstrap.ensure_database(maintenance_dsn, self.admin_dsn)
        if found.tcp_port is not None:
            bootstrap.ensure_password(self.admin_dsn, layout.passfile)
        return started

    def _let_recover(self, timeout_s: float) -> None:
        # Asked to stop while it recovers from a crash of its own, PostgreSQL 18 can wait for ever.
        # One that recovers for long, ends already or knows nobody is asked all the same.
        with suppress(psycopg.OperationalError):
            bootstrap.wait_for_answer(
                self._socket_dsn(cluster.ADMIN, "postgres"), Patience(timeout_s, self._layout)
            )

    def _start(self, patience: Patience) -> Postmaster:
        layout = self._layout
        account = server_account(layout.pgdata) or create_account()
        source = self._source or BinarySource.wheel()
        binaries = programs.usable(source, account, layout.binaries)
        cluster.ensure(binaries, account, layout)
        make_socket_dir(layout.socket_dir, account)
        attempts = 3 if self._port == 0 else 1
        while True:
            attempts -= 1
            port = _free_port() if self._port == 0 else self._port
            cluster.configure(binaries, account, layout, port)
            try:
                return postmaster.start(binaries, account, layout, patience)
            except ServerError as error:
                # Another program can take a port that was free a moment ago.
                if attempts == 0 or "Address already in use" not in str(error):
                    raise

    def _lead_to_socket(self, found: Postmaster) -> None:
        # PostgreSQL names the socket after the TCP port. A link under the usual name keeps our
        # connection strings valid when the server comes back with another port.
        if found.socket_port == cluster.SOCKET_PORT:
            return
        usual = self._layout.socket_dir / f".s.PGSQL.{cluster.SOCKET_PORT}"
        fresh = usual.with_name("link")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(f".s.PGSQL.{found.socket_port}")
        fresh.replace(usual)

    def _socket_dsn(self, user: str, database: str) -> str:
        return make_conninfo(
            host=str(self._layout.socket_dir),
            port=cluster.SOCKET_PORT,
            user=user,
            dbname=database,
        )

    def _tcp_dsn(self, port: int) -> str:
        return make_conninfo(
            host="127.0.0.1",
            port=port,
            user=cluster.LOGIN,
            dbname=cluster.DATABASE,
            passfile=str(self._layout.passfile),
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            place = error.filename or self.data_dir
            raise ServerError(
                f"the server in {self.data_dir} cannot be used by user id {os.geteuid()}: "
                f"{place}: {error.strerror}; run as the user who owns it or choose another data "
                f"directory (--data-dir, CRYPTOSCALP_DATA_DIR)"
            ) from error
        except psycopg.Error as error:
            raise ServerError(
                f"the server in {self.data_dir} runs but refused its supervisor: "
                f"{str(error).strip()}; see {self._layout.log} and "
                f"{self._layout.log_dir}, and if its socket in {self._layout.socket_dir} is "
                "gone, stop the server and start it again"
            ) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port

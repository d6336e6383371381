"""The operating-system user that PostgreSQL runs as; PostgreSQL itself refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptoscalp.infra.db.errors import ServerError

DEFAULT_USER = "cryptoscalp"
OVERRIDE = "CRYPTOSCALP_SERVER_USER"

# Nothing of the caller's environment reaches the server: PG* variables would change what the
# tools do, and credentials of the caller would be readable by every superuser of the database.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}


@dataclass(frozen=True, slots=True)
class Account:
    """A user and its primary group; `dropped` says that commands change to it from root."""

    name: str
    uid: int
    gid: int
    dropped: bool

    def run(
        self, command: Sequence[str | Path], *, timeout_s: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end as this user, in `/`, without the caller's environment.

        Output is captured as text; a non-zero exit is returned, not raised. Raises ServerError when
        the command cannot be run at all or outlasts `timeout_s` seconds.
        """
        try:
            return subprocess.run(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                cwd="/",
                env=_ENVIRONMENT,
                timeout=timeout_s,
                check=False,
                user=self.uid if self.dropped else None,
                group=self.gid if self.dropped else None,
                extra_groups=[] if self.dropped else None,
            )
        except subprocess.TimeoutExpired as error:
            raise ServerError(
                f"{command[0]} did not end within {timeout_s:g} s; look at the load of this machine"
            ) from error
        except OSError as error:
            raise ServerError(
                f"{command[0]} cannot be run as user {self.name}: {error.strerror}"
            ) from error

    def give(self, path: Path) -> None:
        """Make this user the owner of a file or directory that we made ourselves."""
        if self.dropped:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def client_user() -> str:
    """Name of the user this process runs as; ServerError when the system has no name for it."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError as error:
        raise ServerError(
            f"user id {os.geteuid()} has no entry in the password database, and PostgreSQL needs "
            f"one; run as a named user"
        ) from error


def server_account(pgdata: Path) -> Account | None:
    """The user that owns, or is to own, the cluster in `pgdata`.

    None when this process is root and the default user is still to be made (`create_account`).
    Raises ServerError when that user may not or cannot run the cluster.
    """
    owner = pgdata.stat().st_uid if pgdata.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner != os.geteuid():
            raise ServerError(
                f"{pgdata} belongs to user {_name(owner)}, but this process runs as "
                f"{client_user()}; run as that user (or root), or choose another data directory"
            )
        return Account(client_user(), os.geteuid(), os.getegid(), dropped=False)

    wanted = os.environ.get(OVERRIDE) or None
    if owner is not None:
        name = _name(owner)
        if wanted is not None and wanted != name:
            raise ServerError(
                f"{pgdata} belongs to user {name}, but {OVERRIDE} is {wanted!r}; "
                f"unset it or choose another data directory"
            )
    else:
        name = wanted or DEFAULT_USER
    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        if wanted is None and owner is None:
            return None
        raise ServerError(
            f"the user {name!r} that PostgreSQL should run as does not exist; create it "
            f"(useradd --system {name}) or change {OVERRIDE}"
        ) from error
    if entry.pw_uid == 0:
        raise ServerError(
            f"PostgreSQL refuses to run as root; set {OVERRIDE} to an unprivileged user and see "
            f"that {pgdata}, if it exists, does not belong to root"
        )
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, dropped=True)


def create_account() -> Account:
    """Make the default system user (without login or home) and return it; needs root.

    Safe when another process makes it at the same time. Raises ServerError with what to do instead.
    """
    advice = (
        f"create an unprivileged user {DEFAULT_USER!r} by hand, "
        f"or name an existing one in {OVERRIDE}"
    )
    tool = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if tool is None:
        raise ServerError(f"PostgreSQL cannot run as root and useradd is not there; {advice}")
    options = ["--system", "--no-create-home", "--home-dir", "/nonexistent"]
    made = subprocess.run(
        [tool, *options, "--shell", "/usr/sbin/nologin", DEFAULT_USER],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        entry = pwd.getpwnam(DEFAULT_USER)
    except KeyError as error:
        raise ServerError(
            f"useradd could not make the user {DEFAULT_USER!r} that PostgreSQL runs as "
            f"({made.stderr.strip() or made.returncode}); {advice}"
        ) from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, dropped=True)


def stranger() -> Account:
    """A user with nobody's rights: stands for the server user while that is still to be made."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account("nobody", 65534, 65534, dropped=True)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, dropped=True)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)

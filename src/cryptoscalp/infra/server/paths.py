"""Where everything lies: the data directory's layout and the short directory of the socket."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from cryptoscalp.infra.db.errors import ServerError
from cryptoscalp.infra.server.account import Account

# The name of the socket file ends in the port, so the longest one has five digits.
_LONGEST_SOCKET_NAME = ".s.PGSQL.65535"
_SOCKET_PATH_LIMIT = 103 if sys.platform == "darwin" else 107
# unix_socket_directories is a list with its own quoting: other names go to the short directory.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+@=-]+")
# pg_ctl hands the path to a shell between double quotes.
_UNSAFE_FOR_SHELL = re.compile(r'["$`\\\n\r]')


def default_data_dir() -> Path:
    """The platform's directory for user data, or `/var/lib/cryptoscalp` for root."""
    if os.geteuid() == 0:
        return Path("/var/lib/cryptoscalp")
    return platformdirs.user_data_path("cryptoscalp", appauthor=False)


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one embedded server; `data_dir` is absolute and free of symbolic links."""

    data_dir: Path

    @classmethod
    def at(cls, data_dir: Path) -> Layout:
        """Layout of a directory as the user wrote it, which need not exist.

        Raises ServerError for a path that cannot be handed to PostgreSQL's tools.
        """
        resolved = Path(os.path.realpath(data_dir.expanduser()))
        if _UNSAFE_FOR_SHELL.search(str(resolved)):
            raise ServerError(
                f"the data directory {str(resolved)!r} has a quote, $, backslash or line break in "
                f"its name, which PostgreSQL's tools cannot take; choose another one"
            )
        return cls(resolved)

    @property
    def pgdata(self) -> Path:
        return self.data_dir / "pgdata"

    @property
    def lock(self) -> Path:
        return self.data_dir / "server.lock"

    @property
    def log(self) -> Path:
        return self.data_dir / "server.log"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "log"

    @property
    def passfile(self) -> Path:
        return self.data_dir / "passfile"

    @property
    def custom_conf(self) -> Path:
        return self.data_dir / "custom.conf"

    @property
    def binaries(self) -> Path:
        return self.data_dir / "binaries"

    @property
    def socket_dir(self) -> Path:
        """`<data_dir>/run` where its name fits into a socket address, else one under `/tmp`.

        It depends on the data directory alone, so that every process finds the same one.
        """
        own = self.data_dir / "run"
        length = len(os.fsencode(own / _LONGEST_SOCKET_NAME))
        if length <= _SOCKET_PATH_LIMIT and _PLAIN_PATH.fullmatch(str(own)):
            return own
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return Path("/tmp") / f"cryptoscalp-{digest}"


def check_reachable(data_dir: Path, account: Account) -> None:
    """Raise ServerError when `account` cannot pass through the directories above the data.

    Asked by a process of that user, so access lists count too; nothing is made or changed.
    """
    standing = [p for p in reversed([data_dir, *data_dir.parents]) if os.path.lexists(p)]
    for place in standing:
        if not place.is_dir():
            raise ServerError(f"{place} is not a directory; choose another data directory")
    if not account.dropped:
        return
    script = 'for d; do test -x "$d" || { printf %s "$d"; exit 3; }; done'
    asked = account.run(["/bin/sh", "-c", script, "sh", *standing], timeout_s=30)
    if asked.returncode != 0:
        raise ServerError(
            f"the server would run as user {account.name}, who cannot pass through "
            f"{asked.stdout or asked.stderr.strip()}; choose a data directory that every user can "
            f"reach (--data-dir, CRYPTOSCALP_DATA_DIR; for root the default is "
            f"/var/lib/cryptoscalp) or allow it yourself with chmod o+x"
        )


def make_data_dir(data_dir: Path) -> None:
    """Make the data directory and what is missing above it; existing ones keep their mode."""
    # As root the server's user must pass through; else nobody but us has any business there.
    mode = 0o755 if os.geteuid() == 0 else 0o700
    for place in reversed([data_dir, *data_dir.parents]):
        if place.is_dir():
            continue
        try:
            place.mkdir(mode)
        except FileExistsError:
            continue  # another process made it just now
        place.chmod(mode)  # whatever the umask says


def make_socket_dir(path: Path, account: Account) -> None:
    """Make the private directory of the socket, or check that the existing one is ours.

    Raises ServerError when something of another user, a link, or an open directory is in its place.
    """
    try:
        path.mkdir(0o700)
        account.give(path)
    except FileExistsError:
        found = path.lstat()
        ours = found.st_uid in (account.uid, os.geteuid())
        if not stat.S_ISDIR(found.st_mode) or not ours or found.st_mode & 0o077:
            raise ServerError(
                f"{path} must be a directory of user {account.name} with mode 0700, but it is "
                f"{stat.filemode(found.st_mode)} of user id {found.st_uid}; nothing was started: "
                f"find out who made it, then remove it"
            ) from None
        if found.st_uid != account.uid:
            account.give(path)

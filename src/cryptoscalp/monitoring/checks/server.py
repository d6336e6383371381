"""The server itself: its version, and the settings that durability and upkeep rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Final

from cryptoscalp.infra.db.flow import Flow, call, rows
from cryptoscalp.infra.server.machine import this_machine
from cryptoscalp.monitoring.types import Check, Problem, Verdict, judged, severity

_OLDEST: Final = 15
#: Last day of support by major version, as postgresql.org announces it.
_SUPPORTED_UNTIL: Final[Mapping[int, date]] = {
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}
_MB: Final = 1024 * 1024
_LEAST_WAL_MB: Final = 256
_BUSY: Final = 0.8
#: Locks for a read of every partition of the largest table must fit this often.
_LOCK_ROOM: Final = 4


def version() -> Flow[Verdict]:
    """The major version is one that is tested and still supported."""
    found = yield from rows(
        "SELECT current_setting('server_version_num')::int,"
        " split_part(current_setting('server_version'), ' ', 1)"
    )
    number, name = found[0]
    return judge_version(number // 10_000, name, datetime.now(UTC).date())


def judge_version(major: int, name: str, today: date) -> Verdict:
    """What is to be said of a version on a day."""
    newest = max(_SUPPORTED_UNTIL)
    until = _SUPPORTED_UNTIL.get(major)
    problems = []
    if major < _OLDEST:
        hint = f"upgrade to PostgreSQL {newest}"
        problems.append(Problem("FAIL", f"PostgreSQL {name} is older than {_OLDEST}", hint))
    elif until is None:
        hint = f"use PostgreSQL {_OLDEST} to {newest}"
        problems.append(Problem("WARN", f"PostgreSQL {name} is newer than what is tested", hint))
    elif until < today:
        hint = f"upgrade to PostgreSQL {newest}"
        problems.append(Problem("WARN", f"PostgreSQL {name} had fixes until {until}", hint))
    return judged(f"PostgreSQL {name}, supported until {until}", problems)


def durability() -> Flow[Verdict]:
    """What is committed survives a crash."""
    held = yield from _settings(
        "fsync", "full_page_writes", "synchronous_commit", "data_checksums", "wal_level",
        "zero_damaged_pages", "ignore_checksum_failure", "default_transaction_read_only",
    )  # fmt: skip
    told = ", ".join(f"{name} {held[name]}" for name in ("fsync", "synchronous_commit"))
    return judged(told, _durability(held))


def _durability(held: Mapping[str, str]) -> Iterator[Problem]:
    for name, loss in (
        ("fsync", "a power cut can destroy the database"),
        ("full_page_writes", "a crash can tear pages"),
        ("synchronous_commit", "a crash loses batches that were acknowledged"),
    ):
        if held[name] == "off":
            yield Problem("FAIL", f"{name} is off: {loss}", f"set {name} = on")
    for name in ("zero_damaged_pages", "ignore_checksum_failure"):
        if held[name] == "on":
            yield Problem("FAIL", f"{name} is on: damage is passed over", f"set {name} = off")
    if held["default_transaction_read_only"] == "on":
        found = "default_transaction_read_only is on: nothing can be written"
        yield Problem("FAIL", found, "set default_transaction_read_only = off")
    if held["data_checksums"] == "off":
        yield Problem(
            "WARN", "pages carry no checksums: damage is not noticed", "pg_checksums --enable"
        )
    if held["wal_level"] == "minimal":
        found = "wal_level is minimal: no base backup and no archive can be made"
        yield Problem("WARN", found, "set wal_level = replica and restart")


def upkeep() -> Flow[Verdict]:
    """Autovacuum runs, and has the counts that it needs."""
    held = yield from _settings("autovacuum", "track_counts", "track_activities")
    left_out = yield from rows(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND reloptions::text ~ 'autovacuum_enabled=(false|off|no|0)' ORDER BY relname"
    )
    problems = [
        Problem(severity(fails), f"{name} is off: {loss}", f"set {name} = on")
        for name, fails, loss in (
            ("autovacuum", True, "tables grow and transaction ids run out"),
            ("track_counts", True, "autovacuum does not know what to do"),
            ("track_activities", False, "nobody can see what sessions do"),
        )
        if held[name] == "off"
    ]
    problems += [
        Problem("WARN", f"autovacuum leaves {name} out",
                f"ALTER TABLE {name} RESET (autovacuum_enabled)")
        for (name,) in left_out
    ]  # fmt: skip
    return judged("autovacuum and track_counts are on", problems)


def capacity() -> Flow[Verdict]:
    """Connections, memory, locks and WAL fit this machine and this many partitions."""
    held = yield from _settings(
        "max_connections", "shared_buffers", "max_locks_per_transaction", "max_wal_size",
        "checkpoint_timeout", "max_prepared_transactions",
    )  # fmt: skip
    found = yield from rows(
        # Of other roles' sessions a login sees no more than who they are.
        "SELECT (SELECT count(*) FROM pg_stat_activity WHERE usesysid IS NOT NULL"
        "   AND coalesce(backend_type, 'client backend') = 'client backend'),"
        " inet_server_addr() IS NULL,"
        " coalesce((SELECT max(pieces) FROM (SELECT count(*) AS pieces FROM pg_inherits AS i"
        "   JOIN pg_class AS p ON p.oid = i.inhparent WHERE p.relkind IN ('p', 'r')"
        "   GROUP BY i.inhparent) AS counted), 0)"
    )
    used, local, pieces = found[0]
    memory = (yield from call(lambda: this_machine().memory)) if local else None
    numbers = {name: int(value) for name, value in held.items()}
    problems = _capacity(numbers, used, pieces, memory)
    buffers = numbers["shared_buffers"] * 8192 // _MB
    return judged(
        f"{used} of {numbers['max_connections']} connections, {buffers} MB shared_buffers,"
        f" {pieces:,} partitions in the largest table",
        problems,
    )


def _capacity(
    held: Mapping[str, int], used: int, pieces: int, memory: int | None
) -> Iterator[Problem]:
    if used > held["max_connections"] * _BUSY:
        found = f"{used} of {held['max_connections']} connections are taken"
        yield Problem("WARN", found, "raise max_connections, or let clients share a pool")
    # A read of all days locks each partition with its two indexes.
    locks = held["max_locks_per_transaction"] * (
        held["max_connections"] + held["max_prepared_transactions"]
    )
    needed = pieces * 3
    if locks < needed * _LOCK_ROOM:
        found = f"room for {locks:,} locks; a read of all {pieces:,} partitions takes {needed:,}"
        status = severity(locks < needed)
        enough = -(-needed * _LOCK_ROOM // held["max_connections"])
        hint = f"set max_locks_per_transaction = {max(256, enough)} and restart"
        yield Problem(status, found, hint)
    if held["max_wal_size"] < _LEAST_WAL_MB:
        found = f"max_wal_size is {held['max_wal_size']} MB: checkpoints never end under load"
        yield Problem("WARN", found, "set max_wal_size = 4GB")
    if held["checkpoint_timeout"] < 60:
        found = f"checkpoint_timeout is {held['checkpoint_timeout']} s"
        yield Problem("WARN", found, "set checkpoint_timeout = 15min")
    if memory is None:
        return
    buffers = held["shared_buffers"] * 8192
    told = f"shared_buffers is {buffers // _MB:,} MB of {memory // _MB:,} MB of memory"
    if buffers < min(memory // 32, 1024 * _MB) or buffers > memory * 0.6:
        yield Problem("WARN", told, f"set shared_buffers = {memory // 4 // _MB}MB and restart")


def session() -> Flow[Verdict]:
    """Sessions are what the product asked for, also through a pooler."""
    held = yield from _settings("TimeZone", "standard_conforming_strings", "server_encoding")
    problems = []
    if held["TimeZone"] not in {"UTC", "Etc/UTC"}:
        found = f"the session's time zone is {held['TimeZone']}, not UTC"
        hint = "let the connection pooler pass the startup parameter `options`"
        problems.append(Problem("FAIL", found, hint))
    if held["standard_conforming_strings"] == "off":
        found = "standard_conforming_strings is off"
        problems.append(Problem("FAIL", found, "set standard_conforming_strings = on"))
    if held["server_encoding"] != "UTF8":
        found = f"the database is in {held['server_encoding']}: some symbols cannot be stored"
        hint = "import into a new database made with ENCODING 'UTF8' TEMPLATE template0"
        problems.append(Problem("WARN", found, hint))
    return judged("UTC, UTF8", problems)


def _settings(*names: str) -> Flow[dict[str, str]]:
    found = yield from rows(
        "SELECT name, setting FROM pg_settings WHERE name = ANY (%s)", (list(names),)
    )
    return dict(found)


CHECKS: Final = (
    Check("version", "PostgreSQL is one that is tested and supported", version),
    Check("durability", "what is committed survives a crash", durability),
    Check("upkeep", "autovacuum runs, on every table", upkeep),
    Check("capacity", "connections, memory, locks and WAL suffice", capacity),
    Check("session", "sessions are in UTC, text is UTF8", session),
)

"""What a server that stays away said last: its own end, not a client's refused login."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cryptoscalp.infra.server.log_files import ServerLogs

_READY = {
    "error_severity": "LOG",
    "message": "database system is ready to accept connections",
}
_REFUSED = {
    "error_severity": "FATAL",
    "user": "bot",
    "message": "the database system is in recovery mode",
}
_FULL = {"error_severity": "FATAL", "message": "could not write to file: No space left on device"}
_PANIC = {"error_severity": "PANIC", "user": "bot", "message": "could not write the log"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([_READY, _PANIC], _PANIC["message"]),
        ([_READY, _PANIC, _REFUSED, _FULL, _REFUSED], _FULL["message"]),
        ([_READY, _PANIC, _FULL, _READY, _REFUSED], None),
        ([_READY], None),
        ([], None),
    ],
    ids=["panic", "and no way back", "recovered", "nothing", "empty"],
)
def test_the_end_of_the_newest_file(
    said: list[dict[str, str]], expected: str | None, tmp_path: Path
) -> None:
    (tmp_path / "postgresql-1.json").write_text(json.dumps(_PANIC))
    lines = [json.dumps(line) for line in said]
    (tmp_path / "postgresql-2.json").write_text("\n".join(['{"cut', *lines, '{"error_sev']))
    assert ServerLogs(tmp_path).last_failure() == expected


def test_without_files(tmp_path: Path) -> None:
    assert ServerLogs(tmp_path).last_failure() is None
    assert ServerLogs(tmp_path / "none").last_failure() is None
    assert ServerLogs(None).last_failure() is None

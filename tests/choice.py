"""What `make test` leaves to `make check`; kills, signals and full disks are in both."""

from __future__ import annotations

from zlib import crc32

import pytest

_FACES = ("sync", "async")


def left_to_check(item: pytest.Item) -> str | None:
    """Why a test is for `make check` only; None when it is for both."""
    path = item.path.as_posix()
    if "/tests/timescale/" in path or path.endswith("_postgres_15.py"):
        return "another server than the embedded one: make check"
    if item.get_closest_marker("long"):
        return "a long one: make check"
    params = getattr(getattr(item, "callspec", None), "params", {})
    if params.get("mode") in _FACES and params["mode"] != face_of(item):
        return "the other face of a test, sync or async, in turn: make check has both"
    return None


def face_of(item: pytest.Item) -> str:
    """The face that all cases of a test have in `make test`: half of the tests have each."""
    function = item.nodeid.split("[")[0]
    return _FACES[crc32(function.encode()) % 2]

"""Modules whose tests need a library that only `make check` installs."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest


def loaded(module: str, library: str) -> Any:
    """A module that needs `library`; where that is missing the test is skipped, in CI it fails."""
    if find_spec(library) is None:
        reason = f"{library} is not installed (make check)"
        if os.environ.get("CRYPTOSCALP_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return import_module(module)

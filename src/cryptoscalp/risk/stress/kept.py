"""Stress tests: how long its rows are kept."""

from __future__ import annotations

from cryptoscalp.infra.cold.types import Kept

KEPT: tuple[Kept, ...] = ()

"""The database through both faces, and buffers that are open on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from cryptoscalp import Database, connect
from cryptoscalp.replay.memory import ReplayMemory
from cryptoscalp.replay.replay_types import Durability, Sampling, Shape
from tests.faces import db, mode, own_server
from tests.postgres import Place
from tests.replay.walks import MemoryFactory

__all__ = ["db", "mode", "own_server"]


@pytest.fixture(autouse=True)
def journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Durability:
    """Journals in a folder of the test's own, whoever opens a buffer."""
    folder = tmp_path / "journals"
    monkeypatch.setenv("CRYPTOSCALP_REPLAY_JOURNALS", str(folder))
    return Durability(journals=folder)


@pytest.fixture
def blocking(database: Place) -> Iterator[Database]:
    """A migrated database of the test's own, through the blocking face."""
    with connect(database.dsn) as opened:
        yield opened


@pytest.fixture
def memory_factory(blocking: Database, journals: Durability) -> Iterator[MemoryFactory]:
    """Open memories of new buffers of a given form."""
    numbers = count(1)
    with ExitStack() as stack:

        def made(shape: Shape, sampling: Sampling | None = None) -> ReplayMemory:
            number = next(numbers)
            names = [f"feature_{place}" for place in range(shape.state_width)]
            features = blocking.registry.register_feature_set("states", names)
            blocking.replay.create_buffer(
                f"buffer {number}",
                features.feature_set_id,
                actions=shape.action_kind,
                action_width=shape.action_width,
                capacity=10_000,
            )
            return stack.enter_context(
                blocking.replay.memory(
                    f"buffer {number}", sampling=sampling, seed=1, durability=journals
                )
            )

        yield made

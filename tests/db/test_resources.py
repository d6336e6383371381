"""What a driver reaches beside its database is made once and closed with it."""

from __future__ import annotations

import pytest

from cryptoscalp.infra.db.resources import Resources


class Thing:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_a_thing_is_made_once_and_not_after_the_end() -> None:
    resources = Resources({})
    made = resources.made(Thing, Thing)
    assert resources.made(Thing, Thing) is made
    resources.close()
    assert made.closed
    with pytest.raises(RuntimeError, match="closed"):
        resources.made(Thing, Thing)

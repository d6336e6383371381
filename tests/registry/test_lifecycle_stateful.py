"""Any sequence of registrations, moves, rollbacks and aliases gives what the rules say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import CryptoscalpError, IntegrityRefused, NotFound
from tests.faces import open_face
from tests.postgres import Place
from tests.registry.life import (
    DEPLOYED,
    RETIRED,
    TRAINING,
    VALIDATING,
    Life,
    Refused,
    Unknown,
    Version,
)

_PAIRS = count(1)
MODELS = st.sampled_from((0, 1))
SLOTS = st.sampled_from(("live", "shadow"))
#: The last one is no name of an alias.
ALIASES = st.sampled_from(("champion", "challenger", "1st"))
STATUSES = st.sampled_from((TRAINING, VALIDATING, DEPLOYED, RETIRED))
METRICS = st.none() | st.sampled_from((1.0, 2.0))
_ERRORS: dict[type[Exception], type[CryptoscalpError]] = {
    Refused: IntegrityRefused,
    Unknown: NotFound,
}


class Registry(RuleBasedStateMachine):
    """Two models of the database beside the rules."""

    def __init__(self, runner: asyncio.Runner, db: AsyncDatabase, place: Place) -> None:
        super().__init__()
        self.runner = runner
        self.db = db
        self.place = place
        self.life = Life()
        self.keys: dict[tuple[str, int], int] = {}

    @initialize(depths=st.lists(st.integers(0, 4), min_size=4, max_size=4))
    def begin(self, depths: list[int]) -> None:
        """Slots that have something to go back to."""
        pair = next(_PAIRS)
        self.names = (f"a{pair}", f"b{pair}")
        self.slots = [(name, slot) for name in self.names for slot in ("live", "shadow")]
        for (name, slot), depth in zip(self.slots, depths, strict=True):
            for _ in range(depth):
                self.released(name, slot)
        self.agree()

    def released(self, name: str, slot: str) -> None:
        """A version that goes its whole way at once."""
        one, _ = self.life.register(name, None, 1.0)
        key = self.registered(name, None, 1.0).version.model_id
        for to in (None, slot):
            self.life.promote(one, to)
            self.call("promote", key, slot=to)

    def call(self, name: str, *given: Any, **named: Any) -> Any:
        return self.runner.run(getattr(self.db.registry, name)(*given, **named))

    def both(self, rules: Callable[[], Any], product: Callable[[], Any]) -> tuple[Any, Any]:
        """Both answers; what the rules refuse is refused by the product's error for it."""
        try:
            expected = rules()
        except (Refused, Unknown) as error:
            with pytest.raises(_ERRORS[type(error)]):
                product()
            self.agree()
            return None, None
        found = product()
        self.agree()
        return expected, found

    def chosen(self, data: st.DataObject) -> tuple[Version, str | int]:
        """One of the versions, and a way to write it."""
        one: Version = data.draw(st.sampled_from(self.life.every()))
        ways: list[str | int] = [
            f"{one.name}:{one.number}", f"{one.name}:{one.label}", self.keys[one.name, one.number],
        ]  # fmt: skip
        if one is self.life.versions[one.name][-1]:
            ways.append(one.name)
        ways += [f"{name}@{alias}" for (name, alias), of in self.life.aliases.items() if of is one]
        return one, data.draw(st.sampled_from(ways))

    @rule(model=MODELS, label=st.sampled_from((None, None, "first", "second")), metrics=METRICS)
    def register(self, model: int, label: str | None, metrics: float | None) -> None:
        name = self.names[model]
        expected, found = self.both(
            lambda: self.life.register(name, label, metrics),
            lambda: self.registered(name, label, metrics),
        )
        if expected is not None:
            one, duplicate = expected
            assert (found.version.version_number, found.version.version) == (one.number, one.label)
            assert found.duplicate is duplicate

    def registered(self, name: str, label: str | None, metrics: float | None) -> Any:
        given = None if metrics is None else {"mae": metrics}
        found = self.call("register_version", name, version=label, metrics=given)
        key = (name, found.version.version_number)
        assert self.keys.setdefault(key, found.version.model_id) == found.version.model_id
        return found

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), metrics=st.sampled_from((1.0, 2.0)))
    def measure(self, data: st.DataObject, metrics: float) -> None:
        one, written = self.chosen(data)
        self.both(
            lambda: self.life.measure(one, metrics),
            lambda: self.call("record_metrics", written, {"mae": metrics}),
        )

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), slot=st.none() | SLOTS)
    def promote(self, data: st.DataObject, slot: str | None) -> None:
        one, written = self.chosen(data)
        self.both(
            lambda: self.life.promote(one, slot),
            lambda: self.call("promote", written, slot=slot),
        )

    @rule(model=MODELS, slot=SLOTS)
    def release(self, model: int, slot: str) -> None:
        self.released(self.names[model], slot)
        self.agree()

    @rule(model=MODELS, slot=SLOTS, metrics=METRICS)
    def hurry(self, model: int, slot: str, metrics: float | None) -> None:
        """To a slot with metrics or without; what is refused leaves the slot to who has it."""
        name = self.names[model]
        one, _ = self.life.register(name, None, metrics)
        key = self.registered(name, None, metrics).version.model_id
        self.life.promote(one, None)
        self.call("promote", key)
        self.both(
            lambda: self.life.promote(one, slot),
            lambda: self.call("promote", key, slot=slot),
        )

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def retire(self, data: st.DataObject) -> None:
        one, written = self.chosen(data)
        self.both(lambda: self.life.retire(one), lambda: self.call("retire", written))

    @precondition(lambda self: any(one.status == DEPLOYED for one in self.life.every()))
    @rule(data=st.data())
    def vacate(self, data: st.DataObject) -> None:
        """Take what is deployed out of its slot by hand."""
        one = data.draw(st.sampled_from([v for v in self.life.every() if v.status == DEPLOYED]))
        key = self.keys[one.name, one.number]
        self.both(lambda: self.life.retire(one), lambda: self.call("retire", key))

    @precondition(lambda self: self.life.may_go_back())
    @rule(data=st.data(), expecting=st.booleans())
    def go_back(self, data: st.DataObject, expecting: bool) -> None:
        name, slot = data.draw(st.sampled_from(self.life.may_go_back()))
        self.rolled_back(name, slot, self.life.holder(name, slot) if expecting else None)

    @rule(model=MODELS, slot=SLOTS, data=st.data(), expecting=st.booleans())
    def rollback(self, model: int, slot: str, data: st.DataObject, expecting: bool) -> None:
        """Wherever it is, and from whatever version."""
        expected: Version | None = None
        if expecting and self.keys:
            expected = data.draw(st.sampled_from(self.life.every()))
        self.rolled_back(self.names[model], slot, expected)

    def rolled_back(self, name: str, slot: str, expected: Version | None) -> None:
        key = None if expected is None else self.keys[expected.name, expected.number]
        back, found = self.both(
            lambda: self.life.rollback(name, slot, expected),
            lambda: self.call("rollback", name, slot, expected=key),
        )
        if back is not None:
            assert (found.version_number, found.status, found.slot) == (back.number, DEPLOYED, slot)

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), alias=ALIASES)
    def set_alias(self, data: st.DataObject, alias: str) -> None:
        one, written = self.chosen(data)
        self.both(
            lambda: self.life.set_alias(alias, one),
            lambda: self.call("set_alias", alias, written),
        )

    @precondition(lambda self: self.life.aliases)
    @rule(model=MODELS, alias=ALIASES)
    def remove_alias(self, model: int, alias: str) -> None:
        name = self.names[model]
        if self.life.versions.get(name):
            self.both(
                lambda: self.life.remove_alias(name, alias),
                lambda: self.call("remove_alias", name, alias),
            )

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), status=STATUSES, slot=SLOTS)
    def move_by_hand(self, data: st.DataObject, status: str, slot: str) -> None:
        """What the administrator writes with plain SQL follows the same rules."""
        one, _ = self.chosen(data)
        if status == one.status:
            return
        try:
            self.moved(one, status, slot)
        except Refused:
            with pytest.raises(psycopg.Error):
                self.updated(one, status, slot)
        else:
            self.updated(one, status, slot)
        self.agree()

    def moved(self, one: Version, status: str, slot: str) -> None:
        """One move alone: a slot that is taken is not vacated by it, and none goes back."""
        if status == RETIRED:
            self.life.retire(one)
        elif status == VALIDATING:
            self.life.promote(one, None)
        elif status == DEPLOYED and self.life.holder(one.name, slot) is None:
            self.life.promote(one, slot)
        else:
            raise Refused

    def updated(self, one: Version, status: str, slot: str) -> None:
        with psycopg.connect(self.place.admin_dsn, autocommit=True) as admin:
            admin.execute(
                "UPDATE model_versions SET status = %(status)s, slot = coalesce(%(slot)s, slot)"
                " WHERE model_id = %(key)s",
                {
                    "status": status,
                    "slot": slot if status == DEPLOYED else None,
                    "key": self.keys[one.name, one.number],
                },
            )

    def agree(self) -> None:
        """Versions, slots and aliases are those of the rules, numbers without a gap."""
        for name in self.names:
            of_name = self.life.versions.get(name, [])
            means = {alias: of for (of_model, alias), of in self.life.aliases.items()
                     if of_model == name}  # fmt: skip
            found = self.call("search", name, limit=1_000)
            assert [one.version_number for one in found] == list(range(len(of_name), 0, -1))
            for one, kept in zip(reversed(found), of_name, strict=True):
                metrics = None if kept.metrics is None else {"mae": kept.metrics}
                aliases = tuple(sorted(alias for alias, of in means.items() if of is kept))
                assert (one.version, one.status, one.slot, one.metrics, one.aliases) == (
                    kept.label, kept.status, kept.slot, metrics, aliases,
                )  # fmt: skip
            told = {one.alias: one.version_number for one in self.call("aliases", name)}
            assert told == {alias: of.number for alias, of in means.items()}
            for slot in ("live", "shadow"):
                held = self.life.holder(name, slot)
                if held is not None:
                    assert self.call("deployed", name, slot).version_number == held.number
                else:
                    with pytest.raises(NotFound):
                        self.call("deployed", name, slot)

    def teardown(self) -> None:
        """Each move is an event, and nothing else is one."""
        for one in self.life.every():
            told = self.call("events", self.keys[one.name, one.number])
            assert [event.to_status for event in told if event.alias is None] == one.moves


@pytest.mark.long
@pytest.mark.timeout(120)
def test_any_sequence_gives_what_the_rules_say(mode: str, database: Place) -> None:
    with asyncio.Runner() as runner:
        db = runner.run(open_face(mode, database.dsn))
        try:
            run_state_machine_as_test(
                lambda: Registry(runner, db, database),  # type: ignore[arg-type]  # a factory
                settings=settings(
                    max_examples=25,
                    stateful_step_count=25,
                    deadline=None,
                    # What is found is printed as it is: to make it shorter takes minutes.
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(db.close())

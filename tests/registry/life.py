"""The rules of a version's life, as docs/models.md tells them, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

TRAINING, VALIDATING, DEPLOYED, RETIRED = "TRAINING", "VALIDATING", "DEPLOYED", "RETIRED"


class Refused(Exception):
    """The rules do not allow it; nothing has changed."""


class Unknown(Exception):
    """There is no such model, version or alias."""


@dataclass(slots=True)
class Version:
    """A version; `moves` are the statuses that it has had."""

    name: str
    number: int
    label: str
    metrics: float | None
    status: str = TRAINING
    slot: str | None = None
    moves: list[str] = field(default_factory=lambda: [TRAINING])

    def become(self, status: str) -> None:
        self.status = status
        self.moves.append(status)


class Life:
    """Models by name. What a slot goes back along is a stack, its holder on top."""

    def __init__(self) -> None:
        self.versions: dict[str, list[Version]] = {}
        self.aliases: dict[tuple[str, str], Version] = {}
        self.stacks: dict[tuple[str, str], list[Version]] = {}

    def holder(self, name: str, slot: str) -> Version | None:
        """What is deployed in a slot."""
        found = [
            one for one in self.versions.get(name, []) if (one.status, one.slot) == (DEPLOYED, slot)
        ]
        assert len(found) <= 1
        return found[0] if found else None

    def every(self) -> list[Version]:
        """All versions of all names."""
        return [one for of_name in self.versions.values() for one in of_name]

    def register(self, name: str, label: str | None, metrics: float | None) -> tuple[Version, bool]:
        """A version in TRAINING under the next number; the same label again is a duplicate."""
        of_name = self.versions.setdefault(name, [])
        for one in of_name:
            if one.label == label:
                # They may have been recorded since: a call without them is the same one.
                if metrics not in {None, one.metrics}:
                    raise Refused
                return one, True
        number = len(of_name) + 1
        made = Version(name, number, label or str(number), metrics)
        of_name.append(made)
        return made, False

    def measure(self, one: Version, metrics: float) -> None:
        """Metrics come before the deployment, and stay from then on."""
        if one.status in {DEPLOYED, RETIRED} and one.metrics != metrics:
            raise Refused
        one.metrics = metrics

    def promote(self, one: Version, slot: str | None) -> None:
        """TRAINING to VALIDATING; with a slot VALIDATING to DEPLOYED, in place of its holder."""
        if slot is None:
            if one.status == TRAINING:
                one.become(VALIDATING)
            elif one.status != VALIDATING:
                raise Refused
            return
        if (one.status, one.slot) == (DEPLOYED, slot):
            return
        if one.status != VALIDATING or one.metrics is None:
            raise Refused
        replaced = self.holder(one.name, slot)
        if replaced is not None:
            replaced.become(RETIRED)
        self.stacks.setdefault((one.name, slot), []).append(one)
        one.slot = slot
        one.become(DEPLOYED)

    def retire(self, one: Version) -> None:
        """From any status; a slot whose holder is retired by hand does not go back to it."""
        if one.status == DEPLOYED:
            assert one.slot is not None
            assert self.stacks[one.name, one.slot].pop() is one
        if one.status != RETIRED:
            one.become(RETIRED)

    def may_go_back(self) -> list[tuple[str, str]]:
        """(name, slot) of what a rollback is allowed of."""
        return [
            place
            for place, stack in self.stacks.items()
            if len(stack) >= (1 if self.holder(*place) is None else 2)
        ]

    def rollback(self, name: str, slot: str, expected: Version | None) -> Version:
        """Back to what the holder replaced, or to the newest that was not retired by hand."""
        if not self.versions.get(name):
            raise Unknown
        held = self.holder(name, slot)
        if (expected is not None and held is not expected) or (
            name,
            slot,
        ) not in self.may_go_back():
            raise Refused
        stack = self.stacks[name, slot]
        if held is not None:
            stack.pop().become(RETIRED)
        stack[-1].become(DEPLOYED)
        return stack[-1]

    def set_alias(self, alias: str, one: Version) -> None:
        """An alias of a model means one of its versions, whatever its status."""
        if not alias[0].isalpha():
            raise Refused
        self.aliases[one.name, alias] = one

    def remove_alias(self, name: str, alias: str) -> None:
        if (name, alias) not in self.aliases:
            raise Unknown
        del self.aliases[name, alias]

"""The fields of one mapping of a scenario: which may be given is said before any is taken."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any, Final

from cryptoscalp.infra.db.errors import InputError

_PLAIN_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
#: Digits behind the point of a percentage; more than any move needs.
_DECIMALS: Final = 9
_LONGEST_TEXT: Final = 2_000


class Fields:
    """A mapping that says where it stands; every refusal names file and key."""

    def __init__(self, value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise InputError(f"{place} must be a mapping of names to values")
        self._given: dict[str, Any] = dict(value)
        self.place = place

    def only(self, *known: str) -> None:
        """Refuse a key that is none of these, before a misspelt one is told as a missing one."""
        unknown = [key for key in self._given if key not in known]
        if unknown:
            told = ", ".join(_meant(key, known) for key in sorted(unknown))
            raise InputError(
                f"{self.place}: there is no {told}; known are {', '.join(sorted(known))}"
            )

    def take(self, key: str) -> Any:
        """The value as it was read; None where it is not given."""
        return self._given.get(key)

    def wrong(self, key: str, what: str) -> InputError:
        """The error for a field."""
        return InputError(f"{self.place}: {key} {what}")

    def text(self, key: str, default: str | None = None, *, longest: int = _LONGEST_TEXT) -> str:
        """Text that is not empty."""
        value = self.maybe_text(key, longest=longest)
        found = default if value is None else value
        if found is None:
            raise self.wrong(key, "is missing")
        return found

    def maybe_text(self, key: str, *, longest: int = _LONGEST_TEXT) -> str | None:
        """Text that is not empty, or None."""
        value = self.take(key)
        if value is None:
            return None
        if isinstance(value, Decimal):
            value = f"{value:f}"
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise self.wrong(key, f"{value!r} is no text on one line")
        if len(value.strip()) > longest:
            raise self.wrong(key, f"has {len(value):,} characters; at most {longest:,}")
        return value.strip()

    def one_of(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """One of the choices."""
        found = self.text(key, default)
        if found not in choices:
            raise self.wrong(key, f"{found!r} is none of {', '.join(choices)}")
        return found

    def number(
        self,
        key: str,
        default: Decimal | None = None,
        *,
        above: Decimal | None = None,
        least: Decimal | None = None,
        most: Decimal | None = None,
    ) -> Decimal:
        """A finite number within the bounds, of at most nine decimals."""
        value = self.take(key)
        if value is None:
            if default is None:
                raise self.wrong(key, "is missing")
            return default
        return self.checked(key, value, above=above, least=least, most=most)

    def checked(
        self,
        key: str,
        value: Any,
        *,
        above: Decimal | None = None,
        least: Decimal | None = None,
        most: Decimal | None = None,
    ) -> Decimal:
        """The value as a number within the bounds."""
        if isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value):
            value = _decimal(value)
        if not isinstance(value, Decimal) or not value.is_finite():
            raise self.wrong(key, f"{value!r} is no number" if value is not None else "is missing")
        if above is not None and value <= above:
            raise self.wrong(key, f"{value} must be above {above}")
        if least is not None and value < least:
            raise self.wrong(key, f"{value} must be at least {least}")
        if most is not None and value > most:
            raise self.wrong(key, f"{value} must be at most {most}")
        exponent = value.normalize().as_tuple().exponent
        if isinstance(exponent, int) and exponent < -_DECIMALS:
            raise self.wrong(key, f"{value} has more than {_DECIMALS} decimals")
        return value

    def count(self, key: str, default: int | None = None, *, least: int = 1, most: int) -> int:
        """A whole number within the bounds."""
        given = None if default is None else Decimal(default)
        found = self.number(key, given, least=Decimal(least), most=Decimal(most))
        if found != found.to_integral_value():
            raise self.wrong(key, f"{found} must be a whole number")
        return int(found)

    def moment(self, key: str) -> datetime:
        """A time that says its zone."""
        told = self.text(key)
        try:
            found = datetime.fromisoformat(told)
        except ValueError:
            raise self.wrong(
                key, f"{told!r} is no time; write ISO 8601, such as 2020-03-12T00:00:00Z"
            ) from None
        if found.tzinfo is None:
            raise self.wrong(key, f"{told!r} has no time zone; write {told}Z for UTC")
        return found.astimezone(UTC)

    def part(self, key: str) -> Fields | None:
        """A mapping within this one."""
        value = self.take(key)
        return None if value is None else Fields(value, f"{self.place}: {key}")

    def parts(self, key: str) -> list[Fields]:
        """A list of mappings."""
        value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(key, "must be a list")
        return [Fields(one, f"{self.place}: {key}[{n}]") for n, one in enumerate(value)]

    def mapping(self, key: str) -> Mapping[str, Any]:
        """A mapping whose keys are the writer's own."""
        value = self.take(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.wrong(key, "must be a mapping of names to values")
        return value


def _meant(key: str, known: Sequence[str]) -> str:
    """The key, with the known one that is spelt almost so."""
    near = get_close_matches(key.lower(), known, n=1)
    return f"{key} (is {near[0]} meant?)" if near else key


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("nan")

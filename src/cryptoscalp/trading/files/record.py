"""One record of a file: its fields, its place, and errors that name both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.trading import amounts

_NUMBER: Final = re.compile(
    r"[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII
)
_WORDS: Final = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
_LONGEST: Final = 60


def exact(text: str) -> Decimal | None:
    """The number that a text spells, thousands may be parted by commas; None when it spells none.

    A number that is no money, such as one with a huge exponent, is still one: who takes it checks.
    """
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of one record as the file has them, and where it stands: `FILE, line 7`.

    `columns` says what the file calls a field, where that is another name.
    """

    where: str
    fields: Mapping[str, Any]
    columns: Mapping[str, str] = field(default_factory=dict)

    def refuse(self, field: str, why: str, *, hint: str = "") -> NoReturn:
        """Raise InputError that names the file, the record, the field and its value."""
        value = self.fields.get(field)
        shown = f" {_short(value)}" if value is not None else ""
        raise InputError(
            f"{self.where}: {self._name(field)}{shown} {why}{hint}; nothing was booked"
        )

    def _name(self, field: str) -> str:
        column = self.columns.get(field, field)
        return field if column == field else f"{column} ({field})"

    def has(self, field: str) -> bool:
        """Whether the field is there and says something."""
        value = self.fields.get(field)
        return value is not None and value != ""

    def text(self, field: str) -> str:
        """A text or a whole number, as text without blanks around it."""
        found = self.maybe_text(field)
        if found is None:
            self.refuse(field, "is missing")
        return found

    def maybe_text(self, field: str) -> str | None:
        """As `text`; None where it says nothing."""
        value = self.fields.get(field)
        if isinstance(value, str):
            return value.strip() or None
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.refuse(field, "is no text")
        return str(value)

    def number(self, field: str) -> Decimal:
        """An exact number that the books can hold, with its sign."""
        value = self.fields.get(field)
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            self.refuse(field, "is missing" if value is None else "is no number")
        if isinstance(value, str):
            value = exact(value.strip())
        if value is None:
            self.refuse(field, "is missing" if not self.has(field) else "is no number")
        return self.fitting(field, Decimal(value))

    def fitting(self, field: str, value: Decimal) -> Decimal:
        """The value, when the books can hold it."""
        try:
            return amounts.number(value, self._name(field))
        except InputError as error:
            raise InputError(f"{self.where}: {error}; nothing was booked") from error

    def above_zero(self, field: str) -> Decimal:
        """As `number`; it must be above zero."""
        found = self.number(field)
        if found <= 0:
            self.refuse(field, "must be above zero")
        return found

    def truth(self, field: str) -> bool | None:
        """Yes or no, also as a word; None where it says nothing."""
        value = self.fields.get(field)
        if value is None or isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if word and word not in _WORDS:
            self.refuse(field, "is neither true nor false")
        return _WORDS.get(word)


def _short(value: Any) -> str:
    text = repr(str(value)) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"

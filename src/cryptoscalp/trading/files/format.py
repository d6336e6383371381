"""What a format of fills is: how its files are known, and what one record says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptoscalp.trading.files.found import FoundFill, Options
from cryptoscalp.trading.files.record import Record
from cryptoscalp.trading.files.records import Records


@dataclass(frozen=True, slots=True)
class Format:
    """A format; `about` is a line for people."""

    name: str
    about: str
    recognise: Callable[[Records], bool]
    read: Callable[[Record, Options], FoundFill]

"""The files of an import: paths, directories and globs as one list, archives as their members."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Item:
    """One file to read: a path, or one member of a zip archive.

    `name` is the file's own name without archive suffixes (`BTCUSDT-1m-2022-05-06.csv`);
    `size` is in bytes as stored.
    """

    path: Path
    name: str
    size: int
    member: str | None = None

    def __str__(self) -> str:
        return str(self.path) if self.member is None else f"{self.path}!{self.member}"

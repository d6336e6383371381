"""The files of this folder, written to where Grafana and Prometheus find them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from cryptoscalp.infra.db.errors import InputError

_ENDINGS = (".json", ".yaml")


def shipped() -> dict[PurePosixPath, str]:
    """The text of every file, by its path below the folder."""
    return {
        path: found.read_text(encoding="utf-8")
        for path, found in _below(files("cryptoscalp.monitoring.grafana"), PurePosixPath())
    }


def export(folder: Path, *, force: bool = False) -> list[Path]:
    """Write them all below `folder`, which is made; returns the files.

    Raises InputError, having written nothing, when one is there with another content and `force`
    is not given.
    """
    wanted = {folder / path: text for path, text in sorted(shipped().items())}
    changed = [
        path
        for path, text in wanted.items()
        if path.exists() and path.read_text(encoding="utf-8") != text
    ]
    if changed and not force:
        raise InputError(
            f"{changed[0]} is there with another content"
            f"{f' (and {len(changed) - 1} more)' if len(changed) > 1 else ''}; nothing was"
            " written: give --force to write over, or choose another folder"
        )
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(wanted)


def _below(place: Traversable, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for one in place.iterdir():
        if one.is_dir():
            yield from _below(one, path / one.name)
        elif one.name.endswith(_ENDINGS):
            yield path / one.name, one

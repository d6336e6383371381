"""The files of an import: paths, directories and globs as one list, archives as their members."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import has_magic
from os import fstat
from os.path import realpath
from pathlib import Path, PureWindowsPath
from stat import S_ISDIR, S_ISREG
from typing import Final

from cryptoscalp.capture.files.archives import MAGICS, SUFFIX, is_archive, left_out, members
from cryptoscalp.capture.files.compression import CODECS
from cryptoscalp.capture.files.stored import opened, printable
from cryptoscalp.infra.db.errors import InputError

_OTHER_SUFFIXES: Final = tuple(codec.suffix for codec in CODECS)


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
        path = printable(self.path)
        return path if self.member is None else f"{path}!{printable(self.member)}"


def expand(paths: Sequence[Path | str]) -> list[Item]:
    """Make one list of files, directories, globs (`*.csv.gz`, `**`) and zip archives.

    Each file comes once, where it is named first; those of a directory (with all below it), of a
    glob and of an archive are sorted. Hidden files are left out unless named. Raises InputError
    for a path that is absent, a glob that matches nothing, a directory or an archive without a
    file, and for what cannot be read.
    """
    found: dict[str, list[Item]] = {}
    for path in paths:
        for file in _files(path):
            # The same file by another way is not read twice.
            real = realpath(file)
            if real not in found:
                found[real] = _items_below(file) if file != Path(path) else _items(file)
    return [item for items in found.values() for item in items]


def _files(path: Path | str) -> list[Path]:
    """The files that one path of the caller stands for."""
    if not str(path):
        raise InputError("a path is empty; '.' is the working directory")
    if not has_magic(str(path)) or _exists(Path(path)):
        found = list(_walk(Path(path)))
        if not found:
            raise InputError(f"{printable(path)}: the directory holds no file")
        return found
    # A directory that matches need hold nothing as long as one of them does.
    found = [file for match in _matches(Path(path)) for file in _walk(match)]
    if not found:
        raise InputError(f"{printable(path)}: no file matches")
    return found


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _matches(pattern: Path) -> list[Path]:
    """What a glob matches, sorted; `**` follows no link, so that none leads in a circle."""
    first = next(place for place, part in enumerate(pattern.parts) if has_magic(part))
    base, wild = Path(*pattern.parts[:first]), pattern.parts[first:]
    hidden = any(part.startswith(".") for part in wild)
    try:
        found = sorted(base.glob(str(Path(*wild))))
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(pattern)}: cannot be looked up: {error}") from error
    return [
        match for match in found if hidden or not any(map(left_out, match.relative_to(base).parts))
    ]


def _walk(top: Path) -> Iterator[Path]:
    """Yield a file itself, or the files below a directory; a link in a circle is not followed."""
    seen: set[str] = set()
    waiting = [top]
    while waiting:
        path = waiting.pop()
        try:
            mode = path.stat().st_mode
            if S_ISDIR(mode):
                real = realpath(path)
                entries = [] if real in seen else sorted(path.iterdir(), reverse=True)
                seen.add(real)
                waiting.extend(entry for entry in entries if not left_out(entry.name))
                continue
        except (OSError, ValueError) as error:
            if path != top:
                yield path
                continue
            if not isinstance(error, FileNotFoundError):
                why = error.strerror if isinstance(error, OSError) else error
                raise InputError(f"{printable(path)}: cannot be read: {why}") from error
            what = "is a link to nothing" if path.is_symlink() else "there is no such file"
            raise InputError(f"{printable(path)}: {what}") from error
        if S_ISREG(mode):
            yield path
        elif path == top:
            raise InputError(f"{printable(path)}: is neither a file nor a directory")


def _items_below(path: Path) -> list[Item]:
    """As `_items`; what cannot be opened is one file, which says so when it is read."""
    try:
        return _items(path)
    except InputError:
        return [Item(path, _bare(path.name), 0)]


def _items(path: Path) -> list[Item]:
    """The file itself, or the members of a zip archive."""
    with opened(path) as stream:
        try:
            head, size = stream.read(len(MAGICS[0])), fstat(stream.fileno()).st_size
        except OSError as error:
            raise InputError(f"{printable(path)}: cannot be read: {error.strerror}") from error
    name = path.name.lower()
    packed = is_archive(head) and not name.endswith(_OTHER_SUFFIXES)
    if not packed and not (head and name.endswith(SUFFIX)):
        return [Item(path, _bare(path.name), size)]
    return [
        Item(path, _bare(PureWindowsPath(info.filename).name), info.compress_size, info.filename)
        for info in members(path)
    ]


def _bare(name: str) -> str:
    """A file's name without the suffixes of archives."""
    while Path(name).suffix.lower() in (SUFFIX, *_OTHER_SUFFIXES):
        name = Path(name).stem
    return printable(name)

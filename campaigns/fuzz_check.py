"""What has to hold for any file whatever: errors that explain themselves, and exact accounts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cryptoscalp.capture.chunk import Chunk, Reject
from cryptoscalp.capture.files.items import Item, expand
from cryptoscalp.capture.formats import registry
from cryptoscalp.capture.formats.reading import Format, Options, Record
from cryptoscalp.capture.prepare import prepare
from cryptoscalp.capture.validation import QuarantineReason
from cryptoscalp.infra.db.errors import InputError

KINDS: Final = ("trades", "quotes", "candles", "mark_prices", "funding_rates")
_REASONS: Final = set(map(str, QuarantineReason))
#: What is said of a file's end, and not of a record.
_ENDS: Final = ("truncated_file", "damaged_file")


class Wrong(Exception):
    """Something that has to hold for any file does not; the text says what."""


def check(path: Path, format: str, options: Options) -> int:
    """Read a file as the importer would, and what is refused once more; return its records.

    An InputError is an answer; what else is raised is a fault of the parser's. Raises Wrong for
    an account that does not add up.
    """
    received = 0
    try:
        items = expand([path])
    except InputError as error:
        return _said(error)
    for item in items:
        for one in _formats(item, format, options):
            received += _check_item(item, one, options)
    return received


def _formats(item: Item, format: str, options: Options) -> list[Format]:
    """The format that is named, and the one that takes the file for its own."""
    found = {}
    for name in (format, None):
        try:
            one = registry.choose(item, name, options)
        except InputError as error:
            _said(error)
        else:
            found[one.name] = one
    return list(found.values())


def _check_item(item: Item, format: Format, options: Options) -> int:
    received = 0
    try:
        reader = format.open(item, options)
        for chunk in reader.chunks(lambda position: None):
            refused = _check_chunk(chunk)
            _check_again(format, reader.plan, refused, options)
            received += chunk.received
    except InputError as error:
        return received + _said(error)
    return received


def _check_chunk(chunk: Chunk) -> Sequence[Reject]:
    """The account of a chunk, and of what validation makes of it; return what was refused."""
    events = _events(chunk)
    ignored = sum(chunk.ignored.values())
    _equal("received", chunk.received, events + len(chunk.rejects) + ignored)
    for kind in KINDS:
        for line in getattr(chunk, kind)["line"].unique().to_list():
            chunk.raw(line)
    parts = list(prepare(chunk, now_us=time.time_ns() // 1000))
    refused = [one for part in parts for one in part.refused]
    _equal(
        "events and refused", sum(map(_events, parts)) + len(refused), events + len(chunk.rejects)
    )
    _equal("ignored", sum(sum(part.ignored.values()) for part in parts), ignored)
    for one in refused:
        if one.reason not in _REASONS or one.line < 1 or not _can_be_kept(one.detail):
            raise Wrong(f"no reason that can be kept: {one}")
    return refused


def _check_again(
    format: Format, plan: Mapping[str, Any], refused: Sequence[Reject], options: Options
) -> None:
    """Refused records are read anew by the plan, as it comes back from the batch."""
    kept = json.loads(json.dumps(plan))
    records = [Record(one.line, one.raw) for one in refused if one.reason not in _ENDS]
    if records:
        for chunk in _quietly(format, kept, records, options):
            _check_chunk(chunk)


def _quietly(
    format: Format, plan: Mapping[str, Any], records: Sequence[Record], options: Options
) -> Iterator[Chunk]:
    try:
        yield from format.again(plan, records, options)
    except InputError as error:
        _said(error)


def _events(frames: Any) -> int:
    return sum(getattr(frames, kind).height for kind in KINDS)


def _equal(what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise Wrong(f"{what}: {found} is not {wanted}")


def _said(error: InputError) -> int:
    """An error has to say something; return 0, for nothing was received."""
    if not str(error).strip():
        raise Wrong("an error that says nothing") from error
    return 0


def _can_be_kept(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return bool(text.strip())

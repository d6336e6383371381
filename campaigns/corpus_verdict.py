"""What an import made of a file, held against what the file holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from campaigns.corpus_files import Held
from cryptoscalp.capture.reports import FileReport

_KINDS: Final = {
    "trade": "trades", "agg_trade": "trades", "ticker": "quotes", "snapshot": "quotes",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """One file of the corpus; `differs` says what is not as expected, nothing when all is."""

    file: str
    format: str
    manifest: str
    received: int
    stored: int
    duplicate: int
    quarantined: Mapping[str, int]
    ignored: int
    rounded: int
    stored_again: int
    differs: tuple[str, ...]
    note: str

    def as_json(self) -> dict[str, Any]:
        """All of it by name, with `equal`."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {"differs": list(self.differs), "equal": not self.differs}


def judge(held: Held, first: FileReport, again: FileReport, refused: Mapping[str, int]) -> Verdict:
    """Hold the first import of a file, and the one after it, against what it holds.

    `refused` counts the quarantined records of the first import by reason.
    """
    total, repeated = first.account.total, again.account.total
    events = sum(held.counts.values())
    bad = sum(held.refused.values())
    kinds: Counter[str] = Counter()
    for stream, count in first.account.streams.items():
        kinds[_kind(stream.stream)] += count.received - count.ignored
    expected = {
        "format": (first.format, held.format),
        "exchanges": ({one.exchange for one in first.account.streams}, {held.exchange}),
        "symbols": ({one.symbol for one in first.account.streams}, set(held.symbols.split())),
        "events": (+kinds, +Counter(held.counts)),
        "received": (total.received, events + held.ignored),
        "stored": (total.stored, events - held.duplicate - bad),
        "duplicate": (total.duplicate, held.duplicate),
        "quarantined": (dict(refused), dict(held.refused)),
        "quarantined in the account": (total.quarantined, bad),
        "ignored": (total.ignored, held.ignored),
        "rounded": (first.account.rounded, held.rounded),
        "stored again": (repeated.stored, 0),
        "duplicate again": (repeated.duplicate, events - bad),
        "quarantined again": (repeated.quarantined, bad),
        "error": (first.error or again.error, None),
        "truncated": (first.truncated, False),
    }
    return Verdict(
        file=held.file,
        format=first.format,
        manifest=", ".join(f"{count:,} {kind}" for kind, count in held.counts.items() if count)
        or "no event",
        received=total.received,
        stored=total.stored,
        duplicate=total.duplicate,
        quarantined=dict(refused),
        ignored=total.ignored,
        rounded=first.account.rounded,
        stored_again=repeated.stored,
        differs=tuple(
            f"{what} is {found}, not {wanted}"
            for what, (found, wanted) in expected.items()
            if found != wanted
        ),
        note=held.note,
    )


def _kind(stream: str) -> str:
    return "candles" if stream.startswith("candle_") else _KINDS.get(stream, stream)

"""What a metric is, before any library sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from cryptoscalp.infra.db.flow import Flow, Row

Kind: TypeAlias = Literal["gauge", "counter"]

#: Most samples of one metric: more label values than these are not what Prometheus is for.
MOST_SAMPLES: Final = 200


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its samples: values of its labels in their order, and a number."""

    name: str
    about: str
    kind: Kind
    labels: tuple[str, ...]
    samples: tuple[tuple[tuple[str, ...], float], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Metrics that are read together; `flow` runs in a read-only transaction with a time limit."""

    name: str
    flow: Callable[[], Flow[list[Metric]]]


@dataclass(frozen=True, slots=True)
class Scrape:
    """One reading of all groups.

    `seconds` is how long each took, `failed` says of those that could not be read why, `cut` counts
    samples that were left out because a metric had too many.
    """

    metrics: tuple[Metric, ...]
    seconds: dict[str, float]
    failed: dict[str, str]
    cut: int


def gauge(
    name: str, about: str, found: Iterable[Row] | float | None, labels: Sequence[str] = ()
) -> Metric:
    """A gauge of one number, or of rows that hold the labels' values and then the number."""
    return _metric(name, about, "gauge", found, labels)


def counter(
    name: str, about: str, found: Iterable[Row] | float | None, labels: Sequence[str] = ()
) -> Metric:
    """A counter, likewise; its name ends in _total."""
    return _metric(name, about, "counter", found, labels)


def _metric(
    name: str,
    about: str,
    kind: Kind,
    found: Iterable[Row] | float | None,
    labels: Sequence[str],
) -> Metric:
    if found is None:
        rows: list[Row] = []
    elif isinstance(found, (int, float)):
        rows = [(found,)]
    else:
        rows = list(found)
    samples = tuple(
        (tuple("" if one is None else str(one) for one in row[:-1]), float(row[-1]))
        for row in rows
        if row[-1] is not None
    )
    return Metric(f"cryptoscalp_{name}", about, kind, tuple(labels), samples)

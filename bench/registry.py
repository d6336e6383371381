"""The model registry at 100,000 versions: of one model, and of a thousand models."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bench.figures import Bar, Figure, Section, percentiles
from bench.place import Place
from bench.versions import ALIAS, BEGAN, SHARED, SLOT, STEP, Versions
from cryptoscalp import NotFound

NAME: Final = "registry"
_BAR: Final = Bar("figure", "<", 10)
_WARM_UP: Final = 10
#: Shown by themselves, for bots ask them; of the other lookups and of searches the slowest is.
_SHOWN: Final = ("latest", "by alias")

#: A call of the face: its name, its arguments.
Call = tuple[str, tuple[Any, ...], Mapping[str, Any]]
#: Seconds of each call, by what was asked.
Taken = dict[str, list[float]]


def measure(place: Place, quick: bool) -> Section:
    """Ask for versions in every way that the registry knows, on both faces."""
    count, times, many = (1_000, 10, 10) if quick else (100_000, 300, 1_000)
    figures: list[Figure] = []
    detail: dict[str, Any] = {}
    for versions in (Versions("one", 1, count), Versions("many", many, count)):
        with place.connect() as db, place.bare() as connection:
            features = db.registry.register_feature_set("bench", ["a", "b"]).feature_set_id
            versions.register(connection, features)
        place.settle()
        for face, taken in (
            ("sync", _sync(place, versions, times)),
            ("async", asyncio.run(_async(place, versions, times))),
        ):
            where = f"{face}, {count:,} versions of {versions.names:,}"
            detail[where] = {what: percentiles(seconds) for what, seconds in taken.items()}
            figures += _figures(where, taken)
    return Section(
        NAME,
        "db.registry through the product's pool; versions registered, validated and deployed by"
        f" the product; {times} calls of each kind; of lookups and searches the slowest kind"
        " is shown, each is in the JSON. The second set is registered beside the first",
        "none: a bar in milliseconds",
        place.settings(),
        figures,
        detail=detail,
    )


def _figures(where: str, taken: Taken) -> list[Figure]:
    figures = []
    worst = {what: percentiles(seconds)["p99"] for what, seconds in taken.items()}
    searches = {what for what in taken if what.startswith("search")}
    for group in (taken.keys() - searches - set(_SHOWN), searches):
        slowest = max(group, key=lambda what: worst[what])
        figures.append(_figure(f"{where}: slowest, {slowest}, p99", worst[slowest]))
    return [_figure(f"{where}: {what}, p99", worst[what]) for what in _SHOWN] + figures


def _figure(name: str, seconds: float) -> Figure:
    return Figure(name, seconds * 1e3, "ms", bars=(_BAR,))


def _calls(versions: Versions, n: int) -> dict[str, Call]:
    """One call of each kind, about the n-th version or what it has."""
    name = versions.name(n)
    began = datetime.now(UTC) - timedelta(days=1)
    search: dict[str, dict[str, Any]] = {
        "status, common": {"status": "TRAINING"},
        "status, few": {"status": "DEPLOYED"},
        "status of a name": {"name": name, "status": "VALIDATING"},
        "slot": {"slot": SLOT},
        "alias": {"alias": ALIAS},
        "tag, common": {"tags": {"team": n % 7}},
        "tag, rare": {"tags": {"rare": True}},
        "tag of a name": {"name": name, "tags": {"rare": True}},
        "parent": {"parent": versions.reference(n)},
        "artifact": {"artifact_sha256": _hash(f"model {n}")},
        "training data": {"training_data_sha256": _hash(f"data {n}")},
        "revision": {"code_revision": f"revision {n // SHARED}"},
        "hyperparameter, one": {"hyperparameters": {"seed": n}},
        "hyperparameter, rare": {"hyperparameters": {"kernel": "rare"}},
        "hyperparameter, common": {"name": name, "hyperparameters": {"kernel": "usual"}},
        "metric, best": {"order_by_metric": "sharpe"},
        "metric, best of a name": {"name": name, "order_by_metric": "sharpe"},
        "metric, few above": {"metrics_where": [("sharpe", ">=", 3.99)]},
        "metric, most above": {"metrics_where": [("sharpe", ">=", 0.1)]},
        "metric, of a name": {"name": name, "metrics_where": [("sharpe", ">=", 3.9)],
                              "order_by_metric": "brier", "ascending": True},
        "hyperparameter, compared": {"hyperparameters_where": [("rate", "<", 0.02)]},
        "metric, none": {"metrics_where": [("sharpe", ">", 4)]},
        "path": {"path": f"/models/{n}"},
        "training range, one": {"trained_from": BEGAN + n * STEP,
                                "trained_until": BEGAN + (n + 1) * STEP},
        "training range, many": {"trained_from": BEGAN},
        "feature set": {"feature_set": 1},
        "created": {"created_from": began},
        "created, before": {"created_until": began},
        "several": {"name": name, "status": "TRAINING", "tags": {"team": n % 7},
                    "metrics_where": [("sharpe", ">", 2)]},
    }  # fmt: skip
    calls: dict[str, Call] = {
        "latest": ("latest", (name,), {}),
        "latest of a status": ("latest", (name,), {"status": "RETIRED"}),
        "deployed": ("deployed", (name, SLOT), {}),
        "by alias": ("version", (f"{name}@{ALIAS}",), {}),
        "by label": ("version", (versions.reference(n),), {}),
        "by number": ("version", (f"{name}:{(n - 1) // versions.names + 1}",), {}),
    }
    return calls | {
        f"search by {what}": ("search", (), {"limit": 20, **given})
        for what, given in search.items()
    }


def _plan(versions: Versions, times: int) -> list[dict[str, Call]]:
    stride = max(versions.count // (times + _WARM_UP), 1) | 1
    return [_calls(versions, 1 + n * stride % versions.count) for n in range(_WARM_UP + times)]


def _sync(place: Place, versions: Versions, times: int) -> Taken:
    taken: Taken = {}
    with place.connect() as db:
        for calls in _plan(versions, times):
            for what, (method, words, given) in calls.items():
                ask: Callable[..., Any] = getattr(db.registry, method)
                began = time.perf_counter()
                with suppress(NotFound):  # of a model none may be deployed: an answer too
                    ask(*words, **given)
                taken.setdefault(what, []).append(time.perf_counter() - began)
    return _warm(taken)


async def _async(place: Place, versions: Versions, times: int) -> Taken:
    taken: Taken = {}
    async with place.connect_async() as db:
        for calls in _plan(versions, times):
            for what, (method, words, given) in calls.items():
                ask: Callable[..., Awaitable[Any]] = getattr(db.registry, method)
                began = time.perf_counter()
                with suppress(NotFound):
                    await ask(*words, **given)
                taken.setdefault(what, []).append(time.perf_counter() - began)
    return _warm(taken)


def _warm(taken: Mapping[str, Sequence[float]]) -> Taken:
    return {what: list(seconds[_WARM_UP:]) for what, seconds in taken.items()}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

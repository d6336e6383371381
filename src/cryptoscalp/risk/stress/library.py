"""Scenarios by name: those that come with the package, and those of a folder of the caller's."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, call
from cryptoscalp.infra.settings import Settings
from cryptoscalp.risk.stress.parsing import parsed
from cryptoscalp.risk.stress.scenario_types import Scenario
from cryptoscalp.risk.stress.yaml_text import LONGEST

_ENDINGS = (".yaml", ".yml")


def scenarios(path: Path | str | None = None) -> Flow[list[Scenario]]:
    """All declared scenarios by name: those of the package, of CRYPTOSCALP_STRESS_SCENARIOS, and
    of `path`, a file or a folder of `*.yaml`.

    Raises InputError with file and key for what cannot be used, and for a name declared twice.
    """
    return (yield from call(lambda: read(path)))


def read(path: Path | str | None = None) -> list[Scenario]:
    """As `scenarios`, blocking."""
    found = bundled()
    places = [Settings().stress_scenarios, None if path is None else Path(path)]
    for place in dict.fromkeys(one.resolve() for one in places if one is not None):
        found += _in_place(place)
    return _once(found)


def bundled() -> list[Scenario]:
    """The scenarios that come with the package."""
    folder = files("cryptoscalp.risk.stress").joinpath("scenarios")
    named = sorted(
        (one for one in folder.iterdir() if one.name.endswith(_ENDINGS)), key=lambda one: one.name
    )
    return [parsed(one.read_bytes(), one.name) for one in named]


def chosen(known: Sequence[Scenario], names: Sequence[str]) -> list[Scenario]:
    """The scenarios of some names, in their order; NotFound names those that nobody declared."""
    by_name = {one.name: one for one in known}
    lacking = [name for name in names if name not in by_name]
    if lacking:
        raise NotFound(
            f"there is no scenario {', '.join(map(repr, lacking))};"
            f" declared are {', '.join(sorted(by_name))}"
        )
    return [by_name[name] for name in dict.fromkeys(names)]


def _in_place(place: Path) -> list[Scenario]:
    if place.is_dir():
        named = sorted(one for one in place.iterdir() if one.suffix in _ENDINGS)
        if not named:
            raise InputError(f"{place} holds no *.yaml")
    elif place.is_file():
        named = [place]
    else:
        raise InputError(f"{place}: there is no such file or folder of scenarios")
    found = []
    for one in named:
        with one.open("rb") as file:
            found.append(parsed(file.read(LONGEST + 1), str(one)))
    return found


def _once(found: Sequence[Scenario]) -> list[Scenario]:
    by_name: dict[str, Scenario] = {}
    for one in found:
        other = by_name.setdefault(one.name.casefold(), one)
        if other is not one:
            raise InputError(
                f"{one.source}: the name {one.name!r} is taken by {other.source}; choose another"
            )
    return sorted(by_name.values(), key=lambda one: one.name)

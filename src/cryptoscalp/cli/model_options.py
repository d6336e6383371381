"""What the `models` commands share: their arguments, and how versions are shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, overload

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session

if TYPE_CHECKING:
    from cryptoscalp.registry.model_types import ModelVersion

#: Hexadecimal digits of a fingerprint; no number is as long.
_FINGERPRINT_DIGITS: Final = 64
Reference = Annotated[
    str,
    typer.Argument(
        metavar="REF",
        help="Version: NAME:3, NAME:LABEL, NAME@ALIAS, NAME (its newest), or a model_id (17, #17).",
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the model.")]
Note = Annotated[
    str | None, typer.Option("--note", metavar="TEXT", help="Why; kept with the event.")
]
Tag = Annotated[
    list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="A tag; repeatable.")
]


@overload
def reference(model: str) -> int | str: ...
@overload
def reference(model: None) -> None: ...
@overload
def reference(model: str | None) -> int | str | None: ...
def reference(model: str | None) -> int | str | None:
    """A model version as the flows take it."""
    return int(model) if model is not None and model.isascii() and model.isdecimal() else model


def feature_set(given: str | None) -> int | str | None:
    """A feature set as the flows take it: its number, or its fingerprint, digits only or not."""
    return given if given is None or len(given) >= _FINGERPRINT_DIGITS else reference(given)


def parsed_object(text: str | dict[str, Any]) -> dict[str, Any]:
    """A JSON object; a name that stands twice in it is misuse."""
    if not isinstance(text, str):
        return text
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(
            f"{text} is no JSON object ({error}); write it like '{{\"depth\": 6}}'"
        ) from None
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{text} is no JSON object; write it like '{{\"depth\": 6}}'")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice} stands twice")
    return made


def tags_of(given: Sequence[str] | None) -> dict[str, str] | None:
    """Tags from NAME=VALUE; None where none is given."""
    tags: dict[str, str] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name or name in tags:
            raise typer.BadParameter(f"--tag {text}: write NAME=VALUE, each name once")
        tags[name] = value
    return tags or None


def show(session: Session, one: ModelVersion, *more: tuple[str, object]) -> None:
    """Print a version; `more` are lines below it."""
    if session.json:
        output.emit(one)
    else:
        output.fields([*_fields(one), *more])


def _fields(one: ModelVersion) -> list[tuple[str, object]]:
    artifact = one.model_path
    if one.artifact_bytes is not None:
        artifact = f"{artifact} ({output.size(one.artifact_bytes)})"
    return [
        ("version", _named(one)),
        ("model_id", str(one.model_id)),
        ("status", one.status),
        ("slot", one.slot),
        ("aliases", ", ".join(one.aliases) or None),
        ("hyperparameters", _json(one.hyperparameters)),
        ("metrics", _json(one.metrics)),
        ("artifact", artifact),
        ("artifact SHA-256", one.artifact_sha256),
        ("parent", None if one.parent_model_id is None else f"model_id {one.parent_model_id}"),
        ("trained from (UTC)", one.trained_from),
        ("trained until (UTC)", one.trained_until),
        ("training data", one.training_data_sha256),
        ("code revision", one.code_revision),
        ("feature set", None if one.feature_set_id is None else str(one.feature_set_id)),
        ("tags", _json(one.tags or None)),
        ("created (UTC)", one.created_at),
        ("deployed (UTC)", one.deployed_at),
        ("retired (UTC)", one.retired_at),
    ]


def _named(one: ModelVersion) -> str:
    named = f"{one.model_name}:{one.version_number}"
    return named if one.version == str(one.version_number) else f"{named} ({one.version})"


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def text_of(value: object) -> str | None:
    """A value of any kind as one cell of a table."""
    return _json(output.plain(value)) if not isinstance(value, str) else value


def table(found: Sequence[ModelVersion]) -> None:
    """Print versions, one a line."""
    output.table(
        ["version", "model_id", "status", "slot", "aliases", "metrics", "created (UTC)"],
        [
            (
                _named(one),
                str(one.model_id),
                one.status,
                one.slot,
                ", ".join(one.aliases) or None,
                _json(one.metrics),
                one.created_at,
            )
            for one in found
        ],
        right=["model_id"],
    )

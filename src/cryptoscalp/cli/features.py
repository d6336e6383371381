"""`cryptoscalp features`: what the numbers of a feature vector are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.registry.prediction_types import FeatureSet

_features = typer.Typer(
    rich_markup_mode=None, help="Feature sets: what the numbers of a feature vector are."
)
#: A fingerprint may have no letter among its digits.
_FINGERPRINT_DIGITS: Final = 64


def register(app: typer.Typer) -> None:
    """Add `features` and its commands."""
    app.add_typer(_features, name="features")


@command(_features, "declare")
def declare(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the feature set.")],
    feature: Annotated[
        list[str],
        typer.Argument(
            metavar="FEATURE...",
            show_default=False,
            help="Names in the order of a vector; one that ends in ? may be absent.",
        ),
    ],
    description: Annotated[
        str | None, typer.Option("--description", metavar="TEXT", help="What it is for.")
    ] = None,
) -> None:
    """Declare the features of a vector in their order.

    The same features again show the set that is there, under the name that it has.
    """
    with session.connect() as db:
        found = db.registry.register_feature_set(name, feature, description)
    _show(session, found)


@command(_features, "list")
def list_features(
    session: Session,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Sets of this name only; else all.")
    ] = None,
) -> None:
    """Show feature sets in the order of declaration."""
    with session.connect() as db:
        found = db.registry.feature_sets(name)
    if session.json:
        output.emit([_plain(one) for one in found])
        return
    output.table(
        ["id", "name", "features", "fingerprint", "declared (UTC)", "description"],
        [
            (
                str(one.feature_set_id),
                one.name,
                len(one.features),
                f"{one.fingerprint.hex()[:12]}…",
                one.created_at,
                one.description,
            )
            for one in found
        ],
        right=["id", "features"],
    )
    output.say(f"{len(found):,} feature sets")


@command(_features, "show")
def show(
    session: Session,
    reference: Annotated[
        str, typer.Argument(metavar="ID|FINGERPRINT", help="Its number, or its 64 digits.")
    ],
) -> None:
    """Show a feature set: its features in their order, and its fingerprint."""
    by_number = reference.isdecimal() and len(reference) < _FINGERPRINT_DIGITS
    with session.connect() as db:
        found = db.registry.feature_set(int(reference) if by_number else reference)
    _show(session, found)


def _show(session: Session, one: FeatureSet) -> None:
    if session.json:
        output.emit(_plain(one))
        return
    output.fields(
        [
            ("feature set", str(one.feature_set_id)),
            ("name", one.name),
            ("features", ", ".join(one.features)),
            ("fingerprint", one.fingerprint.hex()),
            ("description", one.description),
            ("declared (UTC)", one.created_at),
        ]
    )


def _plain(one: FeatureSet) -> dict[str, Any]:
    """The set as JSON has it: a fingerprint is hexadecimal digits."""
    return {**output.plain(one), "fingerprint": one.fingerprint.hex()}

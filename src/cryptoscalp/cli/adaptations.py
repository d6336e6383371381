"""`cryptoscalp adaptations`: what was done about drifts, regimes and performance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import typer

from cryptoscalp.adaptation.adaptation_types import AdaptationType, Metric, SuccessRule
from cryptoscalp.cli import adaptation_events, listing, output
from cryptoscalp.cli.book_options import Limit, Note
from cryptoscalp.cli.model_options import reference
from cryptoscalp.cli.predictions import MaybeModel, ModelArgument
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import End, Start

if TYPE_CHECKING:
    from cryptoscalp.adaptation.adaptation_types import Adaptation

_adaptations = typer.Typer(
    rich_markup_mode=None, help="Adaptations: what was done about a model, and whether it helped."
)
_Type: TypeAlias = Literal["retraining", "finetuning", "parameter-update"]
_TYPES: Final[Mapping[_Type, AdaptationType]] = {
    "retraining": "RETRAINING", "finetuning": "FINETUNING", "parameter-update": "PARAMETER_UPDATE",
}  # fmt: skip
_RULE: Final = SuccessRule()

AdaptationId = Annotated[
    int, typer.Argument(metavar="ID", help="Its number, from `adaptations list`.")
]


def register(app: typer.Typer) -> None:
    """Add `adaptations` and its commands."""
    app.add_typer(_adaptations, name="adaptations")


@command(_adaptations, "list")
def list_adaptations(
    session: Session,
    model: MaybeModel = None,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Only those that are still open.")
    ] = False,
    limit: Limit = None,
) -> None:
    """Show adaptations, oldest first, and how they ended."""
    with session.connect() as db:
        found = db.adaptation.adaptations(
            reference(model), unfinished=unfinished, limit=listing.asked(session, limit)
        )
    if session.json:
        output.emit(found)
        return
    shown, told = listing.cut(found, limit, "adaptations")
    output.table(
        ["id", "started (UTC)", "model id", "version", "trigger", "type", "metric", "before",
         "after", "result", "note"],
        [
            (
                str(one.adaptation_id),
                one.timestamp,
                str(one.model_id),
                one.model_version,
                one.trigger_event,
                one.adaptation_type,
                one.success_rule["metric"],
                _measured(one, one.performance_before),
                _measured(one, one.performance_after),
                _result(one),
                one.note,
            )
            for one in shown
        ],
        right=["id", "model id", "before", "after"],
    )  # fmt: skip
    output.say(told)


@command(_adaptations, "start")
def start(
    session: Session,
    model: ModelArgument,
    trigger: Annotated[
        adaptation_events.Kind,
        typer.Option("--trigger", case_sensitive=False, help="What it is an answer to."),
    ],
    kind: Annotated[
        _Type, typer.Option("--type", case_sensitive=False, help="What is done to the model.")
    ],
    event: Annotated[
        int | None,
        typer.Option(
            "--event",
            metavar="ID",
            help="The event that it answers, from `adaptations events`; answered once while open.",
        ),
    ] = None,
    metric: Annotated[
        Metric, typer.Option("--metric", help="What the old and the new version are compared by.")
    ] = _RULE.metric,
    direction: Annotated[
        Literal["lower", "higher"] | None,
        typer.Option(
            "--direction", help="Which is better; lower unless said, higher for accuracy."
        ),
    ] = None,
    min_improvement: Annotated[
        float,
        typer.Option(
            "--min-improvement", min=0, metavar="FRACTION", help="Of the old value, such as 0.05."
        ),
    ] = _RULE.min_improvement,
    min_predictions: Annotated[
        int,
        typer.Option(
            "--min-predictions", min=1, metavar="COUNT", help="Predictions of both, at least."
        ),
    ] = _RULE.min_predictions,
    note: Note = None,
) -> None:
    """Note that something is done about a model version, and by which rule it will be judged."""
    better = direction or ("higher" if metric == "directional_accuracy" else "lower")
    with session.connect() as db:
        found = db.adaptation.start_adaptation(
            reference(model), adaptation_events.KINDS[trigger], _TYPES[kind], event_id=event,
            success_rule=SuccessRule(metric, better, min_improvement, min_predictions), note=note,
        )  # fmt: skip
    _show(session, found)


@command(_adaptations, "finish")
def finish(
    session: Session,
    adaptation_id: AdaptationId,
    result_model: Annotated[
        str, typer.Argument(metavar="RESULT_MODEL", help="The version that came of it, likewise.")
    ],
    start: Start,
    end: End,
) -> None:
    """Measure both versions on the same predictions in a window, and decide by the declared rule.

    Counted are predictions for the same instrument, time and horizon that both made, resolved.
    """
    with session.connect() as db:
        found = db.adaptation.finish_adaptation(adaptation_id, reference(result_model), start, end)
    _show(session, found)


@command(_adaptations, "abandon")
def abandon(session: Session, adaptation_id: AdaptationId, note: Note = None) -> None:
    """End an adaptation of which nothing came: no success, nothing measured."""
    with session.connect() as db:
        found = db.adaptation.abandon_adaptation(adaptation_id, note)
    _show(session, found)


adaptation_events.register(_adaptations)


def _measured(one: Adaptation, performance: Mapping[str, Any] | None) -> str | None:
    value = None if performance is None else performance.get(one.success_rule["metric"])
    return None if value is None else f"{value:.6g}"


def _result(one: Adaptation) -> str:
    if one.finished_at is None:
        return "open"
    if one.result_model_id is None:
        return "abandoned"
    return {True: "success", False: "no success", None: "undecided"}[one.success]


def _by(fraction: float) -> str:
    return f" by {100 * fraction:.6g}% at least" if fraction else ""


def _show(session: Session, one: Adaptation) -> None:
    if session.json:
        output.emit(one)
        return
    rule = one.success_rule
    window: Sequence[str] = [output.cell(end) for end in (one.window_start, one.window_end)]
    output.fields(
        [
            ("adaptation", str(one.adaptation_id)),
            ("started (UTC)", one.timestamp),
            ("model", f"{one.model_id} (version {one.model_version})"),
            ("trigger", one.trigger_event),
            ("event", None if one.event_id is None else str(one.event_id)),
            ("type", one.adaptation_type),
            (
                "succeeds when",
                f"{rule['metric']} {rule['direction']}{_by(rule['min_improvement'])}",
            ),
            ("measured on", f"{rule['min_predictions']:,} predictions at least"),
            ("result", _result(one)),
            ("result model", None if one.result_model_id is None else str(one.result_model_id)),
            ("window (UTC)", " to ".join(window) if one.window_start else None),
            ("before", _measured(one, one.performance_before)),
            ("after", _measured(one, one.performance_after)),
            ("finished (UTC)", one.finished_at),
            ("note", one.note),
        ]
    )

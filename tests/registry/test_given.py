"""What callers hand over and the database cannot hold is an error of ours that names it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.adaptation.adaptation_types import SuccessRule
from cryptoscalp.infra.db.errors import InputError, IntegrityRefused, NotFound
from tests.postgres import Place
from tests.registry.predicting import instrument, model, prediction

_HUGE = 10**5_000  # too long even to be written


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"confidence": None}, "confidence None is NoneType; it must be a number"),
        ({"confidence": "x"}, "confidence 'x' is str; it must be a number"),
        ({"prediction": "1"}, "prediction '1' is str"),
        ({"prediction": [1.0]}, r"prediction \[1.0\] is list"),
        ({"prediction": _HUGE}, "prediction is beyond the range of float64"),
        ({"latency_ms": True}, "latency_ms True is bool"),
        ({"symbol": 5}, "symbol 5 is int; it must be text"),
        ({"exchange": None}, "exchange None is NoneType; it must be text"),
        ({"model_id": None}, "None is no model version"),
        ({"model_id": True}, "True is no model version"),
        ({"model_id": 1.5}, "1.5 is no model version"),
        ({"features": 1.5}, "fingerprint 1.5 is no SHA-256"),
        ({"features": "ab " * 21 + "a"}, "is no SHA-256"),
        ({"horizon": 60}, "horizon 60 is int"),
    ],
)
async def test_a_prediction_of_other_types(
    db: AsyncDatabase, database: Place, changes: dict[str, Any], said: str
) -> None:
    await instrument(db)
    given = prediction(model(database), timestamp=datetime.now(UTC))
    with pytest.raises(InputError, match=said):
        await db.registry.record_prediction(**{**given, **changes})


async def test_a_prediction_names_its_model_as_any_call_does(
    db: AsyncDatabase, database: Place
) -> None:
    await instrument(db)
    number = model(database)
    await db.registry.set_alias("live", number)
    given = prediction(number, timestamp=datetime.now(UTC), prediction=Decimal("1.5"))
    assert not (await db.registry.record_prediction(**given)).is_duplicate
    for same in ("m", "m:1", "m@live", f"#{number}", np.int64(number)):
        assert (await db.registry.record_prediction(**{**given, "model_id": same})).is_duplicate
    with pytest.raises(IntegrityRefused, match="interval field value"):
        await db.registry.record_prediction(**{**given, "horizon": timedelta.max})
    for unknown in ("m:2", "n", "", 0, -1, 2**70):
        with pytest.raises(NotFound, match="no model version"):
            await db.registry.record_prediction(**{**given, "model_id": unknown})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "nan; JSON holds finite numbers only"),
        (float("-inf"), "finite numbers only"),
        (10**400, "an integer beyond the range of float64"),
        pytest.param(_HUGE, "an integer beyond the range of float64", id="huge"),
        pytest.param("\ud800", "no text of whole characters", id="half"),
        ("a\x00", "zero character"),
        ({1, 2}, "is set"),
    ],
)
async def test_documents_that_cannot_be_stored(db: AsyncDatabase, value: Any, said: str) -> None:
    given = {"mae": value}
    with pytest.raises(InputError, match=rf"metrics\.mae.*{said}"):
        await db.registry.register_version("m", metrics=given)
    with pytest.raises(InputError, match=rf"hyperparameters\.mae.*{said}"):
        await db.registry.register_version("m", hyperparameters=given)
    await db.registry.register_version("m", metrics={"mae": 10**300})
    with pytest.raises(InputError, match=rf"config\.mae.*{said}"):
        await db.registry.set_config("m", given)
    with pytest.raises(InputError, match=rf"payload\.mae.*{said}"):
        await db.adaptation.announce(payload=given)
    assert await db.adaptation.adaptation_events() == []


async def test_other_documents_of_no_use(db: AsyncDatabase) -> None:
    await db.registry.register_version("m")
    with pytest.raises(InputError, match=r"success_rule\.min_improvement is nan"):
        await db.adaptation.start_adaptation(
            "m", "MANUAL", "FINETUNING", success_rule=SuccessRule(min_improvement=float("nan"))
        )
    no_mapping: Any = [1]
    with pytest.raises(InputError, match="payload is list"):
        await db.adaptation.announce(payload=no_mapping)
    assert (await db.adaptation.announce()).payload == {}
    for bound in (float("inf"), _HUGE, None, "1"):
        with pytest.raises(InputError, match="mae >"):
            await db.registry.search(metrics_where=[("mae", ">", bound)])  # type: ignore[list-item]

"""JSON as callers give it and PostgreSQL holds it; references to versions as SQL takes them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.registry.model_types import ModelReference

_SHA256_BYTES: Final = 32


def document(value: Mapping[str, Any] | None, what: str) -> str | None:
    """A mapping as JSON text; InputError names what JSON or PostgreSQL cannot hold."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InputError(f"{what} is {type(value).__name__}; give a mapping of names to values")
    return json.dumps(_plain(value, what), allow_nan=False)


def _plain(value: Any, where: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        try:
            float(value)
        except OverflowError:
            raise InputError(
                f"{where} is an integer beyond the range of float64, about 1.8e308"
            ) from None
        return value
    if isinstance(value, str):
        if "\x00" in value:
            raise InputError(f"{where} has a zero character, which the database does not hold")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{where} is no text of whole characters: {error.reason}") from None
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"{where} is {value}; JSON holds finite numbers only: leave it out")
        return value
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise InputError(f"{where}: the name {name!r} is no text")
            _plain(name, f"a name in {where}")
        return {name: _plain(one, f"{where}.{name}") for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one, f"{where}[{at}]") for at, one in enumerate(value)]
    raise InputError(
        f"{where} is {type(value).__name__}; give text, numbers, booleans, lists or mappings"
    )


def reference(model: ModelReference) -> str:
    """A version as the SQL functions take it: text, a model_id as #17."""
    if isinstance(model, bool) or not isinstance(model, (str, int)):
        raise InputError(
            f"{model!r} is no model version; write name:3, name@alias, name, or a model_id"
        )
    return f"#{model}" if isinstance(model, int) else model


def sha256(value: str | bytes, what: str) -> bytes:
    """A SHA-256 from its 64 hexadecimal digits or its 32 bytes; InputError otherwise."""
    made = b""
    if isinstance(value, (bytes, bytearray, memoryview)):
        made = bytes(value)
    elif isinstance(value, str) and len(value) == 2 * _SHA256_BYTES:
        # Blanks are allowed there: the length of what was made tells.
        with suppress(ValueError):
            made = bytes.fromhex(value)
    if len(made) != _SHA256_BYTES:
        raise InputError(f"{what} {value!r} is no SHA-256; give 64 hexadecimal digits or 32 bytes")
    return made


def maybe_sha256(value: str | bytes | None, what: str) -> bytes | None:
    """The same of a value that may be absent."""
    return None if value is None else sha256(value, what)


def short(value: str, what: str, most: int = 100) -> str:
    """A name of 1 to `most` characters without blanks around it; InputError otherwise."""
    if not isinstance(value, str) or not value or value != value.strip() or len(value) > most:
        raise InputError(
            f"{what} {value!r} is no name; write 1 to {most} characters, no blanks around them"
        )
    return value

"""From a `logging.LogRecord` to a row: what the caller's thread takes, what the writer's makes."""

from __future__ import annotations

import json
import logging
import math
import socket
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from cryptoscalp.logs.scrubbing import scrubbed, scrubbed_document, storable

#: Characters of a message, and of a traceback; what is longer is cut and marked.
MESSAGE_LIMIT: Final = 16_384
_TEXT_LIMIT: Final = 4_096
_ITEMS: Final = 100
_DEPTH: Final = 5
_NODES: Final = 500
_COMPONENT_LIMIT: Final = 100
#: JSON readers hold integers up to here exactly.
_LARGEST: Final = 2**53
#: Where a long word is cut, the cut may go back this far for a blank: no half of a URL stays.
_BACK: Final = 2_048

#: Attributes that every record has; others came by extra=.
_STANDARD: Final = frozenset(
    logging.makeLogRecord({}).__dict__.keys() | {"message", "asctime", "taskName"}
)
_FORMATTER: Final = logging.Formatter()
_HOST: Final = socket.gethostname()


class Taken(NamedTuple):
    """What is kept of a record: texts and plain values, nothing that may change or be held up."""

    created: float
    levelno: int
    name: str
    message: str
    process: int | None
    process_name: str | None
    thread: str | None
    task: str | None
    place: tuple[str, int, str]
    extra: dict[str, Any] | None
    trace: str | None
    stack: str | None
    length: int


class LogRow(NamedTuple):
    """One row for `record_logs`."""

    timestamp: datetime
    level: str
    component: str
    message: str
    metadata: str


def taken(record: logging.LogRecord) -> Taken:
    """What to keep of a record; raises nothing that an argument's own `__str__` raises."""
    try:
        message = record.getMessage()
    except Exception as error:  # noqa: BLE001 - whatever an argument raises when it is shown
        message = f"{_shown(record.msg)} [arguments cannot be shown: {type(error).__name__}]"
    length = len(message)
    own = record.__dict__
    extra = None
    if not own.keys() <= _STANDARD:
        budget = [_NODES]
        extra = {
            str(name): _plain(value, _DEPTH, budget)
            for name, value in own.items()
            if name not in _STANDARD
        }
    return Taken(
        record.created,
        record.levelno,
        record.name,
        cut(message) if length > MESSAGE_LIMIT else message,
        record.process,
        record.processName,
        record.threadName,
        own.get("taskName"),
        (record.pathname, record.lineno, record.funcName or ""),
        extra,
        _trace(record) if record.exc_info or record.exc_text else None,
        record.stack_info[-MESSAGE_LIMIT:] if record.stack_info else None,
        length,
    )


def row(entry: Taken) -> LogRow:
    """The row of an entry: scrubbed, in characters that PostgreSQL holds, of bounded size."""
    path, line, function = entry.place
    metadata: dict[str, Any] = {
        "host": _HOST,
        "process": entry.process,
        "process_name": entry.process_name,
        "thread": entry.thread,
        "task": entry.task,
        "file": path,
        "line": line,
        "function": function,
        "traceback": scrubbed(entry.trace) if entry.trace else None,
        "stack": scrubbed(entry.stack) if entry.stack else None,
    }
    if entry.length > MESSAGE_LIMIT:
        metadata["cut_from"] = entry.length
    if entry.levelno not in _NAMES:
        metadata["levelno"] = entry.levelno
    metadata = {name: value for name, value in metadata.items() if value is not None}
    if entry.extra:
        metadata["extra"] = scrubbed_document(entry.extra)
    return LogRow(
        datetime.fromtimestamp(entry.created, UTC),
        level_of(entry.levelno),
        storable(entry.name or "root")[:_COMPONENT_LIMIT],
        storable(scrubbed(entry.message)),
        _json(metadata),
    )


def document(metadata: Mapping[str, Any]) -> str:
    """Metadata as scrubbed JSON text that `jsonb` takes."""
    return _json(scrubbed_document(dict(metadata)))


def _json(metadata: dict[str, Any]) -> str:
    return json.dumps(_storable(metadata), ensure_ascii=False, allow_nan=False)


_NAMES: Final = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}


def level_of(number: object) -> str:
    """The name of a level; one between two names is the lower one, below DEBUG it is DEBUG."""
    if not isinstance(number, (int, float)):
        return "WARNING"  # a record that some code put together by itself
    for least in (50, 40, 30, 20):
        if number >= least:
            return _NAMES[least]
    return "DEBUG"


def cut(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """The start of a long text, at a blank where one is near, with a mark of what is missing."""
    if len(text) <= limit:
        return text
    end = max(text.rfind(blank, limit - _BACK, limit) for blank in " \n\t")
    return f"{text[: end if end > 0 else limit]} … [cut: {len(text):,} characters]"


def _trace(record: logging.LogRecord) -> str | None:
    try:
        text = record.exc_text or (
            _FORMATTER.formatException(record.exc_info) if record.exc_info else ""
        )
    except Exception as error:  # noqa: BLE001 - an exception may not be able to show itself
        return f"[the traceback cannot be shown: {type(error).__name__}]"
    # The end of a traceback tells more than its beginning.
    return text if len(text) <= MESSAGE_LIMIT else f"[cut] … {text[-MESSAGE_LIMIT:]}"


def _shown(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - as above
        return f"[{type(value).__name__} cannot be shown: {type(error).__name__}]"


def _plain(value: Any, depth: int, budget: list[int]) -> Any:
    """A value as JSON has it, copied, within bounds."""
    budget[0] -= 1
    if budget[0] < 0:
        return "[cut]"
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return cut(str(value), _TEXT_LIMIT)
    if isinstance(value, int):
        return int(value) if abs(value) <= _LARGEST else cut(_shown(value), _TEXT_LIMIT)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return str(value)
    if depth and isinstance(value, Mapping):
        try:
            items = list(value.items())
        except Exception as error:  # noqa: BLE001 - changed by another thread, or not a real one
            return f"[cannot be shown: {type(error).__name__}]"
        held = {_shown(k)[:_TEXT_LIMIT]: _plain(v, depth - 1, budget) for k, v in items[:_ITEMS]}
        return held | ({"…": len(items)} if len(items) > _ITEMS else {})
    if depth and isinstance(value, (list, tuple, set, frozenset)):
        some = list(value)
        rest = [f"[{len(some):,} in all]"] if len(some) > _ITEMS else []
        return [_plain(one, depth - 1, budget) for one in some[:_ITEMS]] + rest
    return cut(_shown(value), _TEXT_LIMIT)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(name): _storable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_storable(one) for one in value]
    return value

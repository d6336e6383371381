"""YAML as scenarios may be written in it: small, flat, without anchors; numbers stay exact."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from cryptoscalp.infra.db.errors import InputError

#: Longest text of a scenario, in bytes.
LONGEST: Final = 65_536
_DEEPEST: Final = 8


def loaded(raw: bytes, source: str) -> Any:
    """The value of one YAML document: mappings, lists, text, Decimal, bool and None.

    Raises InputError with file and line for what is too large or too deep, for anchors, aliases
    and tags (a few bytes of them can stand for gigabytes), a key given twice, or no YAML at all.
    """
    import yaml

    if len(raw) > LONGEST:
        raise InputError(f"{source}: {len(raw):,} bytes are too many; at most {LONGEST:,}")
    try:
        text = raw.decode("utf-8-sig")
        _check(yaml, text, source)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: no UTF-8 at byte {error.start:,}") from error
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise InputError(f"{source}: no YAML that can be read: {told}") from error
    return None if node is None else _value(yaml, node, source)


def _check(yaml: Any, text: str, source: str) -> None:
    """Refuse by events, which come one by one: nothing is built yet."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        place = f"{source}, line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InputError(f"{place}: anchors and aliases are not taken; write the value out")
        if getattr(event, "tag", None):
            raise InputError(f"{place}: tags such as {event.tag} are not taken")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise InputError(f"{place}: nested more than {_DEEPEST} deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _value(yaml: Any, node: Any, source: str) -> Any:
    place = f"{source}, line {node.start_mark.line + 1}"
    match node:
        case yaml.MappingNode():
            found: dict[str, Any] = {}
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise InputError(f"{place}: a key must be a word")
                if key.value in found:
                    raise InputError(f"{place}: {key.value!r} is given twice")
                found[key.value] = _value(yaml, value, source)
            return found
        case yaml.SequenceNode():
            return [_value(yaml, one, source) for one in node.value]
        case _:
            return _scalar(node.tag.rpartition(":")[2], node.value, place)


def _scalar(kind: str, text: str, place: str) -> Any:
    match kind:
        case "null":
            return None
        case "bool":
            return text.lower() in ("true", "yes", "on")
        case "int" | "float":
            try:
                return Decimal(text.lstrip("+").replace(".inf", "Infinity").replace(".nan", "NaN"))
            except InvalidOperation:
                raise InputError(
                    f"{place}: {text!r} is no number here; write it in decimals, such as -12.5"
                ) from None
        case _:
            return text

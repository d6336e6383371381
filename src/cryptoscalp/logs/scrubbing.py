"""Log text without secrets, and in the characters that PostgreSQL can hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_STARS: Final = "***"
# A name of letters and underscores may surround the word: api_key, X-MBX-APIKEY, client_secret_id.
_WORDS: Final = (
    r"pass(?:word|wd|phrase|code)|pwd|secret|api[-_ ]?key|access[-_]?key|private[-_]?key"
    r"|auth[-_]?key|signing[-_]?key|listen[-_]?key|token|signature|credential|authorization|cookie"
    r"|mnemonic|seed[-_ ]phrase|dsn"
)
_SECRET_NAME: Final = re.compile(_WORDS, re.IGNORECASE)
#: Names that hold such a word and tell no secret.
_HARMLESS: Final = re.compile(
    r"tokens?_?(?:count|used|id|type|name|symbol)|(?:count|number|n)_?(?:of_)?tokens"
    r"|max_tokens|passfile",
    re.IGNORECASE,
)
_VALUE: Final = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s,;&)}\]'"]+)"""
# name=value, name: value, "name": "value". From the word on, not from the beginning of the name: in
# a long text that would begin anew at every letter.
_ASSIGNED: Final = re.compile(
    rf"""((?:{_WORDS})[\w.-]{{0,64}}["']?\s*(?:=>?|:)\s*)(?:(?:Bearer|Basic|Token)\s+)?({_VALUE})""",
    re.IGNORECASE,
)
_OPTION: Final = re.compile(
    rf"((?<![\w-])--[\w-]{{0,64}}?(?:{_WORDS})[\w-]{{0,64}}\s+)({_VALUE})", re.IGNORECASE
)
# As `masked` has it, which looks for the beginning of the URL too and takes long for a long word.
_URL: Final = re.compile(r"(://[^\s:/@]*:)[^\s/]*@")
_STATEMENT: Final = re.compile(r"(\bPASSWORD\s+)(?:E?'(?:[^']|'')*'?|\$(\w*)\$.*?\$\2\$)",
                               re.IGNORECASE | re.DOTALL)  # fmt: skip
_SCHEME: Final = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_JWT: Final = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?")
_CLOUD: Final = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{20,}|\bsk-[\w-]{20,}")
# Its words stand apart from each other.
_MNEMONIC: Final = re.compile(
    r"""((?:mnemonic|seed[-_ ]phrase)["']?\s*(?:=>?|:)\s*["']?)[a-z0-9]+(?:[ ,]+[a-z0-9]+)+""",
    re.IGNORECASE,
)
# How venues name the signature of a request: OK-ACCESS-SIGN, API-Sign, sign=. Not a sign of -1.
_SIGN: Final = re.compile(
    r"""((?<![A-Za-z])sign["']?\s*(?:=>?|:)\s*["']?)[\w+/=%-]{4,}""", re.IGNORECASE
)
_SIGN_NAME: Final = re.compile(r"(?<![A-Za-z])sign\Z", re.IGNORECASE)
_SHORTEST_SIGN: Final = 4
_PEM: Final = re.compile(
    r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_NUL: Final = "␀"
#: A harmless name may begin so many characters before the word.
_BEFORE: Final = 8
_HINTS: Final = re.compile(
    rf"""{_WORDS}|sign["']?\s*[=:]|://|bearer|basic|eyJ|AKIA|ASIA|gh[pousr]_|sk-|PRIVATE KEY""",
    re.IGNORECASE,
)


def scrubbed(text: str) -> str:
    """The text with what looks like a secret replaced by ***.

    Passwords of URLs and connection strings, values that are assigned to a name such as `api_key`
    or `token`, bearer tokens, JWTs, keys of clouds, PEM private keys and PASSWORD of SQL. A secret
    that stands alone, without a name, cannot be told from other text.
    """
    if not _HINTS.search(text):
        return text
    text = _PEM.sub(rf"\1{_STARS}", _URL.sub(rf"\1{_STARS}@", text))
    text = _SIGN.sub(rf"\1{_STARS}", _MNEMONIC.sub(rf"\1{_STARS}", text))
    text = _STATEMENT.sub(rf"\1{_STARS}", text)
    text = _ASSIGNED.sub(_assigned, text)
    text = _OPTION.sub(rf"\1{_STARS}", text)
    text = _SCHEME.sub(rf"\1 {_STARS}", text)
    return _CLOUD.sub(_STARS, _JWT.sub(_STARS, text))


def _assigned(found: re.Match[str]) -> str:
    head = found[1]
    before = found.string[max(0, found.start() - _BEFORE) : found.start()]
    if _HARMLESS.search(before + head):
        return found[0]
    value = found[2]
    quote = value[0] if value[0] in "'\"" else ""
    return f"{head}{quote}{_STARS}{quote}"


def is_secret(name: str) -> bool:
    """Whether what is kept under this name is not to be shown."""
    return _SECRET_NAME.search(name) is not None and _HARMLESS.search(name) is None


def scrubbed_document(value: Any) -> Any:
    """A JSON document scrubbed: values by the names they are kept under, and texts."""
    if isinstance(value, str):
        return scrubbed(value)
    if isinstance(value, Mapping):
        return {
            name: _STARS if _hidden(name, one) else scrubbed_document(one)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [scrubbed_document(one) for one in value]
    return value


def _hidden(name: str, value: Any) -> bool:
    if isinstance(value, str) and len(value) >= _SHORTEST_SIGN and _SIGN_NAME.search(name):
        return True
    return is_secret(name) and value is not None


def storable(text: str) -> str:
    """The text as PostgreSQL can hold it: NUL becomes ␀, a lone surrogate its escape."""
    if "\0" in text:
        text = text.replace("\0", _NUL)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text

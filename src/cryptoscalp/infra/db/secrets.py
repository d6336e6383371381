"""Text without the passwords of connection strings.

It needs no driver: a command that is interrupted while the driver loads can still say so.
"""

from __future__ import annotations

import re
from typing import Final

_IN_A_URL: Final = re.compile(r"(\b[\w+.-]+://[^\s:/@]*:)[^\s/]*@")
_IN_PAIRS: Final = re.compile(r"\b((?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)")


def masked(text: str) -> str:
    """The text with every password of a URL or of key=value pairs replaced by ***."""
    return _IN_PAIRS.sub(r"\1***", _IN_A_URL.sub(r"\1***@", text))

"""Where alerts are posted to: addresses whose paths are secrets, and one POST each."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cryptoscalp.infra.db.errors import InputError

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

#: Seconds after which a receiver that says nothing counts as failed.
TIMEOUT_S: Final = 5.0
_PARTED: Final = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver. `url` is a secret and is never shown; `name` is its host and a hash of it."""

    url: str = field(repr=False)
    name: str


def webhooks(text: str | None) -> tuple[Webhook, ...]:
    """The receivers of a setting: addresses parted by blanks or commas, each once.

    Raises InputError, which names an address by its place, for what is no http or https URL.
    """
    found: dict[str, Webhook] = {}
    for place, url in enumerate(filter(None, _PARTED.split(text or "")), 1):
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in ("http", "https") or parts.username is not None:
            raise InputError(
                f"CRYPTOSCALP_ALERT_WEBHOOKS: address {place} is no http or https URL; write"
                " https://host/path, without a user"
            )
        digest = hashlib.sha256(url.encode()).hexdigest()[:12]
        where = host if port is None else f"{host}:{port}"
        found.setdefault(url, Webhook(url, f"{where}#{digest}"))
    return tuple(found.values())


def post(
    webhook: Webhook, alert_id: int, body: Mapping[str, Any], timeout_s: float = TIMEOUT_S
) -> str | None:
    """Post an alert as JSON; None when it was taken (2xx), else why not, without the address.

    The header X-Cryptoscalp-Alert-Id is the same at every try: a receiver that has seen it may
    leave the alert out.
    """
    # Loaded where something is sent: it takes as long as the rest of the command line.
    import urllib.error
    import urllib.request
    from http.client import HTTPException

    request = urllib.request.Request(
        webhook.url,
        json.dumps(body, ensure_ascii=False).encode(),
        {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "cryptoscalp",
            "X-Cryptoscalp-Alert-Id": str(alert_id),
        },
        method="POST",
    )
    try:
        with _opener().open(request, timeout=timeout_s) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        with error:
            return f"it answered {error.code}"
    except urllib.error.URLError as error:
        return _told(error.reason)
    except (OSError, HTTPException, ValueError) as error:
        return _told(error)
    return None if 200 <= status < 300 else f"it answered {status}"


@cache
def _opener() -> OpenerDirector:
    from urllib.request import HTTPRedirectHandler, build_opener

    class Refused(HTTPRedirectHandler):
        """A redirect is not followed: the alert would go where nobody declared it to."""

        def redirect_request(self, *_args: Any, **_more: Any) -> None:
            return None

    return build_opener(Refused)


def _told(error: object) -> str:
    """What went wrong, in words that cannot hold the address."""
    from socket import gaierror
    from ssl import SSLError

    match error:
        case TimeoutError():
            return "it did not answer in time"
        case gaierror():
            return "its host is not known"
        case SSLError():
            return f"TLS failed: {error.reason or 'no reason is given'}"
        case OSError(errno=int() as number):
            return os.strerror(number)
        case _:
            return f"it cannot be reached ({type(error).__name__})"

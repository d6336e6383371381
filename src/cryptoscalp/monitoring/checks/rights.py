"""Who the product logs in as, and what that login could do by accident."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.monitoring.types import Check, Problem, Verdict, judged

_OWNER: Final = "cryptoscalp_owner"


def roles() -> Flow[Verdict]:
    """The login cannot change stored ticks."""
    there = yield from rows(
        "SELECT r.rolname::text, r.rolsuper, r.rolcreaterole,"
        " (SELECT array_agg(name) FROM unnest(ARRAY['cryptoscalp_owner', 'cryptoscalp_app',"
        "   'cryptoscalp_capture']) AS name WHERE to_regrole(name) IS NULL)"
        " FROM pg_roles AS r WHERE r.rolname = current_user"
    )
    login, is_super, makes_roles, missing = there[0]
    if missing:
        hint = "cryptoscalp db upgrade, as an administrator"
        return judged("", [Problem("FAIL", f"there is no role {', '.join(missing)}", hint)])
    member = yield from rows(
        "SELECT pg_has_role(current_user, 'cryptoscalp_owner', 'MEMBER'),"
        " pg_has_role(current_user, 'cryptoscalp_app', 'USAGE'),"
        " pg_has_role(current_user, 'cryptoscalp_capture', 'MEMBER')"
    )
    owns, uses, captures = member[0]
    problems = _roles(login, is_super, makes_roles, owns, uses, captures)
    return judged(f"logged in as {login}, who is no superuser and no owner", problems)


def _roles(
    login: str, is_super: bool, makes_roles: bool, owns: bool, uses: bool, captures: bool
) -> Iterator[Problem]:
    if is_super:
        found = f"the login {login} is a superuser, whom no rule stops from changing ticks"
        yield Problem("FAIL", found, "log in as a role without rights of its own")
    elif owns:
        found = f"the login {login} is a member of {_OWNER}, so it can change stored ticks"
        yield Problem("FAIL", found, f"REVOKE {_OWNER} FROM {login}")
    if makes_roles and not is_super:
        found = f"the login {login} may make roles"
        yield Problem("WARN", found, f"ALTER ROLE {login} NOCREATEROLE")
    for has, group in ((uses, "cryptoscalp_app"), (captures, "cryptoscalp_capture")):
        if not has:
            found = f"the login {login} is no member of {group}"
            yield Problem("FAIL", found, "cryptoscalp db upgrade, as an administrator")


CHECKS: Final = (Check("roles", "the login cannot change stored ticks", roles),)

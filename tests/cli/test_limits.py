"""`cryptoscalp risk limits`, `halt`, `resume`, `state`, `alerts`."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cryptoscalp.cli.limits_examples import LINES
from cryptoscalp.cli.main import main
from cryptoscalp.infra.server import EmbeddedServer
from tests.cli.conftest import Cli, Place

_NUMBERS = itertools.count(1)


def answer(cli: Cli, *words: str, code: int = 0) -> Any:
    return json.loads(cli(*words, "--json", code=code).stdout)


@pytest.fixture
def desk(cli: Cli) -> str:
    """A portfolio of the test's own, with cash."""
    name = f"limits-{next(_NUMBERS)}"
    cli("portfolio", "create", name, "--base", "USDT")
    cli("portfolio", "deposit", name, "USDT", "1000", "--reference", "in")
    return name


def test_from_declaring_to_removing(cli: Cli, desk: str) -> None:
    of = ("--portfolio", desk)
    (made,) = answer(
        cli, "risk", "limits", "set", "gross_exposure", *of, "--high", "800.5", "--critical",
        "1000", "--action", "halt", "--clear-after", "1m", "--note", "rules",
    )  # fmt: skip
    assert (made["metric"], made["high"], made["critical"]) == ("GROSS_EXPOSURE", "800.5", "1000")
    assert (made["unit"], made["action"], made["clear_after"]) == ("base currency", "HALT", 60.0)
    (checked,) = answer(cli, "risk", "limits", "check", *of)
    assert (checked["value"], checked["state"]) == ("0", None)
    answer(cli, "risk", "limits", "set", "var", *of, "--high", "5")
    checked = {one["metric"]: one for one in answer(cli, "risk", "limits", "check", *of)}
    assert (checked["VAR"]["value"], checked["VAR"]["state"]) == (None, "UNKNOWN")
    assert "UNKNOWN" in cli("risk", "limits", "check", *of).stdout
    (breach,) = answer(cli, "risk", "limits", "breaches", *of)
    assert (breach["metric"], breach["state"]) == ("VAR", "UNKNOWN")
    assert "VAR" in cli("risk", "limits", "breaches", *of).stdout
    assert len(answer(cli, "risk", "limits", "list", *of)) == 2
    assert "800.5" in cli("risk", "limits", "list", *of).stdout
    removed = answer(cli, "risk", "limits", "remove", str(breach["limit_id"]))
    assert removed[0]["valid_until"] is not None
    assert answer(cli, "risk", "limits", "breaches", *of) == []
    (closed,) = answer(cli, "risk", "limits", "breaches", *of, "--closed")
    assert closed["close_cause"] == "LIMIT_ENDED"
    assert len(answer(cli, "risk", "limits", "list", *of, "--ended")) == 2


def test_status_tells_of_halts_and_breaches(cli: Cli, desk: str) -> None:
    of = ("--portfolio", desk)
    answer(cli, "risk", "limits", "set", "var", *of, "--high", "5")
    answer(cli, "risk", "limits", "check", *of)
    answer(cli, "risk", "halt", desk, "--reason", "venue down")
    found = answer(cli, "status")["risk"]
    assert {"portfolio": desk, "reason": "venue down"} in found["halts"]
    (breach,) = [one for one in found["breaches"] if one["portfolio"] == desk]
    assert (breach["metric"], breach["level"]) == ("VAR", None)
    assert found["declared"] >= 1
    (line,) = [one for one in cli("status").stdout.splitlines() if one.startswith("risk ")]
    assert f"halted: {desk}" in line
    assert f"VAR of {desk} (unknown)" in line
    answer(cli, "risk", "resume", desk, "--reason", "venue is back")
    for limit in answer(cli, "risk", "limits", "list", *of):
        answer(cli, "risk", "limits", "remove", str(limit["limit_id"]))
    after = answer(cli, "status")["risk"]
    assert desk not in [one["portfolio"] for one in after["halts"] + after["breaches"]]
    assert f"of {desk} " not in cli("status").stdout


def test_the_embedded_servers_administrator_resumes(cli: Cli, desk: str) -> None:
    assert f"portfolio {desk} may trade" in cli("risk", "state", desk).stdout
    halted = answer(cli, "risk", "halt", desk, "--reason", "venue down")
    assert (halted["may_trade"], halted["reason"]) == (False, "venue down")
    state = answer(cli, "risk", "state", desk, code=1)
    assert state == halted
    assert "may not trade since" in cli("risk", "state", desk, code=1).stdout
    resumed = answer(cli, "risk", "resume", desk, "--reason", "venue is back")
    assert (resumed["may_trade"], resumed["known"]) == (True, True)
    assert answer(cli, "risk", "state", desk)["may_trade"]
    told = answer(cli, "risk", "alerts", "--portfolio", desk)
    assert [one["kind"] for one in told if one["portfolio"]] == ["HALTED", "RESUMED"]
    assert "venue is back" in cli("risk", "alerts", "--portfolio", desk, "--limit", "1").stdout


def test_a_released_switch_under_that_of_all_is_told(cli: Cli, desk: str) -> None:
    cli("risk", "halt", desk, "--reason", "one")
    cli("risk", "halt", "--reason", "all")
    told = cli("risk", "resume", desk, "--reason", "one is over").stdout
    assert f"the switch of portfolio {desk} is released, and yet:\n" in told
    assert "may not trade" in told
    cli("risk", "resume", "--reason", "all is over")
    assert answer(cli, "risk", "state", desk)["may_trade"]


def test_an_external_database_needs_an_officer(cli: Cli, place: Place, desk: str) -> None:
    server = EmbeddedServer(place.data_dir)
    url = f"postgresql://cryptoscalp@/cryptoscalp?host={place.data_dir}/run"
    with psycopg.connect(server.dsn) as connection:
        info = connection.info
        url = f"postgresql://{info.user}@/{info.dbname}?host={info.host}&port={info.port}"
    elsewhere = {"CRYPTOSCALP_DATA_DIR": "", "CRYPTOSCALP_DATABASE_URL": url}
    cli("risk", "halt", desk, "--reason", "one")
    refused = cli("risk", "resume", desk, "--reason", "x", "--url", url, code=1).stderr
    assert "cryptoscalp_risk_officer" in refused
    assert refused.count("\n") == 1
    admin = {**elsewhere, "CRYPTOSCALP_ADMIN_URL": server.admin_dsn}
    assert "may trade" in cli("risk", "resume", desk, "--reason", "x", "--url", url,
                              env=admin).stdout  # fmt: skip
    cli("risk", "halt", desk, "--reason", "two")
    cli("risk", "resume", desk, "--reason", "x", "--url", url, "--officer-url", server.admin_dsn)
    assert answer(cli, "risk", "state", desk)["may_trade"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("limits", "set", "profit"), "'profit' is not one of"),
        (("limits", "set", "leverage", "--high", "-1"), "above zero"),
        (("limits", "set", "leverage", "--high", "many"), "is no number"),
        (("limits", "set", "leverage", "--clear-after", "soon"), "no length of time"),
        (("halt", "desk"), "--reason"),
        (("resume", "desk"), "--reason"),
    ],
)
def test_misuse_is_one_line_that_names_the_help(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(("risk", *words)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err
    assert "--help`" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("limits", "set", "leverage"), "needs a threshold"),
        (("limits", "set", "drawdown", "--high", "20"), "write 20 % as 0.2"),
        (("limits", "list", "--portfolio", "none"), "no portfolio 'none'"),
        (("limits", "remove", "99999"), "no limit 99999"),
        (("halt", "none", "--reason", "x"), "no portfolio 'none'"),
        (("resume", "--officer-url", "postgresql://x/", "--reason", "x"), "external database"),
    ],
)
def test_what_cannot_be_is_one_line(cli: Cli, words: tuple[str, ...], told: str) -> None:
    code = 2 if "external" in told else 1
    ended = cli("risk", *words, code=code)
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_the_examples_of_the_reference_run(cli: Cli, tmp_path: Path) -> None:
    """On numbers of their own: there a new server runs them, here one that has limits already."""
    name = f"limits-{next(_NUMBERS)}"
    for line in LINES:
        if "remove" not in line:
            words = line.replace("desk ", f"{name} ").replace(" desk", f" {name}").split()
            json.loads(cli("--json", *words).stdout)

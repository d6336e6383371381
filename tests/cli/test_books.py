"""`instruments add`, `strategies`, `orders`, `trades`, `funding` and `books`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from cryptoscalp.cli.main import main
from cryptoscalp.infra.server import EmbeddedServer
from tests.cli.conftest import Cli, Place

ON = ("--exchange", "binance")
TERMS = ("--base", "BTC", "--quote", "USDT", "--tick-size", "0.01", "--lot-size", "0.00001")


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli(*words, "--json").stdout)


def made(cli: Cli, name: str, *terms: str) -> tuple[str, ...]:
    """A portfolio and an instrument of the same name, and the words that name both."""
    cli("portfolio", "create", name, "--base", "USDT")
    cli("instruments", "add", name, *ON, *(terms or TERMS))
    return ("--portfolio", name, *ON, name)


def test_an_instrument_is_added_once(cli: Cli) -> None:
    words = ("instruments", "add", "BKADD", *ON, "--base", "BTC", "--quote", "USDT")
    found = answer(cli, *words, "--settle", "USDT", "--tick-size", "0.10", "--linear")
    assert (found["base"], found["settle"], found["tick_size"]) == ("BTC", "USDT", "0.1")
    assert found["inverse"] is False
    again = answer(cli, *words, "--settle", "USDT", "--tick-size", "0.1", "--linear")
    assert again == found
    assert "other terms" in cli(*words, "--settle", "BTC", code=1).stderr


def test_strategies_are_made_listed_and_retired(cli: Cli) -> None:
    cli("instruments", "add", "BKSTRAT", *ON, *TERMS)
    words = ("strategies", "create", "bk-scalper", "--symbol", "BKSTRAT@binance")
    assert answer(cli, *words)["symbols"] == [["BKSTRAT", "binance"]]
    assert "BKSTRAT on binance" in cli("strategies", "list").stdout
    assert answer(cli, "strategies", "retire", "bk-scalper")["retired_at"] is not None
    assert "SYMBOL@EXCHANGE" in cli(*words[:-1], "BKSTRAT", code=2).stderr
    assert "there is no strategy" in cli("strategies", "retire", "bk-none", code=1).stderr


@pytest.mark.long
def test_an_order_goes_from_the_decision_to_its_end(cli: Cli) -> None:
    of = made(cli, "BKORDER")
    event = (*of[:-1], "o-1")
    placed = answer(
        cli, "orders", "place", *of, "--side", "Buy", "--quantity", "0.0200", "--type", "limit",
        "--price", "61000.10", "--client-order-id", "o-1",
    )  # fmt: skip
    assert (placed["side"], placed["order_type"], placed["quantity"]) == ("BUY", "LIMIT", "0.02")
    assert placed["duplicate"] is False
    assert answer(cli, "orders", "send", *event)["status"] == "SENT"
    known = answer(cli, "orders", "acknowledge", *event, "--exchange-order-id", "77")
    assert (known["status"], known["exchange_order_id"]) == ("ACKNOWLEDGED", "77")
    cli(
        "trades", "record", *of, "--side", "BUY", "--quantity", "0.005", "--price", "61000",
        "--id", "1", "--at", "2024-08-08T10:00:00Z", "--exchange-order-id", "77",
    )  # fmt: skip
    shown = cli("orders", "list", "--portfolio", "BKORDER").stdout
    for text in ("o-1", "0.02000", "0.00500", "61000.10", "PARTIALLY_FILLED", "1 orders"):
        assert text in shown
    assert answer(cli, "orders", "cancel", *event, "--reason", "late")["status"] == "CANCELLED"
    events = answer(cli, "orders", "events", *event)
    assert [one["event"] for one in events] == [
        "DECIDED", "SENT", "ACKNOWLEDGED", "FILLED", "CANCELLED",
    ]  # fmt: skip
    assert events[-1]["detail"] == "late"
    assert "it cannot be" in cli("orders", "reject", *event, code=1).stderr


def test_a_limit_order_without_a_price_is_refused_in_one_line(cli: Cli) -> None:
    of = made(cli, "BKLIMIT")
    ended = cli(
        "orders", "place", *of, "--side", "sell", "--quantity", "1", "--type", "LIMIT",
        "--client-order-id", "x", code=1,
    )  # fmt: skip
    assert "a LIMIT order has a price" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_fill_is_booked_once_and_shown_with_the_decimals_of_its_instrument(cli: Cli) -> None:
    of = made(cli, "BKFILL")
    words = (
        "trades", "record", *of, "--side", "buy", "--quantity", "0.5", "--price", "61000.5",
        "--id", "7", "--at", "2024-08-08T10:00:00Z",
    )  # fmt: skip
    fee = ("--fee", "0.000000000000000001", "--fee-currency", "BNB", "--rate", "BNB=312.5")
    booked = answer(cli, *words, *fee)
    trade = booked["trade"]
    assert (trade["price"], trade["quantity"]) == ("61000.5", "0.5")
    assert (trade["commission"], trade["notional"]) == ("0.000000000000000001", "30500.25")
    assert answer(cli, *words, *fee) == booked | {"duplicate": True}
    assert "booked before" in cli(*words, *fee).stdout
    assert "BUY 0.50000 at 61000.50" in cli(*words, *fee).stdout
    refused = cli(*words, "--fee", "1", "--fee-currency", "USDT", code=1)
    assert "another content" in refused.stderr
    listed = cli("trades", "list", "--portfolio", "BKFILL").stdout
    assert "0.50000" in listed
    assert "61000.50" in listed
    assert "0.000000000000000001" in listed


def test_no_digit_is_lost_that_the_instrument_does_not_have(cli: Cli) -> None:
    of = made(cli, "BKDIGITS")
    cli("portfolio", "deposit", "BKDIGITS", "USDT", "12345678901234567890.123456789012345678",
        "--reference", "all")  # fmt: skip
    shown = answer(cli, "portfolio", "show", "BKDIGITS")
    assert shown["balances"] == {"USDT": "12345678901234567890.123456789012345678"}
    assert "12345678901234567890.123456789012345678" in cli("portfolio", "show", "BKDIGITS").stdout
    fill = cli(
        "trades", "record", *of, "--side", "buy", "--quantity", "0.000001", "--price", "1.234",
        "--id", "1", "--at", "2024-08-08",
    )  # fmt: skip
    assert "BUY 0.000001 at 1.234" in fill.stdout


def test_without_known_steps_all_digits_are_shown(cli: Cli) -> None:
    of = made(cli, "BKPLAIN", "--base", "BTC", "--quote", "USDT")
    fill = cli(
        "trades", "record", *of, "--side", "buy", "--quantity", "2.50", "--price", "1.230",
        "--id", "1", "--at", "2024-08-08",
    )  # fmt: skip
    assert "BUY 2.5 at 1.23" in fill.stdout


def test_a_trade_is_taken_back_by_another(cli: Cli) -> None:
    of = made(cli, "BKBACK")
    booked = answer(
        cli, "trades", "record", *of, "--side", "sell", "--quantity", "1", "--price", "10",
        "--id", "1", "--at", "2024-08-08",
    )  # fmt: skip
    number = str(booked["trade"]["trade_id"])
    back = answer(cli, "trades", "reverse", number, "--reason", "a typo")["trade"]
    assert (back["kind"], back["side"], back["note"]) == ("REVERSAL", "BUY", "a typo")
    assert answer(cli, "trades", "reverse", number, "--reason", "a typo")["duplicate"] is True
    kinds = [one["kind"] for one in answer(cli, "trades", "list", "--portfolio", "BKBACK")]
    assert kinds == ["FILL", "REVERSAL"]
    last = answer(cli, "trades", "list", "--portfolio", "BKBACK", "--limit", "1")
    assert [one["kind"] for one in last] == ["REVERSAL"]
    assert answer(cli, "positions", "list", "--portfolio", "BKBACK") == []


@pytest.mark.long
def test_a_long_table_ends_with_the_last_rows(cli: Cli) -> None:
    cli("portfolio", "create", "bk-long", "--base", "USDT")
    for number in range(42):
        cli("portfolio", "deposit", "bk-long", "USDT", "1", "--reference", f"ref-{number}")
    shown = cli("portfolio", "ledger", "bk-long").stdout
    assert "ref-41" in shown
    assert "ref-1 " not in shown
    assert "the last 40 entries (--limit or --json gives more)" in shown
    assert len(answer(cli, "portfolio", "ledger", "bk-long")) == 42
    assert "2 entries" in cli("portfolio", "ledger", "bk-long", "--limit", "2").stdout


def test_funding_is_given_or_reckoned(cli: Cli) -> None:
    of = made(cli, "BKFUND", *TERMS, "--settle", "USDT")
    cli("trades", "record", *of, "--side", "buy", "--quantity", "2", "--price", "100", "--id", "1",
        "--at", "2024-08-08T07:00:00Z")  # fmt: skip
    paid = answer(cli, "funding", "record", *of, "--at", "2024-08-08T08:00:00Z",
                  "--funding-rate", "0.0001", "--mark-price", "110")  # fmt: skip
    assert (paid["amount"], paid["quantity"], paid["currency"]) == ("-0.022", "2", "USDT")
    given = ("funding", "record", *of, "--at", "2024-08-08T16:00:00Z", "--amount", "-0.50")
    assert answer(cli, *given)["amount"] == "-0.5"
    assert answer(cli, *given)["duplicate"] is True
    assert "nothing is changed" in cli(*given).stdout
    assert "2 payments" in cli("funding", "list", "--portfolio", "BKFUND").stdout
    assert "give --amount" in cli(*given[:-2], "--funding-rate", "0.1", code=2).stderr


def test_the_books_agree_with_themselves(cli: Cli) -> None:
    of = made(cli, "BKCHECK")
    cli("trades", "record", *of, "--side", "buy", "--quantity", "1", "--price", "3", "--id", "1",
        "--at", "2024-08-08")  # fmt: skip
    assert answer(cli, "books", "check", "--portfolio", "BKCHECK") == {
        "agree": True, "differences": [],
        "counts": {"portfolios": 1, "positions": 1, "trades": 1, "cash_entries": 2},
    }  # fmt: skip
    told = cli("books", "check").stdout
    assert told.startswith("the books agree with themselves: ")
    assert "there is no portfolio" in cli("books", "check", "--portfolio", "no", code=1).stderr


def test_books_that_disagree_end_with_1(cli: Cli, place: Place) -> None:
    cli("portfolio", "create", "bk-wrong", "--base", "USDT")
    cli("portfolio", "deposit", "bk-wrong", "USDT", "5", "--reference", "a")
    with balance_changed(place, "bk-wrong", 7):
        words = ("books", "check", "--portfolio", "bk-wrong")
        found = json.loads(cli(*words, "--json", code=1).stdout)
        assert found["agree"] is False
        (one,) = found["differences"]
        assert (one["subject"], one["stored"], one["reckoned"]) == ("USDT", "12", "5")
        shown = cli(*words, code=1)
        assert "balance = sum of the ledger" in shown.stdout
        assert "1 sums of the books do not hold" in shown.stdout
    assert answer(cli, "books", "check", "--portfolio", "bk-wrong")["agree"] is True


@contextmanager
def balance_changed(place: Place, portfolio: str, amount: int) -> Iterator[None]:
    """A balance that its ledger does not come to, past the triggers; put right again."""
    change = (
        "UPDATE cash_balances SET balance = balance + %s WHERE portfolio_id ="
        " (SELECT portfolio_id FROM portfolios WHERE name = %s)"
    )
    dsn = EmbeddedServer(place.data_dir).admin_dsn
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(change, (amount, portfolio))
        try:
            yield
        finally:
            admin.execute(change, (-amount, portfolio))


OF = ("--portfolio", "x", "X", *ON)
FILL = ("--price", "1", "--id", "1", "--at", "2024-08-08")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("trades", "record", *OF, *FILL, "--side", "up", "--quantity", "1"), "'up' is not one of"),
        (("trades", "record", *OF, *FILL, "--side", "buy", "--quantity", "0"), "above zero"),
        (("trades", "record", *OF, *FILL, "--side", "buy", "--quantity", "nan"), "is no number"),
        (("trades", "record", *OF, *FILL, "--side", "buy", "--quantity", "1e-19"), "18 decimals"),
        (("trades", "record", *OF, *FILL, "--side", "buy", "--quantity", "1e20"), "20 digits"),
        (("trades", "list", "--portfolio", "x", "--limit", "0"), "--limit"),
        (("orders", "place", *OF, "--side", "buy", "--quantity", "1", "--client-order-id", "1",
          "--type", "STOP"), "'STOP' is not one of"),
        (("instruments", "add", "X", *ON, *TERMS, "--tick-size", "-1"), "above zero"),
        (("strategies", "create", "x", "--symbol", "BTCUSDT"), "BTCUSDT@binance"),
        (("funding", "record", *OF, "--at", "2024-08-08"), "give --amount"),
    ],
)  # fmt: skip
def test_misuse_is_one_line_that_names_the_help(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert told in err
    assert "--help`" in err

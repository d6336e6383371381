"""Secrets do not reach the logs; any text can be stored."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.logs.entries import MESSAGE_LIMIT, cut, document
from cryptoscalp.logs.scrubbing import is_secret, scrubbed, scrubbed_document, storable

SECRET = "Zq8vT3kLmN0pXy"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://bot:{SECRET}@db:5432/x",
        f"redis://:{SECRET}@cache/0",
        f"host=db user=bot password={SECRET} port=1",
        f"password='{SECRET} and more'",
        f"api_key={SECRET}",
        f"apiKey: {SECRET}",
        f"'X-MBX-APIKEY': '{SECRET}'",
        f'{{"secret": "{SECRET}", "symbol": "BTCUSDT"}}',
        f"BINANCE_API_SECRET={SECRET} python bot.py",
        f"https://api.venue/v3/order?symbol=BTCUSDT&signature={SECRET}&timestamp=1",
        f"--api-secret {SECRET} --symbol BTCUSDT",
        f"Authorization: Bearer {SECRET}",
        f"got header authorization = Basic {SECRET}=",
        f"sent Bearer {SECRET}",
        f"passphrase={SECRET}",
        f"access_token: {SECRET};",
        f"ALTER ROLE bot PASSWORD '{SECRET}'",
        f"CREATE ROLE bot LOGIN PASSWORD E'{SECRET}'",
        f"ALTER ROLE bot PASSWORD $x${SECRET}$x$",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}",
        f"cookie: session={SECRET}",
        f"OK-ACCESS-SIGN: {SECRET}",
        f"{{'API-Sign': '{SECRET}', 'symbol': 'BTCUSDT'}}",
        f"symbol=BTCUSDT&sign={SECRET}&nonce=1",
        f"listenKey={SECRET}",
        f"mnemonic: apple {SECRET} banana",
        f"seed phrase = 'apple banana {SECRET}'",
    ],
)
def test_secrets_with_a_name_are_replaced(text: str) -> None:
    shown = scrubbed(text)
    assert SECRET not in shown
    assert "***" in shown
    assert "BTCUSDT" in shown or "BTCUSDT" not in text
    assert scrubbed(shown) == shown or SECRET not in scrubbed(shown)


@pytest.mark.parametrize(
    "text",
    [
        "order o-1 filled at 55,000.10",
        "the token BTC went up",
        "token_count=5",
        "passfile=keys/pgpass",
        "signatures are checked",
        "sign: -1, signal=5000, design: good",
        "secret",
        "10 of 10 passwords were wrong",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert scrubbed(text) == text


def test_forms_that_need_no_name() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc"
    for secret in (token, "AKIAIOSFODNN7EXAMPLE", "ghp_" + "a" * 36):
        assert secret not in scrubbed(f"got {secret} here")


@pytest.mark.parametrize(
    "part",
    ["y", "sign", "sign=", "mnemonic: a ", "password", "password=", "password ", "-", "--", "a.",
     "://", "://a:", "eyJ-", "'",
     "PASSWORD $", "token: '", "Bearer ", "sk-", " \n", "secret\t:", "-----BEGIN PRIVATE KEY-----"],
)  # fmt: skip
def test_no_text_takes_long(part: str) -> None:
    began = time.perf_counter()
    scrubbed("api_key=x " + part * (MESSAGE_LIMIT // len(part)))
    assert time.perf_counter() - began < 1.0


def test_documents_are_scrubbed_by_name() -> None:
    found = scrubbed_document(
        {"api_key": SECRET, "token": None, "n": 1, "deep": [{"password": [1, 2], "max_tokens": 5}]}
    )
    assert found == {
        "api_key": "***", "token": None, "n": 1, "deep": [{"password": "***", "max_tokens": 5}],
    }  # fmt: skip
    signed = {"OK-ACCESS-SIGN": SECRET, "sign": -1, "design": "good"}
    assert scrubbed_document(signed) == signed | {"OK-ACCESS-SIGN": "***"}
    assert is_secret("clientSecret")
    assert not is_secret("symbol")


@given(st.text(st.characters(codec=None), max_size=200))
def test_any_text_can_be_stored(text: str) -> None:
    found = storable(text)
    assert "\0" not in found
    found.encode()
    assert found == text or "\0" in text or any(0xD800 <= ord(one) <= 0xDFFF for one in text)


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=10,
        ),
        max_size=5,
    )
)
def test_any_document_is_json_that_postgresql_takes(metadata: dict[str, object]) -> None:
    text = document(metadata)
    assert "\\u0000" not in text
    text.encode()
    json.loads(text)


@given(st.text(max_size=300), st.integers(1, 50))
def test_a_cut_text_is_short_and_says_how_long_it_was(text: str, limit: int) -> None:
    found = cut(text, limit)
    if len(text) <= limit:
        assert found == text
    else:
        kept = found.removesuffix(f" … [cut: {len(text):,} characters]")
        assert text.startswith(kept)
        assert len(kept) <= limit

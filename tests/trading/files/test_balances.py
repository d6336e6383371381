"""Files of balances."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from cryptoscalp import InputError
from cryptoscalp.trading.files.balances import read_balances

EXPECTED = {"BTC": Decimal("1.25"), "USDT": Decimal("-3")}


def written(folder: Path, text: str) -> Path:
    """A file of the text."""
    path = folder / "balances"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "currency,balance\nBTC,1.25\nUSDT,-3\n",
        "Coin;Total\nBTC;1.250\nUSDT;-3\n",
        "Asset,Wallet Balance\nBTC,1.25\nUSDT,-3\n",
        "asset,free,locked\nBTC,1,0.25\nUSDT,-4,1\n",
        json.dumps({"BTC": "1.25", "USDT": -3}),
        json.dumps([{"asset": "BTC", "balance": "1.25", "availableBalance": "1"},
                    {"asset": "USDT", "balance": "-3", "availableBalance": "0"}]),
        json.dumps({"makerCommission": 15, "permissions": ["SPOT"], "balances": [
            {"asset": "BTC", "free": "1.00", "locked": "0.25"},
            {"asset": "USDT", "free": "-3", "locked": "0"}]}),
        json.dumps({"feeTier": 0, "positions": [{"symbol": "BTCUSDT"}], "assets": [
            {"asset": "BTC", "walletBalance": "1.25", "marginBalance": "2"},
            {"asset": "USDT", "walletBalance": "-3", "marginBalance": "2"}]}),
    ],
)  # fmt: skip
def test_every_kind_of_file(tmp_path: Path, text: str) -> None:
    assert read_balances(written(tmp_path, text)).balances == EXPECTED


def test_sums_lose_no_digit(tmp_path: Path) -> None:
    text = "asset,free,locked\nX,12345678901234567890.123456789012345678,1\n"
    (amount,) = read_balances(written(tmp_path, text)).balances.values()
    assert amount == Decimal("12345678901234567891.123456789012345678")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("currency,balance\n", "holds no balance"),
        ("{}", "holds no balance"),
        ("currency,balance\nBTC,1\nBTC,2\n", "line 3: BTC is there twice"),
        ("currency,balance\nBTC,much\n", "line 2: balance 'much' is no number"),
        ("currency,balance\n,1\n", "currency '' is missing"),
        ("currency,balance\nB C,1\n", "is no currency"),
        ("name,amount\nBTC,1\n", "needs a currency (currency, asset, coin) and a balance"),
        ("asset,free\nBTC,1\n", "or free and locked); there are asset, free"),
        ('{"BTC": {"free": 1}}', "is no account of Binance's"),
        ('{"BTC": null}', "BTC: balance is missing"),
        ('{"balances": [1]}', "balances 1: is no object"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_balances(written(tmp_path, text))
    assert says in str(caught.value)

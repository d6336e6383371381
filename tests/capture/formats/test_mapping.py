"""Mappings say which column is which field; what they get wrong is named."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.capture.formats.headers import column, distinct
from cryptoscalp.capture.formats.layout import FIELDS, TIMES
from cryptoscalp.capture.formats.mapping import map_layout, map_text, parse_map
from cryptoscalp.capture.formats.reading import Options
from cryptoscalp.infra.db.errors import InputError

HEADER = ("TransactionTime", "Price", "Quantity", "IsBuyerMarketMaker", "a,b", "x:us")


def test_a_mapping_is_a_layout() -> None:
    text = (
        "timestamp=TransactionTime:us, price=Price,volume = Quantity ,"
        ' side=IsBuyerMarketMaker:buyer_maker, symbol="a,b", exchange:=binanceusdm,'
        " feed:=agg_trade, kind:=trades"
    )
    layout = map_layout(parse_map(text), HEADER, Options())
    assert layout.kind == "trades"
    assert layout.columns == {
        "timestamp": "TransactionTime",
        "price": "Price",
        "volume": "Quantity",
        "side": "IsBuyerMarketMaker",
        "symbol": "a,b",
    }
    assert layout.constants == {"exchange": "binanceusdm", "feed": "agg_trade"}
    assert layout.units == {"timestamp": "us"}
    assert layout.side == "buyer_maker"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("timestamp=#1,price=#2,volume=#3", "trades"),
        ("received_at=#1,bid_price=#2,ask_price=#3", "quotes"),
        ("timestamp=#1,open=#2", "candles"),
        ("timestamp=#1,funding_rate=#2", "derivatives"),
        ("timestamp=#1,price=#2,kind:=trades", "trades"),
    ],
)
def test_the_kind_follows_from_the_fields(text: str, kind: str) -> None:
    layout = map_layout(parse_map(text), HEADER, Options(unit="ns"))
    assert layout.kind == kind
    assert layout.units == ({"timestamp": "ns"} if "timestamp=" in text else {})


def test_a_column_is_found_by_name_by_position_and_in_any_case() -> None:
    layout = map_layout(parse_map('timestamp="x:us":ms,price=price,volume=#3'), HEADER, Options())
    assert layout.columns == {"timestamp": "x:us", "price": "Price", "volume": "Quantity"}
    assert layout.units == {"timestamp": "ms"}
    assert map_layout({"timestamp": "x:us"}, HEADER, Options()).columns["timestamp"] == "x:us"


def test_a_name_that_the_header_repeats_is_told_apart_by_position() -> None:
    header = ("time", "price", "price", "price_2")
    assert distinct(header) == ("time", "price", "price_3", "price_2")
    assert column("#3", header, "price") == "price_3"
    with pytest.raises(InputError, match="names 'price' 2 times; say which by position: #2 or #3"):
        column("price", header, "price")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the mapping is empty"),
        ("price", "'price' is not field=column"),
        ("price=", "is not field=column"),
        ("price=a,,volume=b", "is not field=column"),
        ("prize=a", "there is no field 'prize'; choose kind, timestamp, price"),
        ("price=Price,price=Quantity", "price is mapped twice"),
        ("price=Preis", "price: there is no column 'Preis'; the columns are TransactionTime,"),
        ("price=#9", "price: there is no column #9; there are 6"),
        ("price=Price:us", "price takes no hint 'us'"),
        ("timestamp=Price:buyer_maker", "there is no unit of time 'buyer_maker'"),
        ("timestamp:=5", "timestamp differs from row to row"),
        ("open=Price,side=Quantity", "candles have no side; their fields are timestamp, open"),
        ("interval:=7m,open=Price", "there is no interval '7m'; choose 1s, 1m"),
        ("kind:=books", "there is no kind 'books'; choose trades, quotes"),
        ("kind=Price", "kind is no column; write kind:=trades or quotes"),
    ],
)
def test_what_is_wrong_is_named(text: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        map_layout(parse_map(text), HEADER, Options())
    assert problem in str(caught.value)


_FIELDS = sorted({field for fields in FIELDS.values() for field in fields} - {*TIMES})
_NAME = st.text(st.characters(exclude_characters='",:=', exclude_categories=("C", "Z")), min_size=1)
_VALUE = st.one_of(
    _NAME.filter(lambda name: not name.startswith("=")),
    st.text(max_size=9).map(lambda text: '"' + text.replace('"', '""') + '"'),
    st.text(max_size=9).filter(bool).map(lambda text: f"={text}"),
)


@given(st.dictionaries(st.sampled_from(_FIELDS), _VALUE, min_size=1, max_size=5))
def test_a_mapping_is_the_same_after_a_round_trip(mapping: dict[str, str]) -> None:
    kept = json.loads(json.dumps(mapping))
    assert parse_map(map_text(kept)) == mapping


@given(st.text(max_size=60))
def test_any_text_is_a_mapping_or_an_input_error(text: str) -> None:
    with suppress(InputError):
        map_layout(parse_map(text), HEADER, Options())


@given(st.lists(st.sampled_from(["a", "a_2", "b", "", " a"]), max_size=8))
def test_distinct_names_are_distinct(header: list[str]) -> None:
    names = distinct(header)
    assert len(set(names)) == len(header)

"""Money, attribution and the steps behind a conversion, as rules: no ledger, no clock."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anclora.conversions.attribution import Touch, attributed
from anclora.conversions.model import Books, Correction, Refund, Wish
from anclora.conversions.money import MOST_MINOR, read_minor, show_minor
from anclora.conversions.rules import Standing, correction_step, draft_of, refund_step
from anclora.conversions.sheet import EXPORTED, read_sheet, write_sheet
from anclora.kit.errors import AncloraError, InvalidError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
BOOKS = Books({"lead": False, "sale": True}, {"EUR": 2, "JPY": 0, "KWD": 3})
exponents = st.integers(0, 4)
minors = st.integers(0, MOST_MINOR - 1)


@given(minors, exponents)
def test_a_value_is_read_as_it_is_shown(minor: int, exponent: int) -> None:
    shown = show_minor(minor, exponent)
    assert read_minor(shown, "X", exponent) == minor
    assert Decimal(shown) == Decimal(minor).scaleb(-exponent)
    assert show_minor(-minor, exponent) == (f"-{shown}" if minor else shown)


@given(st.decimals(min_value=0, max_value=10**9, places=4, allow_nan=False), exponents)
def test_a_value_is_exact_or_refused(value: Decimal, exponent: int) -> None:
    scaled = value.scaleb(exponent)
    if scaled == scaled.to_integral_value():
        assert read_minor(f"{value:f}", "X", exponent) == scaled
    else:
        with pytest.raises(InvalidError):
            read_minor(f"{value:f}", "X", exponent)


@given(st.text(max_size=12))
def test_no_text_is_read_as_anything_but_its_number(text: str) -> None:
    try:
        minor = read_minor(text, "X", 2)
    except InvalidError:
        return
    assert Decimal(minor) == Decimal(text.strip()) * 100


touches = st.lists(
    st.builds(
        Touch,
        kind=st.sampled_from(["message", "click"]),
        at=st.integers(-200, 20).map(lambda hours: NOW + timedelta(hours=hours)),
        id=st.integers(0, 5).map(lambda n: UUID(int=n)),
    ),
    max_size=8,
)


@given(touches, st.randoms(use_true_random=False))
def test_first_and_last_are_the_ends_of_the_window_whatever_the_order_of_rows(
    given_touches: list[Touch], dice: Any
) -> None:
    found = attributed(given_touches, NOW, WEEK)
    inside = [touch for touch in given_touches if NOW - WEEK < touch.at <= NOW]
    assert sorted(found.touches, key=repr) == sorted(inside, key=repr)
    if inside:
        assert found.first is not None
        assert found.last is not None
        assert found.touches[found.first].at == min(touch.at for touch in inside)
        assert found.touches[found.last].at == max(touch.at for touch in inside)
    else:
        assert (found.first, found.last) == (None, None)
    shuffled = list(given_touches)
    dice.shuffle(shuffled)
    assert attributed(shuffled, NOW, WEEK) == found


@given(touches)
def test_what_was_named_counts_alone(given_touches: list[Touch]) -> None:
    named = Touch(kind="named", at=NOW - timedelta(days=300), id=UUID(int=9))
    found = attributed([*given_touches, named], NOW, WEEK)
    assert found.first == found.last
    assert found.touches[found.first or 0] == named


def test_the_edges_of_the_window() -> None:
    at = [NOW - WEEK, NOW - WEEK + timedelta(microseconds=1), NOW, NOW + timedelta(microseconds=1)]
    found = attributed([Touch(kind="click", at=each, id=UUID(int=1)) for each in at], NOW, WEEK)
    assert [touch.at for touch in found.touches] == at[1:3]


steps = st.lists(
    st.one_of(
        st.integers(0, 300).map(lambda n: Refund(value=str(n))),
        st.just(Refund()),
        st.integers(0, 300).map(lambda n: Correction(value=str(n))),
        st.just(Correction(void=True)),
    ),
    max_size=8,
)


@given(st.integers(0, 300), steps)
def test_whatever_comes_behind_it_the_net_value_is_the_sum_and_never_below_nothing(
    value: int, asked: Sequence[Refund | Correction]
) -> None:
    right, back, void, amounts, counts = value, 0, False, [value], 1
    for wish in asked:
        standing = Standing(
            currency="JPY", exponent=0, gross=sum(amounts) + back, net=sum(amounts), void=void, occurred_at=NOW
        )
        try:
            step = refund_step(standing, wish, NOW) if isinstance(wish, Refund) else correction_step(standing, wish)
        except AncloraError:
            continue
        assert step.amount is not None
        amounts.append(step.amount)
        counts += step.counts
        if isinstance(wish, Refund):
            back -= step.amount
        elif wish.void:
            void = True
        else:
            right = int(str(wish.value))
        assert sum(amounts) == (0 if void else right - back) >= 0
        assert counts == (0 if void else 1)


@pytest.mark.parametrize(
    "change",
    [
        {"contact": " 600 111 222 "},
        {"contact": "phone:+34600111222"},
        {"value": "10"},
        {"value": 10},
        {"currency": "eur"},
    ],
)
def test_the_same_wish_in_another_spelling_is_the_same(change: dict[str, Any]) -> None:
    wish: dict[str, Any] = {
        "kind": "sale",
        "contact": "+34600111222",
        "value": "10.00",
        "currency": "EUR",
        "external_id": "x",
    }
    one, other = (draft_of(Wish(**each), BOOKS, region="ES", now=NOW) for each in (wish, wish | change))
    assert one == other


@pytest.mark.parametrize("change", [{"value": "10.01"}, {"note": "x"}, {"kind": "lead"}, {"occurred_at": NOW}])
def test_another_wish_is_another(change: dict[str, Any]) -> None:
    wish: dict[str, Any] = {
        "kind": "sale",
        "contact": "+34600111222",
        "value": "10.00",
        "currency": "EUR",
        "external_id": "x",
    }
    one, other = (draft_of(Wish(**each), BOOKS, region="ES", now=NOW) for each in (wish, wish | change))
    assert one.hash != other.hash


def test_a_sheet_is_read_as_people_save_it() -> None:
    text = (
        '\ufeffKind;Contact;Note;occurred_at\r\nlead;600111222;"two\r\nlines; one cell";2026-03-29\r\n'
        "\r\n;;;\r\nsale;+34600;'=x;2026-01-31 10:00\r\n"
    )
    lines = read_sheet(text.encode(), "Europe/Madrid")
    assert [line.number for line in lines] == [2, 6]
    first, second = (line.wish for line in lines)
    assert isinstance(first, Wish)
    assert isinstance(second, Wish)
    assert (first.note, second.note) == ("two\r\nlines; one cell", "=x")
    assert first.occurred_at == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert second.occurred_at == datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "bad_sheet"),
        (b"contact\n", "bad_sheet"),
        (b"kind,kind\n", "bad_sheet"),
        (b"kind,price\n", "bad_sheet"),
        (b"kind\nle\0ad", "bad_sheet"),
        (b"kind\n\xff", "not_utf8"),
        (b"kind\n" + b"lead\n" * 10_001, "too_complex"),
        (b'kind\n"' + b"x" * 200_000, "bad_sheet"),
    ],
)
def test_what_is_no_sheet_is_refused_whole(text: bytes, code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read_sheet(text, "Europe/Madrid")
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("cells", "code"),
    [("sale,10,EUR,x", "bad_line"), ("sale,nothing,", None), (",10,EUR", "schema"), ("sale,10,EUR", None)],
)
def test_a_line_that_cannot_be_read_is_named(cells: str, code: str | None) -> None:
    [line] = read_sheet(f"kind,value,currency\n{cells}\n".encode(), "UTC")
    assert (line.wish.code if isinstance(line.wish, InvalidError) else None) == code


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=20))
def test_no_cell_of_an_export_is_a_formula(text: str) -> None:
    row: dict[str, Any] = dict.fromkeys(EXPORTED) | {"phone": "34600111222", "contact_id": None, "exponent": 2}
    sheet = write_sheet([row | {"note": text, "external_id": text, "kind": "sale", "amount": -5}])
    [cells] = list(csv.DictReader(io.StringIO(sheet, newline="")))
    assert (
        cells["note"]
        == cells["external_id"]
        == (f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") and text else text)
    )
    assert cells["value"] == "-0.05"

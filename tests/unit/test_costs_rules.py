"""Month bounds on every day, what is asked, and what is made of the answer."""

from datetime import date
from typing import Any

import pytest

from anclora.costs.model import Money
from anclora.costs.rules import charges_in, currency_of, lines, months, per_thousand, question
from anclora.kit.errors import UnavailableError

FEBRUARY = date(2026, 2, 1)


@pytest.mark.parametrize(
    ("today", "before", "last", "this"),
    [
        (date(2026, 3, 31), date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)),
        (date(2026, 3, 1), date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)),
        (date(2026, 1, 31), date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)),
        (date(2026, 2, 28), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)),
        (date(2028, 2, 29), date(2027, 12, 1), date(2028, 1, 1), date(2028, 2, 1)),
        (date(2026, 12, 31), date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)),
    ],
)
def test_months_are_whole_ones_on_the_31st_and_in_january(today: date, before: date, last: date, this: date) -> None:
    assert months(today) == (before, last, this)


def test_the_question_ends_with_the_first_day_that_does_not_count_and_never_asks_for_blended() -> None:
    asked = question(date(2026, 3, 31), "Environment")
    assert asked["TimePeriod"] == {"Start": "2026-01-01", "End": "2026-03-01"}
    assert asked["Metrics"] == ["UnblendedCost", "AmortizedCost"]
    assert [each["Key"] for each in asked["GroupBy"]] == ["SERVICE", "Environment"]


def group(service: str, tag: str, unblended: str, amortized: str, unit: str = "USD") -> dict[str, Any]:
    return {
        "Keys": [service, f"Environment${tag}"],
        "Metrics": {
            "UnblendedCost": {"Amount": unblended, "Unit": unit},
            "AmortizedCost": {"Amount": amortized, "Unit": unit},
        },
    }


def result(start: str, *groups: dict[str, Any]) -> dict[str, Any]:
    return {"TimePeriod": {"Start": start, "End": "x"}, "Total": {}, "Groups": list(groups), "Estimated": False}


ANSWER = [
    result(
        "2026-01-01", group("Amazon ECS", "production", "10", "9.5"), group("Amazon S3", "", "0.0000012", "0.0000012")
    ),
    result(
        "2026-02-01",
        group("Amazon ECS", "production", "12.5", "12"),
        group("Amazon ECS", "staging", "1.25", "1.25"),
        group("Amazon RDS", "production", "30", "20"),
    ),
]


def test_sums_by_service_and_tag_are_exact_and_the_dearest_come_first() -> None:
    charges = charges_in(ANSWER)
    assert [(line.name, line.money) for line in lines(charges, FEBRUARY, by="service")] == [
        ("Amazon RDS", Money(unblended_micros=30_000_000, amortized_micros=20_000_000)),
        (
            "Amazon ECS",
            Money(
                unblended_micros=13_750_000,
                amortized_micros=13_250_000,
                unblended_before_micros=10_000_000,
                amortized_before_micros=9_500_000,
            ),
        ),
        ("Amazon S3", Money(unblended_before_micros=1, amortized_before_micros=1)),
    ]
    assert [line.name for line in lines(charges, FEBRUARY, by="tag")] == ["production", "staging", ""]


def test_several_currencies_are_not_added() -> None:
    assert currency_of([]) == "USD"
    with pytest.raises(UnavailableError, match="several currencies: EUR, USD"):
        currency_of(charges_in([result("2026-02-01", group("a", "", "1", "1"), group("b", "", "1", "1", "EUR"))]))


@pytest.mark.parametrize(
    "broken",
    [{}, {"TimePeriod": {"Start": "?"}}, result("2026-02-01", {"Keys": ["a"], "Metrics": {}}),
     result("2026-02-01", group("a", "", "much", "1"))],
)  # fmt: skip
def test_an_answer_that_is_not_understood_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(UnavailableError) as refused:
        charges_in([broken])
    assert refused.value.code == "costs_not_understood"


def test_what_a_thousand_messages_cost() -> None:
    assert per_thousand(33_250_000, 66_500) == 500_000
    assert per_thousand(33_250_000, 0) is None

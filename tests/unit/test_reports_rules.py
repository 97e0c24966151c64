"""What figures suggest: the most pressing first, three at most, and nothing where nothing speaks for it."""

from datetime import date, datetime, timedelta

import pytest
from msgspec.structs import replace

from anclora.providers.cloud.error_table import MEANINGS
from anclora.reports.compose import page_of
from anclora.reports.failures import KNOWN, meaning_of
from anclora.reports.model import Counts, Day, DayCounts, Failure, Money, Number, Talks, Tries
from anclora.reports.rules import Suggestion, suggestions
from anclora.reports.spelling import amount_of, change, duration, long_date, long_month, long_week, number, percent
from anclora.reports.words import MONTHS, WEEKDAYS, WORDS
from tests.reports_days import EMPTY, EMPTY_MONTH, FULL, WEEK, hours_of


def codes(day: Day) -> list[str]:
    return [each.code for each in suggestions(day)]


def with_talks(**members: object) -> Day:
    talks = Talks(opened=50, active=50, **members)  # pyright: ignore[reportArgumentType]
    return replace(EMPTY, today=replace(EMPTY.today, conversations=talks))


def with_messages(today: Counts, week_before: Counts | None = None, **members: object) -> Day:
    before = DayCounts(messages=week_before or Counts())
    return replace(EMPTY, today=DayCounts(messages=today), week_before=before, **members)


HUNDRED = Counts(sent=100, delivered=100, read=80)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (EMPTY, []),
        (FULL, ["dead", "top_failure", "undelivered"]),
        (with_messages(Counts(), HUNDRED), ["silent"]),
        (with_messages(Counts(), Counts(sent=49)), []),
        (replace(EMPTY, dead=1), ["dead"]),
        (with_messages(Counts(sent=95, failed=6), failures=[Failure(code="too_old", count=6)]), ["failing"]),
        (with_messages(Counts(sent=96, failed=5), failures=[Failure(code="too_old", count=5)]), ["top_failure"]),
        (with_messages(Counts(failed=1), failures=[Failure(code="too_old", count=1)]), ["top_failure"]),
        (replace(EMPTY, numbers=[Number(name="a", messages=Counts(sent=50, delivered=42))]), ["undelivered"]),
        (replace(EMPTY, numbers=[Number(name="a", messages=Counts(sent=50, delivered=43))]), []),
        (replace(EMPTY, numbers=[Number(name="a", messages=Counts(sent=49))]), []),
        (replace(EMPTY, tries=Tries(count=900, unknown=10)), ["doubts"]),
        (replace(EMPTY, tries=Tries(count=9, unknown=9)), []),
        (replace(EMPTY, tries=Tries(count=2_000, unknown=10)), []),
        (with_talks(first_response_seconds=901.0), ["slow"]),
        (with_talks(first_response_seconds=900.0), []),
        (with_talks(first_response_seconds=None), []),
        (with_talks(handoffs={"bot_confusion": 5, "user_request": 5}), ["confusion"]),
        (with_talks(handoffs={"bot_confusion": 4}), []),
        (with_talks(handoffs={"bot_confusion": 5, "user_request": 50}), []),
        (with_messages(replace(HUNDRED, read=70), HUNDRED), ["read_less"]),
        (with_messages(replace(HUNDRED, read=71), HUNDRED), []),
        (with_messages(Counts(received=75), Counts(received=50)), ["more_received", "busiest"]),
        (with_messages(Counts(received=49), Counts(received=20)), []),
    ],
)
def test_each_rule_from_its_limit_on(day: Day, expected: list[str]) -> None:
    assert codes(day) == expected


def test_a_day_under_way_is_not_blamed_for_what_may_still_come() -> None:
    under_way = datetime(2026, 3, 29, 18, tzinfo=EMPTY.hours[0].starts_at.tzinfo)
    day = with_messages(replace(HUNDRED, read=1), HUNDRED, numbers=[Number(name="a", messages=Counts(sent=100))])
    assert codes(day) == ["undelivered", "read_less"]
    assert codes(replace(day, until=under_way)) == []


def test_the_busiest_hour_is_named_by_the_business_clock() -> None:
    received = (0,) * 9 + (10, 60)
    day = with_messages(Counts(received=70), hours=hours_of(date(2026, 7, 1), (), received))
    assert list(suggestions(day)) == [Suggestion(code="busiest", values={"hour": "10:00", "count": 60})]


def test_a_week_and_a_month_are_judged_beside_the_one_before() -> None:
    assert [each.code for each in suggestions(WEEK)] == codes(FULL)
    calm = replace(WEEK, dead=0, failures=[], numbers=[], tries=Tries(), now=DayCounts(messages=WEEK.now.messages))
    assert list(suggestions(calm)) == [Suggestion(code="busiest_day", values={"day": "2027-01-01", "count": 1204})]
    assert [action.text for action in page_of(calm, "es").actions] == [
        "Preparar más atención para un día como el viernes, 1 de enero: fue cuando más escribieron (1.204 mensajes)."
    ]
    assert list(suggestions(EMPTY_MONTH)) == []
    silent = replace(EMPTY_MONTH, before=DayCounts(messages=HUNDRED))
    assert [each.code for each in suggestions(silent)] == ["silent"]
    assert "100 messages did the month before" in page_of(silent, "en").actions[0].text


def test_both_languages_say_everything_with_the_same_values() -> None:
    spanish, english = WORDS["es"], WORDS["en"]
    assert spanish.keys() == english.keys()
    for key, text in spanish.items():
        assert _places(text) == _places(english[key]), key
    assert KNOWN["es"].keys() == KNOWN["en"].keys()
    assert [len(MONTHS[lang]) for lang in WORDS] == [12, 12]
    assert [len(WEEKDAYS[lang]) for lang in WORDS] == [7, 7]


def _places(text: str) -> set[str]:
    return {piece.partition("}")[0] for piece in text.split("{")[1:]}


def test_what_meta_refuses_for_good_has_words_in_both_languages() -> None:
    for_good = {
        meaning.name for meaning in MEANINGS.values() if meaning.refusal is not None and meaning.refusal.permanent
    }
    assert for_good - KNOWN["es"].keys() == set()
    assert meaning_of("never_seen", "en").what == "Another reason: never_seen"


@pytest.mark.parametrize(
    ("now", "before", "shown"),
    [
        (112, 100, "+12 %"),
        (88, 100, "\u221212 %"),
        (5, 5, "igual"),
        (5, 0, "nuevo"),
        (0, 0, "\u2013"),
        (0, 5, "\u2212100 %"),
    ],
)
def test_changes(now: int, before: int, shown: str) -> None:
    assert change(now, before, "es").replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("value", "es", "en"),
    [
        (0.0, "0 %", "0%"),
        (0.0001, "0,1 %", "0.1%"),
        (0.9999, "99,9 %", "99.9%"),
        (1.0, "100 %", "100%"),
        (0.935, "93,5 %", "93.5%"),
    ],
)
def test_a_share_that_is_not_all_never_reads_as_all(value: float, es: str, en: str) -> None:
    assert (percent(value, "es").replace("\u00a0", " "), percent(value, "en")) == (es, en)


def test_numbers_money_waits_and_dates() -> None:
    assert (number(1_234_567, "es"), number(1_234_567, "en")) == ("1.234.567", "1,234,567")
    amounts = [
        Money(currency="EUR", minor=-5),
        Money(currency="JPY", minor=1_800, digits=0),
        Money(currency="KWD", minor=1_234_567, digits=3),
    ]
    assert [amount_of(each, "es") for each in amounts] == ["\u22120,05", "1.800", "1.234,567"]
    assert [duration(each, "en").replace("\u00a0", " ") for each in (45, 59.6, 720, 3_600, 11_100)] == [
        "45 s", "1 min", "12 min", "1 h 00 min", "3 h 05 min",
    ]  # fmt: skip
    assert long_date(date(2026, 11, 26), "es") == "jueves, 26 de noviembre de 2026"
    assert long_date(date(2027, 1, 1), "en") == "Friday, 1 January 2027"
    assert long_month(date(2027, 1, 1), "es") == "enero de 2027"


@pytest.mark.parametrize(
    ("first", "es", "en"),
    [
        (date(2026, 11, 23), "semana 48: del 23 al 29 de noviembre de 2026", "week 48: 23 to 29 November 2026"),
        (
            date(2026, 9, 28),
            "semana 40: del 28 de septiembre al 4 de octubre de 2026",
            "week 40: 28 September to 4 October 2026",
        ),
        (
            date(2026, 12, 28),
            "semana 53: del 28 de diciembre de 2026 al 3 de enero de 2027",
            "week 53: 28 December 2026 to 3 January 2027",
        ),
    ],
)
def test_a_week_is_named_by_its_number_and_its_days(first: date, es: str, en: str) -> None:
    last = first + timedelta(days=6)
    assert (long_week(first, last, "es"), long_week(first, last, "en")) == (es, en)

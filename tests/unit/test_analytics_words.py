"""What people read: causes in plain words, and tables no spreadsheet takes for formulas."""

from datetime import UTC, datetime

import pytest

from anclora.analytics import Period, QuestionAnswer, QuestionLine, as_csv
from anclora.analytics.causes import WORDS, words_of
from anclora.analytics.messages import COLUMNS, figures_of
from anclora.kit.cells import safe
from anclora.providers.cloud.error_table import MEANINGS
from anclora.providers.evolution.errors import ROWS
from anclora.tallies import COUNTERS, Counts

PERIOD = Period(since=datetime(2026, 1, 31, tzinfo=UTC), until=datetime(2026, 2, 1, tzinfo=UTC), timezone="UTC")
OWN = (
    "tries_exhausted",
    "too_old",
    "unknown_outcome",
    "provider_error",
    "expired",
    "opted_out",
    "canceled",
    "discarded",
)


def test_every_cause_of_the_product_and_of_the_providers_tables_has_words() -> None:
    refused = {row.code for row in ROWS if row.refusal is not None} | {meaning.name for meaning in MEANINGS.values()}
    assert {*OWN, *refused} <= set(WORDS)
    assert all(words[0].isupper() and len(words) > 15 for words in WORDS.values())
    assert words_of("no_answer_timeout") == "The provider did not answer in time."
    assert "some_new_code" in words_of("some_new_code")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"
    assert safe(f"a{text}") == f"a{text}"


def test_a_table_has_each_figure_beside_the_one_before() -> None:
    line = QuestionLine(key="=evil", name='say "hi", you', figures={"sent": 3, "read_rate": 0.5}, before=None)
    total = QuestionLine(
        key="", name="total", figures={"sent": 3, "read_rate": None}, before={"sent": 1, "read_rate": 1.0}
    )
    found = QuestionAnswer(
        question="campaigns",
        by="campaign",
        period=PERIOD,
        previous=PERIOD,
        columns=["sent", "read_rate"],
        lines=[line],
        total=total,
        more=0,
    )
    assert as_csv(found).split("\r\n") == [
        "campaign,name,sent,sent_before,read_rate,read_rate_before",
        '\'=evil,"say ""hi"", you",3,,0.5,',
        ",total,3,1,,1.0",
        "",
    ]


def test_failed_is_refused_or_given_up_and_a_share_of_nothing_is_none() -> None:
    found = figures_of(Counts(failed=2, dead=3), COLUMNS["campaigns"])
    assert (found["failed"], found["delivery_rate"], found["read_rate"]) == (5, None, None)
    assert figures_of(Counts(sent=4, delivered=2, read=1), COLUMNS["rates"])["delivery_rate"] == 0.5
    assert {name for columns in COLUMNS.values() for name in columns} - set(COUNTERS) == {"delivery_rate", "read_rate"}

"""The drawing of a fixed day, week and month, byte by byte, in every format and language.

`python -m tests.unit.test_reports_render` draws the golden files anew, for whoever then looks at them.
"""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from anclora.notify.contract import TEXT_CHARS, check_notice
from anclora.reports import Day, Format, Lang, Period, filename_of, render
from anclora.reports.compose import page_of
from anclora.reports.md import blocks, text_of
from anclora.reports.model import DayCounts, Failure
from anclora.reports.page import Chart
from anclora.reports.pdf import plain
from anclora.reports.post import notice_of
from anclora.reports.svg import marks, nice_top, svg_of
from tests.reports_days import EMPTY, EMPTY_MONTH, FULL, MONTH, NO_INCIDENTS, WEEK

GOLDEN = Path(__file__).parent / "golden"
DRAWN: dict[str, Day | Period] = {
    "daily-full": FULL,
    "daily-empty": EMPTY,
    "weekly-full": WEEK,
    "monthly-full": MONTH,
    "monthly-empty": EMPTY_MONTH,
}
FORMATS: tuple[Format, ...] = ("md", "html", "json", "pdf")
LANGS: tuple[Lang, ...] = ("es", "en")


def golden(name: str, lang: Lang, form: Format) -> Path:
    return GOLDEN / f"{name}-{lang}.{form}"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", DRAWN)
def test_a_fixed_report_is_drawn_as_it_was_looked_at(name: str, lang: Lang, form: Format) -> None:
    assert render(DRAWN[name], form, lang) == golden(name, lang, form).read_bytes()


class Seen(HTMLParser):
    """Every tag, which must be closed in order, and every attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.values: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.values += [f"{name}={value}" for name, value in attrs]
        if tag not in ("meta", "line", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag


HOSTILE = "<script>alert('1')</script>\"&`|"
WILD = replace(
    FULL,
    failures=[Failure(code=HOSTILE, count=1, numbers=[HOSTILE])],
    numbers=[replace(number, name=f"{HOSTILE}{number.name}") for number in FULL.numbers],
    timezone=HOSTILE,
)


def test_the_html_loads_nothing_runs_nothing_and_is_well_formed() -> None:
    for figures in (*DRAWN.values(), WILD):
        seen = Seen()
        seen.feed(render(figures, "html", "en").decode())
        assert seen.open == []
        assert not {"script", "link", "img", "iframe", "object"} & set(seen.tags)
        assert not [value for value in seen.values if re.match(r"(on\w+|src|href)=", value)]


def test_names_of_others_are_words_and_nothing_else_in_every_format() -> None:
    assert "&lt;script&gt;" in render(WILD, "html", "es").decode()
    markdown = render(WILD, "md", "es").decode()
    assert "<script>" not in markdown.replace("\\<", "")
    assert {line.count("|") - line.count("\\|") for line in markdown.splitlines() if line.startswith("| ")} == {5, 7}
    assert json.loads(render(WILD, "json", "es"))["day"]["failures"][0]["code"] == HOSTILE
    assert render(WILD, "pdf", "es").startswith(b"%PDF-")


def test_a_figure_nobody_counts_is_absent_and_not_zero() -> None:
    bare = replace(FULL, today=DayCounts(messages=FULL.today.messages))
    for form in ("md", "html"):
        drawn = render(bare, form, "en").decode()
        assert "Conversations" not in drawn
        assert "Conversions" not in drawn
    assert json.loads(render(bare, "json", "en"))["day"]["today"]["conversations"] is None


def test_the_pdf_tells_no_time_of_its_making_and_shows_what_its_fonts_can() -> None:
    drawn = render(FULL, "pdf", "es")
    assert b"D:2000" in drawn  # the library's fixed moment
    assert plain("ñ € \u2212 \u4f60") == "ñ € - ?"


@pytest.mark.parametrize(
    ("most", "top", "lines"),
    [(0, 1, [0, 1]), (1, 1, [0, 1]), (3, 3, [0, 1, 2, 3]), (7, 8, [0, 2, 4, 6, 8]), (612, 800, [0, 200, 400, 600, 800]),
     (9, 10, [0, 2, 4, 6, 8, 10]), (501, 600, [0, 150, 300, 450, 600])],
)  # fmt: skip
def test_the_scale_of_a_chart_holds_its_bars_and_has_whole_marks(most: int, top: int, lines: list[int]) -> None:
    assert nice_top(most) == top
    assert list(marks(top)) == lines


def test_every_bar_is_as_high_as_its_figure() -> None:
    chart = Chart(title="t", alt="a", labels=["0", "1", "2"], values=[4, 0, 2])
    heights = [float(text) for text in re.findall(r'<rect[^>]* height="([\d.]+)"', svg_of(chart, list("01234")))]
    assert len(heights) == 2
    assert heights[0] == heights[1] * 2
    assert blocks([4, 0, 2, 1]) == "█ ▄▂"
    assert blocks([]) == blocks([0])[1:] == ""


@pytest.mark.parametrize("figures", [*DRAWN.values(), WILD], ids=[*DRAWN, "wild"])
@pytest.mark.parametrize("lang", LANGS)
def test_the_notice_of_a_report_can_be_told(figures: Day | Period, lang: Lang) -> None:
    notice = notice_of(figures, lang)
    check_notice(notice)
    assert len(notice.text) < TEXT_CHARS / 5
    assert [file.name for file in notice.attachments] == [filename_of(figures, "pdf")]


def test_the_short_text_has_the_figures_and_what_to_do() -> None:
    text = text_of(page_of(FULL, "en"))
    for words in (
        "Sent: 4,191 (+4.2% against the Thursday before)",
        "Handed to a person: 43",
        "Revenue, all in EUR: 13,552.30",
        "Revenue in EUR: 12,450.50",
        "1. Decide on 31 undelivered messages",
    ):
        assert words in text


def test_how_incidents_were_answered_is_a_table_and_one_sentence_in_every_format() -> None:
    sentence = (
        "Taken: 13 of 18, 12 in time (critical ones within 5 min, warnings within 30 min of business hours); 3 ended "
        "alone, 2 nobody took."
    )
    markdown = render(WEEK, "md", "en").decode().replace("\u00a0", " ")
    assert sentence in markdown.replace("\\", "")
    assert "| Critical (5 min) | 7 | 5 | 4 | 2 min | 7 min | 2 | 0 |" in markdown
    assert "| Warnings (30 min) | 11 | 8 | 8 | 10 min | 28 min | 1 | 2 |" in markdown
    assert sentence in render(WEEK, "html", "en").decode().replace("\u00a0", " ")
    told = json.loads(render(WEEK, "json", "en").decode().replace("\u00a0", " "))
    assert (told["incidents"], told["period"]["incidents"][0]["within_target"]) == (sentence, 4)


def test_a_week_without_incidents_says_so_in_one_line_and_one_nobody_counts_says_nothing() -> None:
    quiet = replace(WEEK, incidents=NO_INCIDENTS, overdue=())
    sayings: dict[Lang, str] = {
        "es": "Esta semana no hubo ninguna incidencia.",
        "en": "There was no incident in this week.",
    }
    for lang, said in sayings.items():
        for form in ("md", "html"):
            drawn = render(quiet, form, lang).decode()
            assert said in drawn
            assert not re.search("Critical|Críticas", drawn)
    assert "Este mes no hubo ninguna incidencia." in render(EMPTY_MONTH, "md", "es").decode()
    unknown = replace(WEEK, incidents=None, overdue=())
    assert "ncident" not in render(unknown, "md", "en").decode()
    assert json.loads(render(unknown, "json", "en"))["incidents"] is None


def test_overdue_actions_of_post_mortems_are_named_with_their_owner_and_day() -> None:
    row = "| Page when the dispatcher has not beaten for 30 s. | ben | AncloraDispatchStalled | Friday, 17 July |"
    assert row in render(WEEK, "md", "en").decode()
    assert "Acciones vencidas de incidencias" in render(WEEK, "html", "es").decode()
    assert json.loads(render(WEEK, "json", "es"))["period"]["overdue"][0]["due_on"] == "2026-07-17"
    assert "verdue" not in render(replace(WEEK, overdue=()), "md", "en").decode()


def test_the_file_is_named_after_the_day_and_its_cut() -> None:
    assert filename_of(FULL, "pdf") == "anclora-2026-11-26.pdf"
    cut = replace(FULL, until=FULL.hours[18].starts_at)
    assert filename_of(cut, "md") == "anclora-2026-11-26-1800.md"
    assert "18:00" in render(cut, "md", "es").decode().splitlines()[6]
    assert [filename_of(each, "pdf") for each in (WEEK, MONTH)] == ["anclora-2026-W53.pdf", "anclora-2026-08.pdf"]


def test_a_bar_stands_beside_what_it_is_compared_with() -> None:
    chart = Chart(title="t", alt="a", labels=["0", "1"], values=[4, 0], beside=[8, 2])
    drawn = re.findall(r'<rect class="(\w+)" x="([\d.]+)" [^>]* height="([\d.]+)"', svg_of(chart, list("02468")))
    assert [name for name, _, _ in drawn] == ["pale", "bar", "pale"]
    assert float(drawn[0][2]) == 2 * float(drawn[1][2])
    assert float(drawn[0][1]) < float(drawn[1][1])


def test_money_in_other_currencies_is_shown_whole_and_by_itself() -> None:
    shown = render(FULL, "md", "en").decode()
    for words in ("Revenue, all in EUR | 13,552.30", "Revenue in JPY | 180,000", "has no rate: 200.00 USD"):
        assert words in shown
    plain_day = replace(FULL, today=replace(FULL.today, conversions=FULL.yesterday.conversions))
    days = (replace(plain_day, week_before=plain_day.yesterday), WEEK)
    for figures in days:
        assert ("all in EUR" in render(figures, "md", "en").decode()) is (figures is WEEK)


if __name__ == "__main__":
    for _name, _day in DRAWN.items():
        for _lang in LANGS:
            for _form in FORMATS:
                golden(_name, _lang, _form).write_bytes(render(_day, _form, _lang))

"""The dashboards answer the playbook row by row, and hold to what makes a board readable."""

import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from scripts.dashboards.__main__ import BOARDS, main
from tests.boards import FOLDER, UIDS, board, expressions, panels

ORIGINAL = Path(__file__).parent.parent.parent / "docs" / "reference" / "playbook-original.md"
HEADINGS = {"Queue Dashboard": "queue-dashboard", "Analytics Dashboard": "analytics-dashboard",
            "System Dashboard": "system-dashboard"}  # fmt: skip
# What has nothing to compare with, and why.
NO_WEEK = {
    "Processing duration, all of it": "a heat map has no second layer",
    "Failures by reason": "the reasons of another week are other reasons",
    "Numbers": "a state, and not a level",
    "Parts that answer": "a state, and not a level",
    "Clock": "a fault, and not a level",
}  # fmt: skip


def rows() -> list[tuple[str, str]]:
    """The rows of the playbook's "Key Dashboards": (uid, words)."""
    text = ORIGINAL.read_text(encoding="utf-8").split("### Key Dashboards")[1].split("### Alert Response")[0]
    parts = re.findall(r"\*\*(.+?):\*\*\n((?:- .+\n)+)", text)
    return [(HEADINGS[head], line.removeprefix("- ")) for head, lines in parts for line in lines.splitlines()]


def test_the_playbook_has_sixteen_rows() -> None:
    assert [sum(uid == each for each, _ in rows()) for uid in UIDS] == [5, 6, 5, 0]


@pytest.mark.parametrize(("uid", "words"), rows())
def test_each_row_of_the_playbook_is_a_panel_with_a_unit_and_the_week_before(uid: str, words: str) -> None:
    [panel] = [panel for made in BOARDS if made.uid == uid for panel in made.panels if panel.row == words]
    [drawn] = [each for each in board(uid)["panels"] if each["title"] == panel.title]
    assert drawn["fieldConfig"]["defaults"]["unit"]
    assert any(target["refId"].endswith("W") for target in drawn["targets"])
    dashes = [
        value["value"]["fill"]
        for override in drawn["fieldConfig"]["overrides"]
        for value in override["properties"]
        if value["id"] == "custom.lineStyle"
    ]
    assert "dash" in dashes


def test_the_files_are_what_the_code_draws() -> None:
    assert main(check=True) == 0


@pytest.mark.parametrize(("uid", "panel"), [pytest.param(uid, each, id=each["title"]) for uid, each in panels()])
def test_a_panel_can_be_read(uid: str, panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert len(panel["description"]) > 10
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"].startswith("${"), "the data source is a variable, so that the board can move"
    if panel["type"] == "timeseries" and panel["title"] not in NO_WEEK:
        assert any(target["refId"].endswith("W") for target in panel["targets"]), uid
    for _, expr in expressions(panel):
        promql_parser.parse(expr)  # raises what is wrong with it
    for target in panel["targets"]:
        spans = re.findall(r"rate\([^\[]+\[([^\]]+)\]", target.get("expr", ""))
        assert set(spans) <= {"$__rate_interval"}, "a rate over a fixed span is wrong at another zoom"


def test_boards_fill_their_rows_and_panels_do_not_overlap() -> None:
    for uid in UIDS:
        taken: set[tuple[int, int]] = set()
        for panel in board(uid)["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not cells & taken, panel["title"]
            assert at["x"] + at["w"] <= 24, panel["title"]
            taken |= cells


def test_uids_are_the_fixed_ones_and_are_provisioned() -> None:
    assert tuple(made.uid for made in BOARDS) == UIDS
    assert "/var/lib/grafana/dashboards" in (FOLDER / "provisioning/dashboards/anclora.yml").read_text()

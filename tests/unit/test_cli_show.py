"""What people read on a terminal of 80 columns: nothing wraps, ids stay whole, words of others are never markup."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from anclora.cli import instances, messages, queue, show
from anclora.cli.demo.count import Verdict
from anclora.cli.demo.table import Figures
from anclora.cli.demo.table import show as show_demo

ID = "019aac5e-7a00-7000-8000-000000000001"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What is printed on 80 columns."""
    out = StringIO()
    console = Console(file=out, width=80, soft_wrap=True)
    for module in (show, queue, messages, instances):
        monkeypatch.setattr(module, "console", console)
    return out


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], None]:
    """Lets every client get these answers, by path."""

    def set_answers(by_path: dict[str, Any]) -> None:
        def call(_self: object, _method: str, path: str, *_: object) -> Any:
            return json.loads(json.dumps(by_path[path.partition("?")[0]]))

        for module in (queue, messages, instances):
            monkeypatch.setattr(module.Client, "call", call)

    return set_answers


def test_the_demos_end_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    figures = Figures(
        accepted=100_000,
        states={"read": 97_000, "failed": 2_000, "dead": 1_000},
        doubts=5_000,
        doubts_ended=4_999,
        killed_while_sending=256,
        percentiles_seconds=[2.06, 113.84, 114.84],
        per_second=12_345.6,
        seconds=150.0,
    )
    show_demo(Console(width=80), figures, Verdict(lost=[], doubled=[], false=[], disordered=[]))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 13
    assert max(map(len, lines)) <= 80
    assert "12,346 a second" in "".join(lines)
    assert lines[-1] == "lost 0 doubled 0"


def test_a_message_list_keeps_ids_whole_and_words_as_they_are(terminal: StringIO) -> None:
    rows = [{"id": ID, "state": "delivered", "to": "346001112223334", "reason_code": "[red]tries_exhausted"}]
    show.show_rows(rows, ("id", "state", "to", "reason_code"), as_json=False, empty="")
    assert ID in terminal.getvalue()
    assert "[red]" in terminal.getvalue()
    assert max(map(len, terminal.getvalue().splitlines())) <= 80


def test_moments_are_shown_in_utc_and_what_is_not_known_is_left_out(terminal: StringIO) -> None:
    show.show_facts({"sent_at": "2026-01-31T09:00:00.251000Z", "read_at": None}, as_json=False)
    assert terminal.getvalue().split() == ["sent", "2026-01-31", "09:00:00", "UTC"]


def test_the_queue_is_shown_lane_by_lane(terminal: StringIO, answers: Callable[[dict[str, Any]], None]) -> None:
    counts = {"waiting": 12, "active": 4, "delayed": 3, "held": 0}
    pace = {"per_minute": 20.0, "sent_24h": 212, "cap_24h": 1000}
    plain = counts | pace | {"instance": "sales", "paused": False, "why": None, "closed": []}
    answers({"/queue/metrics": {"waiting": 12, "source": "lanes", "lanes": [plain]}})
    queue.overview(Path("nowhere"))
    assert terminal.getvalue().splitlines()[-2:] == [
        "instance  waiting  active  delayed  held  a minute  in 24 h     ",
        "sales          12       4        3     0  20        212 of 1,000",
    ]
    stopped = plain | {"paused": True, "why": "new phone", "closed": ["high", "low"], "per_minute": 0, "cap_24h": 0}
    partly = stopped | {"instance": "rent", "paused": False, "why": None, "sent_24h": None}
    answers({"/queue/metrics": {"waiting": 12, "source": "lanes", "lanes": [stopped, partly]}})
    queue.overview(Path("nowhere"))
    assert terminal.getvalue().splitlines()[-3:] == [
        "instance  waiting  active  delayed  held  paused  why        stopped  ",
        "sales          12       4        3     0  yes     new phone           ",
        "rent           12       4        3     0                     high, low",
    ]


def test_a_queue_without_its_redis_says_so(terminal: StringIO, answers: Callable[[dict[str, Any]], None]) -> None:
    answers({"/queue/metrics": {"waiting": 12, "source": "ledger"}})
    queue.overview(Path("nowhere"))
    assert "Redis is away" in terminal.getvalue()


def test_a_timeline_is_shown_to_the_millisecond(terminal: StringIO, answers: Callable[[dict[str, Any]], None]) -> None:
    path = f"/api/v1/messages/{ID}"
    timeline = [{"at": "2026-01-31T09:00:00.104000Z", "what": "accepted"}]
    told = {"text": "It is due.", "timeline": timeline, "estimated_position": 1_200, "estimated_at": None}
    answers({path: {"id": ID, "state": "queued"}, f"{path}/explain": told})
    messages.show(messages.UUID(ID), Path("nowhere"))
    assert terminal.getvalue().splitlines()[-4:] == [
        "It is due.",
        "By estimate it is number 1,200 in its lane.",
        "",
        "2026-01-31 09:00:00.104 UTC  accepted  ",
    ]


def test_an_estimate_says_when(terminal: StringIO, answers: Callable[[dict[str, Any]], None]) -> None:
    path = f"/api/v1/messages/{ID}"
    told = {
        "text": "It is due.",
        "timeline": [],
        "estimated_position": 2,
        "estimated_at": "2026-01-31T09:00:00.104000Z",
    }
    answers({path: {"id": ID, "state": "queued"}, f"{path}/explain": told})
    messages.show(messages.UUID(ID), Path("nowhere"))
    assert "number 2 in its lane, and goes at about 2026-01-31 09:00:00 UTC." in terminal.getvalue()

"""How routines look on a terminal, and what is refused before anything is asked or done."""

import io
import sys
from datetime import UTC, datetime

import pytest
from rich.console import Console

from anclora.cli import main, ops_fix, ops_show
from anclora.cli.ops_fix import Offer
from anclora.kit.ids import new_id
from anclora.playbook import BOOK, Checklist, Fixed, Plan, Result, Run, Verdict
from anclora.reports import Lang

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
LONG = "anclora_dr_drill_last_success_timestamp_seconds is not there: no drill has succeeded yet."


def run_of(checklist: Checklist) -> Run:
    """Every check in the worst and widest way."""
    verdicts = (Verdict.FINDING, Verdict.UNKNOWN, Verdict.NOT_CONFIGURED, Verdict.OK)
    results = [
        Result(
            check=check.id,
            verdict=verdicts[place % 4],
            value=None if place % 4 == 1 else 123_456.5 if isinstance(check.threshold, float | int) else "healthy",
            usual=1234.5,
            facts=["postgres: postgres/daily/2026-11-27/base-backup.tar.zst, 123456789012 B, 2026-11-27 02:00 UTC"],
            reason=LONG,
            at=NOW,
            took_ms=1.0,
        )
        for place, check in enumerate(BOOK[checklist].check)
    ]
    return Run(
        id=new_id(), checklist=checklist, due_at=None, started_at=NOW, ended_at=NOW, actor="cli:ana", results=results
    )


@pytest.fixture
def screen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal of so many columns."""
    written = io.StringIO()
    console = Console(file=written, width=request.param, soft_wrap=True, force_terminal=False)
    monkeypatch.setattr(ops_show, "console", console)
    return written


@pytest.mark.parametrize("screen", [80, 120], indirect=True)
@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("checklist", list(Checklist))
def test_a_run_fits_its_terminal_and_cuts_no_word(screen: io.StringIO, lang: Lang, checklist: Checklist) -> None:
    run = run_of(checklist)
    ops_show.show_run(run, lang, "Europe/Madrid", explain=True)
    ops_show.show_history([run], lang, "Europe/Madrid")
    lines = screen.getvalue().splitlines()
    width = ops_show.console.width
    assert [line for line in lines if len(line.rstrip()) > width] == []
    assert "…" not in screen.getvalue()
    words = " ".join(screen.getvalue().split())
    for check in BOOK[checklist].check:
        assert check.name.of(lang).split()[0] in words
        assert f"docs/{check.runbook}" in words
    assert "10:00:00" in words


@pytest.mark.parametrize("screen", [80], indirect=True)
def test_a_plan_and_its_end_are_said(screen: io.StringIO) -> None:
    ops_show.show_plan(Plan(check="numbers", action="mend_numbers", steps=["sales: disconnected -> reconnect"]))
    ops_show.show_plan(Plan(check="numbers", action="mend_numbers", refused="it was done 3 times within an hour"))
    ops_show.show_fixed(Fixed(check="numbers", action="mend_numbers", result="fixed", detail="1 mended"))
    ops_show.show_history([], "en", "UTC")
    said = screen.getvalue()
    for words in ("sales: disconnected -> reconnect", "not done: it was done 3 times", "fixed: 1 mended", "No routine"):
        assert words in said


def test_nothing_is_approved_by_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Offer(dry_run=False, yes=True, quiet=True).approved()
    assert not Offer(dry_run=False, yes=False, quiet=True).approved()
    monkeypatch.setattr(ops_fix.sys, "stdin", io.StringIO("y\n"))  # no terminal: nobody was asked
    assert not Offer(dry_run=False, yes=False, quiet=False).approved()


@pytest.mark.parametrize(
    "words",
    [
        ["morning", "--yes"],
        ["morning", "--dry-run"],
        ["morning", "--fix", "--json"],
        ["pre-deploy", "--fix"],
        ["history", "noon"],
        ["history", "--limit", "0"],
    ],
)
def test_what_makes_no_sense_ends_with_2(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["anclora", "ops", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2


def test_without_a_database_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    monkeypatch.setattr(sys, "argv", ["anclora", "ops", "morning", "--data-dir", str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        main()
    assert (end.value.code, "Start `anclora up`" in capsys.readouterr().err) == (1, True)

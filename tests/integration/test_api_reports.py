"""Reports through their doors and commands: four formats, refusals, posting to Slack and mail, what became of it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from api_harness import HandClock, House, house

from anclora.cli import main
from anclora.kit.clock import business_date
from anclora.kit.errors import SetupError
from anclora.kit.settings import load_settings
from anclora.notify import Channels, Messenger, build_channels, recent_notices
from anclora.reports import ReportPost, Sources
from anclora.storage.database import Database
from tests import slack_server as slack
from tests import smtp_server as smtp

DAILY = "/api/v1/reports/daily"
ROOT = Path(__file__).parent.parent.parent


@dataclass
class Office:
    """The doors, Slack and a mail server."""

    doors: House
    slack: slack.SlackServer
    mail: smtp.MailServer
    channels: Channels
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def yesterday(self) -> str:
        return str(business_date(self.doors.deps.clock.now(), "Europe/Madrid") - timedelta(days=1))

    async def deliver(self) -> None:
        messenger = Messenger(self.doors.deps.db, self.channels, self.doors.deps.clock)
        await messenger.run_once()
        await messenger.settle()


@pytest.fixture
async def office(db: Database, redis: Any) -> AsyncGenerator[Office, None]:
    async with slack.slack_server() as slack_side, smtp.smtp_server() as mail_side:
        settings: dict[str, Any] = {
            "slack_bot_token": slack.TOKEN,
            "slack_api_url": f"{slack_side.url}/api",
            "smtp_host": "127.0.0.1",
            "smtp_port": mail_side.port,
            "smtp_tls": "none",
            "smtp_user": smtp.USER,
            "smtp_password": smtp.PASSWORD,
            "smtp_from": "reports@example.com",
            "smtp_to": "boss@example.com",
        }
        channels = build_channels(load_settings(**settings), HandClock())
        async with house(db, redis, channels=channels, **settings) as doors:
            yield Office(doors, slack_side, mail_side, channels, settings)
        await channels.close()


@pytest.mark.parametrize(
    ("form", "kind", "begins"),
    [
        ("json", "application/json", b'{"day":'),
        ("md", "text/markdown", b"# Daily summary"),
        ("html", "text/html", b"<!doctype html>"),
        ("pdf", "application/pdf", b"%PDF-"),
    ],
)
async def test_the_last_day_that_is_over_in_every_format(office: Office, form: str, kind: str, begins: bytes) -> None:
    first = await office.doors.ask("GET", f"{DAILY}?format={form}&lang=en")
    assert (first.status, first.headers["content-type"].partition(";")[0]) == (200, kind)
    assert first.body.startswith(begins)
    assert f'filename="anclora-{office.yesterday}.{form}"' in first.headers["content-disposition"]
    assert (await office.doors.ask("GET", f"{DAILY}?format={form}&lang=en&date={office.yesterday}")).body == first.body


async def test_days_that_are_none_or_not_over_are_refused(office: Office) -> None:
    today = business_date(office.doors.deps.clock.now(), "Europe/Madrid")
    for date, code in (
        (str(today), "day_not_over"),
        (str(today + timedelta(days=1)), "day_in_future"),
        ("x", "invalid_day"),
    ):
        refused = await office.doors.ask("GET", f"{DAILY}?date={date}")
        assert (refused.status, refused.json["code"]) == (422, code)
    so_far = await office.doors.ask("GET", f"{DAILY}?so_far=true")
    assert (so_far.status, so_far.json["day"]["date"]) == (200, str(today))
    assert so_far.json["day"]["until"] is not None


@pytest.mark.parametrize("every", ["weekly", "monthly"])
async def test_the_last_week_and_month_that_are_over_in_every_format(office: Office, every: str) -> None:
    path = f"/api/v1/reports/{every}"
    found = (await office.doors.ask("GET", path)).json["period"]
    first, last = (datetime.fromisoformat(found[name]).date() for name in ("first", "last"))
    assert (found["every"], len(found["days"])) == (every, (last - first).days + 1)
    name = f"{first:%G-W%V}" if every == "weekly" else f"{first:%Y-%m}"
    for form, begins in (("md", b"# "), ("html", b"<!doctype html>"), ("pdf", b"%PDF-"), ("json", b'{"period":')):
        one, other = [await office.doors.ask("GET", f"{path}?format={form}&date={day}") for day in (first, last)]
        assert one.body == other.body
        assert one.body.startswith(begins)
        assert f'filename="anclora-{name}.{form}"' in one.headers["content-disposition"]
    today = business_date(office.doors.deps.clock.now(), "Europe/Madrid")
    for day, code in (
        (today, "period_not_over"),
        (today + timedelta(days=40), "period_in_future"),
        ("x", "invalid_day"),
    ):
        refused = await office.doors.ask("GET", f"{path}?date={day}")
        assert (refused.status, refused.json["code"]) == (422, code)
    assert (await office.doors.ask("GET", "/api/v1/reports/yearly")).status == 422
    body = {"to": ["slack"], "date": str(first)}
    posted = [(await office.doors.ask("POST", f"{path}/post", json=body)).json for _ in range(2)]
    assert [each["already"] for each in posted] == [False, True]
    [notice] = await recent_notices(office.doors.deps.db, 10)
    assert notice.key == f"report:{every}:{first}:es"
    row = await office.doors.deps.db.fetch_one("select subject from audit where action = 'report.post' limit 1")
    assert row == {"subject": f"report:{every}:{first}"}


async def test_a_key_reads_or_posts_by_its_scope(office: Office) -> None:
    reader, writer = [await office.doors.make_key(scope) for scope in ("analytics:read", "reports:write")]
    body = {"to": ["slack"]}
    assert (await office.doors.ask("GET", DAILY, key=reader)).status == 200
    assert (await office.doors.ask("GET", DAILY, key=writer)).status == 403
    assert (await office.doors.ask("POST", f"{DAILY}/post", json=body, key=reader)).status == 403
    assert (await office.doors.ask("POST", f"{DAILY}/post", json=body, key=writer)).status == 200
    listener = await office.doors.make_key("notices:read")
    assert (await office.doors.ask("GET", "/api/v1/notices", key=reader)).status == 403
    assert (await office.doors.ask("GET", "/api/v1/notices", key=listener)).status == 200


async def test_a_posted_report_reaches_slack_and_the_mailbox_once(office: Office) -> None:
    body = {"to": ["slack", "email"], "lang": "en"}
    first = (await office.doors.ask("POST", f"{DAILY}/post", json=body)).json
    assert (first["already"], first["notice"]["fresh"]) == (False, ["email:boss@example.com", "slack:#anclora-reports"])
    assert office.slack.said == []  # answered before anybody heard of it
    await office.deliver()
    again = (await office.doors.ask("POST", f"{DAILY}/post", json=body)).json
    assert (again["already"], again["notice"]["id"]) == (True, first["notice"]["id"])
    await office.deliver()
    words, file = office.slack.said
    pdf = (await office.doors.ask("GET", f"{DAILY}?format=pdf&lang=en")).body
    assert "Daily summary" in words.text
    assert file.files == {f"anclora-{office.yesterday}.pdf": pdf}
    [mailed] = office.mail.taken
    assert [part.get_content() for part in mailed.message.iter_attachments()] == [pdf]
    [notice] = (await office.doors.ask("GET", "/api/v1/notices")).json["notices"]
    assert [each["state"] for each in notice["deliveries"]] == ["delivered", "delivered"]
    row = await office.doors.deps.db.fetch_one("select actor, subject from audit where action = 'report.post' limit 1")
    assert row is not None
    assert (row["actor"][:4], row["subject"]) == ("key:", f"report:{office.yesterday}")


async def test_a_channel_that_is_not_configured_is_refused_before_anything_is_written(db: Database, redis: Any) -> None:
    async with house(db, redis) as doors:
        refused = await doors.ask("POST", f"{DAILY}/post", json={"to": ["slack"]})
        assert (refused.status, refused.json["code"]) == (422, "channel_not_configured")
        assert "SLACK_BOT_TOKEN" in refused.json["detail"]
        assert (await doors.ask("POST", f"{DAILY}/post", json={"to": []})).status == 422
        assert (await doors.ask("GET", "/api/v1/notices")).json["notices"] == []


class CutClock(HandClock):
    """Stands still where a test puts it."""

    def __init__(self, moment: datetime) -> None:
        super().__init__()
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


async def test_the_day_so_far_is_posted_at_its_time_once_whoever_comes_first(office: Office) -> None:
    db, madrid = office.doors.deps.db, ZoneInfo("Europe/Madrid")
    today = office.doors.deps.clock.now().astimezone(madrid).replace(hour=17, minute=59, second=0, microsecond=0)
    clock = CutClock(today.astimezone(UTC))
    settings = load_settings(report_to="slack", report_at="18:00", **office.settings)
    early, late = [ReportPost(db, office.channels, Sources(), settings, clock) for _ in range(2)]
    await early.run_once()
    assert await recent_notices(db, 10) == []
    clock.moment += timedelta(hours=2, minutes=13)
    await asyncio.gather(early.run_once(), late.run_once())
    await early.run_once()
    [notice] = await recent_notices(db, 10)
    assert notice.key == f"report:daily:{today.date()}:1800:es"
    assert [each.target for each in notice.deliveries] == ["#anclora-reports"]


async def test_the_week_and_the_month_are_posted_after_the_day_when_they_are_over(office: Office) -> None:
    db, clock = office.doors.deps.db, CutClock(datetime(2027, 2, 1, 16, 59, tzinfo=UTC))  # a Monday and a first
    settings = load_settings(report_to="slack", report_at="18:00", **office.settings)
    early, late = [ReportPost(db, office.channels, Sources(), settings, clock) for _ in range(2)]
    await early.run_once()
    assert await recent_notices(db, 10) == []
    clock.moment += timedelta(hours=5)
    await early.run_once()
    await asyncio.gather(early.run_once(), late.run_once())
    assert [notice.key for notice in reversed(await recent_notices(db, 10))] == [
        "report:daily:2027-02-01:1800:es",
        "report:weekly:2027-01-25:es",
        "report:monthly:2027-01-01:es",
    ]


async def test_a_schedule_without_its_channel_refuses_to_start(db: Database) -> None:
    with pytest.raises(SetupError, match="not configured"):
        ReportPost(db, Channels(), Sources(), load_settings(report_to="slack"), HandClock())


async def test_nobody_named_is_nobody_told(db: Database) -> None:
    await ReportPost(db, Channels(), Sources(), load_settings(report_at="00:00"), HandClock()).run_once()
    assert await recent_notices(db, 10) == []


# ---- the commands


@pytest.fixture
def told(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """The command line knows where the doors are."""
    monkeypatch.setenv("ANCLORA_URL", office.doors.address)
    monkeypatch.setenv("API_KEY", office.doors.key)
    return office


async def command(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    def run() -> int:
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    monkeypatch.setattr(sys, "argv", ["anclora", *words])
    return await asyncio.to_thread(run)


async def test_the_command_writes_a_file_or_prints(
    told: Office, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    file = tmp_path / "r.pdf"
    assert await command(monkeypatch, "report", "daily", "--format", "pdf", "--out", str(file)) == 0
    assert file.read_bytes() == (await told.doors.ask("GET", f"{DAILY}?format=pdf")).body
    assert await command(monkeypatch, "report", "daily", "--lang", "en", "--date", told.yesterday) == 0
    assert capfdbinary.readouterr().out.startswith(b"# Daily summary")
    assert await command(monkeypatch, "report", "daily", "--json") == 0
    assert json.loads(capfdbinary.readouterr().out)["day"]["date"] == told.yesterday
    assert await command(monkeypatch, "report", "daily", "--date", "2999-01-01") == 2
    assert b"has not begun" in capfdbinary.readouterr().err
    assert await command(monkeypatch, "report", "daily", "--out", str(tmp_path)) == 2
    for every, title in (("weekly", b"# Weekly summary"), ("monthly", b"# Monthly summary")):
        capfdbinary.readouterr()
        assert await command(monkeypatch, "report", every, "--lang", "en", "--date", "2026-01-01") == 0
        assert capfdbinary.readouterr().out.startswith(title)
        assert await command(monkeypatch, "report", every, "--date", "2999-01-01") == 2
        assert b"has not begun" in capfdbinary.readouterr().err


async def test_the_command_posts_and_tells_what_became_of_it(
    told: Office, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert await command(monkeypatch, "report", "daily", "--post", "slack,email") == 0
    assert "On its way to email:boss@example.com, slack:#anclora-reports" in capfd.readouterr().out
    await told.deliver()
    assert await command(monkeypatch, "report", "daily", "--post", "slack") == 0
    assert "has it already" in capfd.readouterr().out
    assert await command(monkeypatch, "report", "told", "--json") == 0
    [notice] = json.loads(capfd.readouterr().out)
    assert {each["state"] for each in notice["deliveries"]} == {"delivered"}
    for every in ("weekly", "monthly"):
        assert await command(monkeypatch, "report", every, "--post", "email", "--date", "2026-01-01") == 0
        assert "On its way to email:boss@example.com" in capfd.readouterr().out
    assert await command(monkeypatch, "report", "daily", "--post", "pigeon") == 2
    assert "There are: slack, email" in capfd.readouterr().err


async def test_the_script_of_the_evening_checklist_is_the_same(told: Office, tmp_path: Path) -> None:
    file = tmp_path / "r.md"
    script = [sys.executable, "scripts/reports/daily-summary.py", "--out", str(file), "--lang", "es"]
    done = await asyncio.to_thread(subprocess.run, script, cwd=ROOT, capture_output=True, timeout=50, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert file.read_bytes() == (await told.doors.ask("GET", f"{DAILY}?format=md")).body

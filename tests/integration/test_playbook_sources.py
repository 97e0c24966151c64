"""Sources on real servers and stand-ins on real sockets: right, wrong, silent, refusing and not set up."""

import gzip
import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from boto3.session import Session
from playbook_harness import RealClock, answering, ask, parts_over

from anclora.alerts import CATALOGUE
from anclora.backups import Kind
from anclora.playbook import Checklist, Parts, Playbook, Result, Verdict, recent_runs
from anclora.storage.database import Database
from tests.aws_server import BUCKET, aws_server, point_to, s3
from tests.backups_house import lie
from tests.loopback import serving

GROUP = "/ecs/anclora-whatsapp"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def aws() -> Generator[str, None, None]:
    with aws_server() as url:
        yield url


@pytest.fixture
def at_aws(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(aws, monkeypatch)


def over(db: Database, redis: Any, **settings: Any) -> Parts:
    return parts_over(db, redis, RealClock(), **settings)


def came_to(result: Result) -> tuple[Verdict, Any]:
    return result.verdict, result.value


def line(level: str, event: str, ago: timedelta = timedelta(hours=1)) -> str:
    return json.dumps({"level": level, "event": event, "timestamp": (NOW - ago).isoformat()})


# The log.


async def test_errors_are_counted_by_level_and_named_by_event(db: Database, redis: Any, tmp_path: Path) -> None:
    lines = [line("ERROR", "loop_failed")] * 6 + [line("error", "send_failed")] * 4 + [line("critical", "gone")]
    lines += [line("info", "an error was mended"), line("ERROR", "yesterday", timedelta(hours=30)), "ERROR plain"]
    (tmp_path / "anclora.log").write_text("\n".join(lines[:8]) + "\n")
    with gzip.open(tmp_path / "anclora.log.1.gz", "wt") as rotated:
        rotated.write("\n".join(lines[8:]) + "\n")
    (tmp_path / "notes.txt").write_text(line("ERROR", "no log"))
    found = await ask(over(db, redis, log_dir=tmp_path), Checklist.MORNING, "error_logs")
    assert came_to(found) == (Verdict.FINDING, 11)
    assert [fact.partition(",")[0] for fact in found.facts[:3]] == ["loop_failed: 6 x", "send_failed: 4 x", "gone: 1 x"]
    quarter = await ask(over(db, redis, log_dir=tmp_path), Checklist.POST_DEPLOY, "error_logs")
    assert came_to(quarter) == (Verdict.OK, 0)


async def test_a_log_in_which_nothing_is_written_is_not_a_quiet_one(db: Database, redis: Any, tmp_path: Path) -> None:
    parts = over(db, redis, log_dir=tmp_path)
    assert (await ask(parts, Checklist.MORNING, "error_logs")).verdict is Verdict.UNKNOWN
    (tmp_path / "anclora.log").write_text(line("INFO", "old", timedelta(days=2)) + "\nplain text\n")
    found = await ask(parts, Checklist.MORNING, "error_logs")
    assert (found.verdict, "Nothing at all" in found.reason) == (Verdict.UNKNOWN, True)
    (tmp_path / "anclora.log").write_text(line("INFO", "well"))
    assert came_to(await ask(parts, Checklist.MORNING, "error_logs")) == (Verdict.OK, 0)
    nowhere = over(db, redis, data_dir=tmp_path / "nowhere")
    found = await ask(nowhere, Checklist.MORNING, "error_logs")
    assert (found.verdict, found.reason) == (Verdict.NOT_CONFIGURED, "ANCLORA_LOG_DIR, ANCLORA_LOG_GROUP")


@pytest.mark.usefixtures("at_aws")
async def test_cloudwatch_is_counted_here_and_not_by_its_filters(db: Database, redis: Any) -> None:
    parts = over(db, redis, log_group=GROUP)
    assert (await ask(parts, Checklist.MORNING, "error_logs")).verdict is Verdict.UNKNOWN  # there is no such group
    client: Any = Session().client("logs")
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName="task")
    assert (await ask(parts, Checklist.WEEKLY, "old_logs")).verdict is Verdict.FINDING  # kept for ever
    client.put_retention_policy(logGroupName=GROUP, retentionInDays=90)
    assert came_to(await ask(parts, Checklist.WEEKLY, "old_logs")) == (Verdict.OK, 90)
    texts = [line("error", "send_failed"), line("ERROR", "loop_failed"), line("INFO", "no error at all")]
    moment = int((NOW - timedelta(hours=1)).timestamp() * 1000)
    events = [{"timestamp": moment, "message": text} for text in texts]
    client.put_log_events(logGroupName=GROUP, logStreamName="task", logEvents=events)
    assert came_to(await ask(parts, Checklist.MORNING, "error_logs")) == (Verdict.OK, 2)


async def test_any_character_in_a_log_can_be_stored_and_shown(db: Database, redis: Any, tmp_path: Path) -> None:
    odd = [line("ERROR", "nul\x00 and \ud800 and \x1b[31m"), line("ERROR", "[red]markup[/red]")]
    (tmp_path / "anclora.log").write_text("\n".join(odd))
    run = await Playbook(over(db, redis, log_dir=tmp_path)).run(Checklist.MORNING, actor="x")
    found = next(result for result in run.results if result.check == "error_logs")
    assert (found.value, all(fact.isprintable() for fact in found.facts)) == (2, True)
    assert (await recent_runs(db, Checklist.MORNING, 1))[0] == run


# Backups.


async def test_the_newest_whole_backup_of_each_kind(db: Database, redis: Any, tmp_path: Path) -> None:
    parts = over(db, redis, backup_url=str(tmp_path), backup_kinds="postgres,redis")
    found = await ask(parts, Checklist.MORNING, "backup")
    assert (found.verdict, "no postgres and no redis" in found.reason) == (Verdict.FINDING, True)
    now = datetime.now(UTC)
    lie(tmp_path, Kind.POSTGRES, now - timedelta(hours=2))
    lie(tmp_path, Kind.REDIS, now - timedelta(hours=30))
    lie(tmp_path, Kind.REDIS, now - timedelta(hours=1), short=True)
    assert came_to(await ask(parts, Checklist.MORNING, "backup")) == (Verdict.FINDING, 30)
    lie(tmp_path, Kind.REDIS, now - timedelta(hours=3))
    assert came_to(await ask(parts, Checklist.MORNING, "backup")) == (Verdict.OK, 3)
    unset = await ask(over(db, redis), Checklist.EVENING, "backup")
    assert (unset.verdict, unset.value) == (Verdict.NOT_CONFIGURED, None)


@pytest.mark.usefixtures("at_aws")
async def test_backups_of_today_in_a_bucket(db: Database, redis: Any, tmp_path: Path) -> None:
    bucket, client = "copies-of-today", s3()  # others use the server of this run too
    parts = over(db, redis, backup_url=f"s3://{bucket}/prod", backup_kinds="postgres,redis")
    assert (await ask(parts, Checklist.EVENING, "backup")).verdict is Verdict.UNKNOWN  # there is no such bucket
    client.create_bucket(Bucket=bucket)

    def bring(kind: Kind, prefix: str) -> None:
        folder = tmp_path / prefix
        lie(folder, kind, datetime.now(UTC))
        for path in folder.rglob("*"):
            if path.is_file():
                client.put_object(Bucket=bucket, Key=f"{prefix}/{path.relative_to(folder)}", Body=path.read_bytes())

    bring(Kind.REDIS, "prod")
    bring(Kind.POSTGRES, "staging")
    found = await ask(parts, Checklist.EVENING, "backup")
    assert (came_to(found), found.facts[0]) == ((Verdict.FINDING, 1), "postgres: -")
    bring(Kind.POSTGRES, "prod")
    assert came_to(await ask(parts, Checklist.EVENING, "backup")) == (Verdict.OK, 0)
    assert came_to(await ask(parts, Checklist.MORNING, "backup")) == (Verdict.OK, 0)


async def test_aws_that_is_away_is_unknown(db: Database, redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to("http://127.0.0.1:1", monkeypatch)
    found = await ask(over(db, redis, backup_url=f"s3://{BUCKET}"), Checklist.MORNING, "backup")
    assert (found.verdict, BUCKET in found.reason) == (Verdict.UNKNOWN, True)


# Sentry and GitHub.


async def test_sentry_s_new_issues(db: Database, redis: Any) -> None:
    path, seen = "/api/0/projects/anclora/whatsapp/issues/", list[web.Request]()
    issue = {"shortId": "WA-1", "firstSeen": NOW.isoformat(), "count": "7", "level": "error", "title": "+34600111222"}
    answers: dict[str, Any] = {path: []}
    async with answering(answers, seen) as url:
        settings = {"sentry_url": url, "sentry_org": "anclora", "sentry_project": "whatsapp"}
        lacking = await ask(over(db, redis, **settings), Checklist.MORNING, "sentry")
        assert (lacking.verdict, lacking.reason, seen) == (Verdict.NOT_CONFIGURED, "SENTRY_AUTH_TOKEN", [])
        parts = over(db, redis, **settings, sentry_auth_token="t0ken")
        assert came_to(await ask(parts, Checklist.MORNING, "sentry")) == (Verdict.OK, 0)
        assert seen[0].headers["Authorization"] == "Bearer t0ken"
        answers[path] = [issue]
        found = await ask(parts, Checklist.MORNING, "sentry")
        assert (came_to(found), list(found.facts)) == ((Verdict.FINDING, 1), ["WA-1 (error, 7 x, new)"])
        for wrong in (403, "<html>", [{"id": 1}]):
            answers[path] = wrong
            assert (await ask(parts, Checklist.MORNING, "sentry")).verdict is Verdict.UNKNOWN


async def test_the_gate_by_what_github_knows_of_the_commit(db: Database, redis: Any) -> None:
    commit = "c0ffee"
    checks, pulls = f"/repos/anclora/wa/commits/{commit}/check-runs", f"/repos/anclora/wa/commits/{commit}/pulls"
    reviews, passed = "/repos/anclora/wa/pulls/7/reviews", {"status": "completed", "conclusion": "success"}
    answers: dict[str, Any] = {checks: {"total_count": 0, "check_runs": []}, pulls: []}
    async with answering(answers) as url:
        settings = {"github_api_url": url, "github_repository": "anclora/wa", "github_token": "t"}
        nameless = await ask(over(db, redis, **settings), Checklist.PRE_DEPLOY, "ci")
        assert (nameless.verdict, nameless.reason) == (Verdict.NOT_CONFIGURED, "--commit")
        parts = over(db, redis, **settings, commit=commit)

        async def gate() -> list[Verdict]:
            return [(await ask(parts, Checklist.PRE_DEPLOY, each)).verdict for each in ("ci", "review")]

        assert await gate() == [Verdict.FINDING, Verdict.FINDING]  # no check ran, nobody was asked
        runs = [{"name": "test", **passed}, {"name": "lint", "status": "in_progress", "conclusion": None}]
        answers[checks] = {"total_count": 2, "check_runs": runs}
        answers[pulls] = [{"number": 7, "user": {"login": "ana"}, "head": {"sha": commit}}]
        answers[reviews] = [{"state": "APPROVED", "user": {"login": "ana"}, "commit_id": commit}]
        assert await gate() == [Verdict.FINDING, Verdict.FINDING]  # one still runs, and only the author approves
        answers[checks] = {"total_count": 1, "check_runs": runs[:1]}
        answers[reviews] += [{"state": "APPROVED", "user": {"login": "ben"}, "commit_id": commit}]
        assert await gate() == [Verdict.OK, Verdict.OK]
        answers[checks] = answers[pulls] = 500
        assert await gate() == [Verdict.UNKNOWN, Verdict.UNKNOWN]


# A running server, and what is ours.


async def test_a_running_server_that_was_named(db: Database, redis: Any) -> None:
    ill = {"status": "degraded", "checks": {"redis": {"status": "unhealthy", "message": "does not answer"}}}
    drilled = (NOW - timedelta(days=40)).timestamp()
    text = f"anclora_dr_drill_last_success_timestamp_seconds {drilled}\n"
    async with answering({"/health": ill, "/metrics": text}) as url:
        parts = over(db, redis, base_url=url, remote=True)
        found = await ask(parts, Checklist.MORNING, "health")
        assert (came_to(found), list(found.facts)) == ((Verdict.FINDING, "degraded"), ["redis: does not answer"])
        missing = await ask(parts, Checklist.MORNING, "metrics")
        assert missing.verdict is Verdict.FINDING
        assert "anclora_alerts_evaluated_timestamp_seconds" in missing.facts
        assert came_to(await ask(parts, Checklist.MONTHLY, "drill")) == (Verdict.FINDING, 40)
        doors = await ask(parts, Checklist.POST_DEPLOY, "smoke")
        assert (doors.verdict, "/health/live: 404" in doors.facts) == (Verdict.FINDING, True)
    gone = over(db, redis, base_url=url, remote=True)
    assert [(await ask(gone, Checklist.MORNING, each)).verdict for each in ("health", "metrics")] == [
        Verdict.UNKNOWN,
        Verdict.UNKNOWN,
    ]
    nowhere = await ask(over(db, redis), Checklist.MORNING, "metrics")
    assert (nowhere.verdict, nowhere.reason) == (Verdict.NOT_CONFIGURED, "ANCLORA_URL, --base-url")


async def test_a_figure_that_one_scrape_lacks_is_asked_for_again(db: Database, redis: Any) -> None:
    every = "".join(f"{twin.name} 1\n" for twin in CATALOGUE.twins)
    scrapes = [every.replace("anclora_error_rate 1\n", ""), every]

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(text=scrapes.pop(0))

    async with serving(handler) as url:
        found = await ask(over(db, redis, base_url=url), Checklist.MORNING, "metrics")
    assert (came_to(found), scrapes) == ((Verdict.OK, 0), [])


async def test_slow_commands_by_name_and_never_what_was_given_to_them(db: Database, redis: Any) -> None:
    await redis.config_set("slowlog-log-slower-than", 0)
    try:
        await redis.slowlog_reset()
        await redis.execute_command("GET", "contact:34600111222")
        found = await ask(over(db, redis), Checklist.WEEKLY, "slow_commands")
    finally:
        await redis.config_set("slowlog-log-slower-than", 10_000)
        await redis.slowlog_reset()
    assert found.value
    assert any(fact.startswith("GET: 1 x") for fact in found.facts)
    assert "34600111222" not in repr(found)


async def test_what_the_ledger_knows(db: Database, redis: Any) -> None:
    parts = over(db, redis)
    none = await ask(parts, Checklist.MORNING, "numbers")
    assert (none.verdict, none.value) == (Verdict.FINDING, None)  # nobody expects any: that is no healthy shop
    for check, checklist in (("keys", Checklist.MONTHLY), ("growth", Checklist.MONTHLY), ("trend", Checklist.WEEKLY)):
        assert (await ask(parts, checklist, check)).verdict is Verdict.OK
    for check in ("figures", "report", "incidents"):
        assert (await ask(parts, Checklist.EVENING, check)).verdict is Verdict.OK
    # Nobody watches here, so nobody knows.
    assert (await ask(parts, Checklist.EVENING, "alerts")).verdict is Verdict.UNKNOWN
    assert (await ask(parts, Checklist.WEEKLY, "disk")).value is not None


async def test_a_report_that_was_not_posted_in_time(db: Database, redis: Any) -> None:
    settings = {"slack_webhook_url": "http://127.0.0.1:1/x", "report_to": "slack", "report_at": "00:00"}
    found = await ask(over(db, redis, **settings), Checklist.EVENING, "report")
    assert found.value in ("not_posted", "made")  # made only in the ten minutes after midnight
    on_its_way = await ask(over(db, redis, **settings | {"report_at": "23:59"}), Checklist.EVENING, "report")
    assert came_to(on_its_way) == (Verdict.OK, "made")

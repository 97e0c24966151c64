"""Logs in a bucket: shipped once and proved, pruned only then, cleaned by the day in the key, and the rule."""

import asyncio
import base64
import fcntl
import gzip
import hashlib
import os
import sys
from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from anclora.cli import main
from anclora.kit.clock import SystemClock
from anclora.kit.errors import InvalidError, UnavailableError
from anclora.kit.settings import load_settings
from anclora.logs import LogShipping, LogStore, check, clean, ship
from anclora.logs.rules import RULE_ID
from tests.aws_server import aws_server, point_to, s3

NOW = datetime(2026, 4, 30, 6, tzinfo=UTC)
BUCKET = "anclora-test-logs"


@pytest.fixture(scope="module")
def aws() -> Generator[str, None, None]:
    with aws_server() as url:
        yield url


@pytest.fixture
def store(aws: str, monkeypatch: pytest.MonkeyPatch) -> Generator[LogStore, None, None]:
    """An empty bucket."""
    point_to(aws, monkeypatch)
    client = s3()
    client.create_bucket(Bucket=BUCKET)
    made = LogStore(BUCKET, "")
    try:
        yield made
    finally:
        made.close()
        for key in keys():
            client.delete_object(Bucket=BUCKET, Key=key)
        client.delete_bucket(Bucket=BUCKET)
        client.close()


def keys() -> list[str]:
    return [item["Key"] for item in s3().list_objects_v2(Bucket=BUCKET).get("Contents", ())]


def plant(*days: date, prefix: str = "") -> None:
    client = s3()
    for day in days:
        client.put_object(Bucket=BUCKET, Key=f"{prefix}{day:%Y-%m-%d}/web1/api.log.gz", Body=b"x")


def local(folder: Path, *ages: int) -> None:
    for age in ages:
        (folder / f"api-{NOW.date() - timedelta(days=age):%Y-%m-%d}.log").write_text(f'{{"age":{age}}}\n')


class StandingClock(SystemClock):
    """A moment that stays until a test moves it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def shipping(folder: Path, clock: StandingClock, **settings: Any) -> LogShipping:
    return LogShipping(load_settings(**{"log_dir": folder, "logs_bucket": BUCKET} | settings), clock)


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def shipped(store: LogStore, folder: Path, *, really: bool = True, now: datetime = NOW) -> list[tuple[str, bool]]:
    done = ship(store, folder, now, host="web1", local_days=7, really=really, done=lambda: None)
    return [(line.did, line.pruned) for line in done.lines]


def test_closed_days_go_there_and_old_ones_leave_this_machine(store: LogStore, tmp_path: Path) -> None:
    local(tmp_path, 0, 1, 7, 8)
    (tmp_path / "api.log").write_text("no day\n")
    expected = [("shipped", True), ("shipped", False), ("shipped", False), ("open", False)]
    assert shipped(store, tmp_path, really=False) == expected
    assert (keys(), len(list(tmp_path.iterdir()))) == ([], 5)

    assert shipped(store, tmp_path) == expected
    assert keys() == [f"2026-04-{day}/web1/api-2026-04-{day}.log.gz" for day in (22, 23, 29)]
    body = s3().get_object(Bucket=BUCKET, Key=keys()[0])["Body"].read()
    assert gzip.decompress(body) == b'{"age":8}\n'
    held = s3().head_object(Bucket=BUCKET, Key=keys()[0], ChecksumMode="ENABLED")["ChecksumSHA256"]
    assert base64.b64decode(held) == hashlib.sha256(body).digest()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["api-2026-04-23.log", "api-2026-04-29.log", "api-2026-04-30.log", "api.log"]

    assert shipped(store, tmp_path) == [("there already", False), ("there already", False), ("open", False)]


def test_a_log_that_grew_is_shipped_beside_the_other(store: LogStore, tmp_path: Path) -> None:
    local(tmp_path, 1)
    shipped(store, tmp_path)
    with (tmp_path / "api-2026-04-29.log").open("a") as file:
        file.write('{"late":1}\n')
    assert shipped(store, tmp_path) == [("shipped", False)]
    assert len(keys()) == 2
    assert shipped(store, tmp_path) == [("there already", False)]


class Liar(LogStore):
    """A bucket that takes everything and holds nothing of it."""

    def checksum(self, key: str) -> bytes | None:
        return super().checksum(key) and b"other"


def test_what_the_bucket_does_not_prove_stays_here(store: LogStore, tmp_path: Path) -> None:
    local(tmp_path, 30)
    with pytest.raises(UnavailableError, match="does not prove"):
        shipped(Liar(BUCKET, ""), tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_line_written_while_it_was_shipped_is_not_lost(
    store: LogStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local(tmp_path, 30)
    (path,) = tmp_path.iterdir()
    put = LogStore.put

    def slow(self: LogStore, key: str, data: BinaryIO, sha256: bytes) -> None:
        put(self, key, data, sha256)
        with path.open("a") as file:
            file.write("late\n")

    monkeypatch.setattr(LogStore, "put", slow)
    shipped(store, tmp_path)
    assert path.read_text().endswith("late\n")


def test_after_a_clean_nothing_is_older_than_90_days(store: LogStore) -> None:
    today = NOW.date()
    plant(*(today - timedelta(days=age) for age in range(89, 121)), today + timedelta(days=1))
    s3().put_object(Bucket=BUCKET, Key="readme.txt", Body=b"x")

    dry = clean(store, today, really=False)
    assert (len(dry.deleted), len(keys()), dry.undated) == (30, 34, ("readme.txt",))
    assert not check(store, today).good

    done = clean(store, today, really=True)
    assert len(done.deleted) == 30
    assert keys() == [
        "2026-01-30/web1/api.log.gz",
        "2026-01-31/web1/api.log.gz",
        "2026-05-01/web1/api.log.gz",
        "readme.txt",
    ]
    verdict = check(store, today)
    assert (verdict.good, verdict.oldest) == (True, today - timedelta(days=90))
    again = clean(store, today, really=True)
    assert (again.deleted, again.rule) == ((), None)


@pytest.mark.parametrize(("words", "left"), [([], 1), (["--yes"], 0)])
def test_the_command_changes_nothing_until_it_is_told_yes(
    store: LogStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], left: int
) -> None:
    plant(date(2020, 1, 1))
    monkeypatch.setenv("ANCLORA_LOGS_BUCKET", BUCKET)
    monkeypatch.setattr(sys, "argv", ["anclora", "logs", "clean", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert ("Nothing was changed" in said, len(keys()), len(store.rules())) == (not words, left, 1 - left)


def test_the_rule_is_set_beside_others(store: LogStore) -> None:
    other = {"ID": "tmp", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}}
    s3().put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [other]})
    assert "no lifecycle rule" in str(clean(store, NOW.date(), really=True).rule)
    rules: dict[str, Any] = {rule["ID"]: rule for rule in store.rules()}
    assert sorted(rules) == sorted(["tmp", RULE_ID])
    assert (rules[RULE_ID]["Expiration"]["Days"], rules[RULE_ID]["Status"]) == (90, "Enabled")


def test_check_is_red_for_a_log_of_92_days_and_not_for_one_of_91(store: LogStore) -> None:
    clean(store, NOW.date(), really=True)
    plant(NOW.date() - timedelta(days=91))
    assert check(store, NOW.date()).good
    plant(NOW.date() - timedelta(days=92))
    verdict = check(store, NOW.date())
    assert (verdict.good, [log.key[:10] for log in verdict.too_old]) == (False, ["2026-01-28"])


def test_only_what_is_below_the_prefix_is_touched(store: LogStore) -> None:
    old = NOW.date() - timedelta(days=200)
    plant(old)
    plant(old, prefix="logs/")
    assert len(clean(LogStore(BUCKET, "logs/"), NOW.date(), really=True).deleted) == 1
    assert keys() == [f"{old:%Y-%m-%d}/web1/api.log.gz"]


def test_a_bucket_that_is_missing_or_away_says_so(
    store: LogStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local(tmp_path, 1)
    with pytest.raises(UnavailableError, match="There is no bucket") as refused:
        check(LogStore("anclora-none-such", ""), NOW.date())
    assert refused.value.code == "logs_bucket_missing"
    with pytest.raises(UnavailableError, match="There is no bucket"):
        shipped(LogStore("anclora-none-such", ""), tmp_path)
    with pytest.raises(InvalidError, match="There is no folder"):
        shipped(store, tmp_path / "none")
    before = os.environ["AWS_ENDPOINT_URL"]
    point_to("http://127.0.0.1:9", monkeypatch)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(UnavailableError, match="cannot be reached"):
        check(LogStore(BUCKET, ""), NOW.date())
    point_to(before, monkeypatch)


async def test_each_hour_by_itself_old_files_go_once_the_bucket_has_them(store: LogStore, tmp_path: Path) -> None:
    clock = StandingClock(NOW)
    chores = [shipping(tmp_path, clock) for _ in range(3)]
    local(tmp_path, 0, 1, 7, 8)
    (tmp_path / "api.log").write_text("no day\n")
    await asyncio.gather(*(chore.run_once() for chore in chores))
    assert sorted(key.partition("/")[0] for key in keys()) == ["2026-04-22", "2026-04-23", "2026-04-29"]
    assert left(tmp_path) == {"api.log", *(f"api-2026-04-{day}.log" for day in (23, 29, 30))}
    clock.at += timedelta(days=7)
    await chores[0].run_once()
    assert left(tmp_path) == {"api.log", "api-2026-04-30.log"}
    assert len(keys()) == 4


async def test_nothing_goes_that_the_bucket_does_not_hold(store: LogStore, tmp_path: Path) -> None:
    local(tmp_path, 8, 9)
    clock = StandingClock(NOW)
    chore = shipping(tmp_path, clock, logs_bucket="anclora-not-there")
    with pytest.raises(UnavailableError, match="There is no bucket"):
        await chore.run_once()
    assert await chore.run_once() is False  # not again at once
    assert len(left(tmp_path)) == 2


async def test_one_process_of_a_machine_ships(store: LogStore, tmp_path: Path) -> None:
    local(tmp_path, 8)
    with (tmp_path / ".anclora-ship.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        await shipping(tmp_path, StandingClock(NOW)).run_once()
        assert (len(left(tmp_path)), keys()) == (1, [])
    await shipping(tmp_path, StandingClock(NOW)).run_once()
    assert (left(tmp_path), len(keys())) == (set(), 1)


async def test_shipping_is_off_without_a_folder_or_a_bucket(tmp_path: Path) -> None:
    for settings in ({}, {"log_dir": tmp_path}, {"logs_bucket": BUCKET}):
        off = LogShipping(load_settings(**settings), StandingClock(NOW))
        assert (await off.run_once(), off.chore) == (False, None)
    gone = shipping(tmp_path / "none", StandingClock(NOW))
    with pytest.raises(InvalidError, match="ANCLORA_LOG_DIR"):
        await gone.run_once()

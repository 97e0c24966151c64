"""A ledger on which every scheduled chore is due, and what each leaves behind, counted."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, LiteralString

import aiohttp
from aiohttp import web

from anclora.backups import Kind, Tier, make, make_key, open_house
from anclora.backups.ledger import keep_good
from anclora.inbound.gaps import open_gap
from anclora.instances.register import connect_webhooks, register
from anclora.kit.clock import SystemClock
from anclora.kit.lifecycle import Loop
from anclora.kit.settings import load_settings
from anclora.oncall import Layer
from anclora.oncall.change import put_person
from anclora.providers.registry import build
from anclora.providers.sandbox import Sandbox, Script
from anclora.providers.sandbox.script import Number, Replies
from anclora.storage.database import Database
from tests.aws_server import BUCKET, s3
from tests.incidents_stage import hire, rotate
from tests.notice_sink import PATH, SECRET, NoticeSink
from tests.waiting import eventually

NUMBER, _COUNTED = "one", 7
SCRIPT = Script(instances=(Number(name=NUMBER),), replies=Replies(share=1.0, delay_ms=(0.0, 0.0)))
_GAP = timedelta(minutes=30)
_OFTEN_SECONDS = 30.0
_ALL = ("anclora.workers", "anclora.logs")  # who starts every loop, and who is loaded only where it is wanted
_OLD_LOG = "api-2026-01-31.log"
_DUE: Sequence[LiteralString] = (
    # Routines of the last day are made up for, Prometheus was heard last an hour ago, and figures wait to be folded.
    "update playbook_routines set expected_since = now() - interval '9 days'",
    "insert into alert_rounds (source, at) values ('alertmanager', now() - interval '1 hour')",
    """insert into tally_deltas (at, instance, class, what, n)
    select date_trunc('day', now()), 'counted', 'utility', 'accepted', 1
    from generate_series(1, %(counted)s::integer)""",
)
_COUNTS: Mapping[str, LiteralString] = {
    "backups": """select case when count(*) < 4 then 0 else max(n) end as n from (
        select count(*) as n from backups where tier not in ('manual', 'base') and failed is null
        group by kind, tier, date_trunc('hour', made_at)) as made""",
    "alert-watch": "select max(signals) as n from incidents where name = 'AncloraWatchdogSilent'",
    "tally-fold": "select sum(accepted) / %(counted)s as n from tallies where instance = 'counted' and grain = 15",
    "reconcile": "select epoch - %(epoch)s as n from queue_epoch",
    "gap-look-up": "select shown / %(lost)s as n from gaps where why = 'asked' and done_at is not null",
}
_TOLD: Mapping[str, tuple[str, ...]] = {
    "report-post": ("Daily summary",),
    "routines": ("Morning routine", "Evening routine"),
    "oncall-handoff": ("On-call passes",),
    "escalation": ("AncloraWatchdogSilent",),
}


def looks_often() -> set[str]:
    """The loops of those that look every few seconds whether something is due, in every process."""
    known = chores()
    return {known[chore].name for chore in (*_COUNTS, *_TOLD) if known[chore].every_seconds <= _OFTEN_SECONDS}


def chores() -> dict[str, type[Loop]]:
    """Every chore there is in the code, and its loop."""
    for module in _ALL:
        import_module(module)
    return {each.chore: each for each in _loops(Loop) if each.chore is not None}


def _loops(of: type[Loop]) -> Iterator[type[Loop]]:
    for each in of.__subclasses__():
        if each.__module__.startswith("anclora."):
            yield each
        yield from _loops(each)


def quiet_zone() -> str:
    """A zone in which it is four at night now, the time at which backups are verified."""
    behind = (datetime.now(UTC).hour - 4) % 24
    return f"Etc/GMT+{behind}" if behind <= 12 else f"Etc/GMT-{24 - behind}"


@dataclass
class Outside(NoticeSink):
    """Who hears of notices, each request counted, and of the heartbeat."""

    told: Counter[str] = field(default_factory=Counter)
    beats: list[float] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            self.beats.append(asyncio.get_running_loop().time())
            return web.Response()
        answer = await super().handle(request)
        self.told[request.headers["webhook-id"]] += 1
        return answer

    def times_told(self, words: str) -> int:
        """How often notices came that begin with these words."""
        return sum(self.told[key] for key, said in self.heard.items() if words in said["data"]["title"])

    def most_beats(self, within_seconds: float) -> int:
        """How many came at most in a time so long."""
        return max((sum(0 <= each - first < within_seconds for each in self.beats) for first in self.beats), default=0)


@dataclass
class Scene:
    """What there is to do, and where it is seen that it was done.

    Attributes:
        env: for every process.
        bucket: a client of S3, where logs go.
        lost: events a gap's look-up shows, once.
        epoch: the lanes', before anybody came.
    """

    outside: Outside
    env: dict[str, str]
    bucket: Any
    lost: int = 0
    epoch: int = 0

    async def runs(self, db: Database) -> dict[str, int]:
        """How often each chore did what it does once a period; those that take turns have a row that counts them."""
        found = {row["chore"]: row["runs"] for row in await db.fetch_all("select chore, runs from chore_turns")}
        known = {"epoch": self.epoch, "lost": self.lost, "counted": _COUNTED}
        for chore, query in _COUNTS.items():
            row = await db.fetch_one(query, **known)
            found[chore] = int(row["n"] or 0) if row else 0
        for chore, titles in _TOLD.items():
            times = [self.outside.times_told(title) for title in titles]
            found[chore] = max(times) if min(times) else 0
        found["escalation"] = min(found["escalation"], 1) and max(found["escalation"], self.outside.most_beats(59))
        versions = await asyncio.to_thread(self.bucket.list_object_versions, Bucket=BUCKET)
        found["log-shipping"] = len(versions.get("Versions", []))
        return found


def scene_in(folder: Path, outside: Outside, **values: str) -> Scene:
    """What every process is told, so that every chore is wanted; and the files they look for."""
    make_key(folder / "backup.key")
    logs = folder / "logs-of-before"
    logs.mkdir()
    (logs / _OLD_LOG).write_text('{"event": "long ago"}\n')
    client = s3()
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    env = values | {
        "ANCLORA_TIMEZONE": quiet_zone(),
        "ANCLORA_BACKUP_URL": str(folder / "kept"),
        "ANCLORA_BACKUP_KEY_FILE": str(folder / "backup.key"),
        "ANCLORA_BACKUP_KINDS": "postgres,config",
        "ANCLORA_BACKUP_WAL_SECONDS": "300",
        "ANCLORA_RETENTION_URL": str(folder / "archive"),
        "ANCLORA_LOG_DIR": str(logs),
        "ANCLORA_LOGS_BUCKET": BUCKET,
        "ANCLORA_LOG_LOCAL_DAYS": "3650",
        "ANCLORA_NOTIFY_WEBHOOK_URL": outside.url + PATH,
        "ANCLORA_NOTIFY_WEBHOOK_SECRET": SECRET,
        "ANCLORA_HEARTBEAT_URL": f"{outside.url}/beat",
        "ANCLORA_REPORT_TO": "webhook",
        "ANCLORA_REPORT_AT": "00:00",
        "ANCLORA_REPORT_LANGUAGE": "en",
        "ANCLORA_OPS_TO": "webhook",
    }
    return Scene(outside, env, client)


async def make_due(db: Database, folder: Path, scene: Scene, sandbox: Sandbox) -> None:
    """Leave something for every chore that finds out by rows what is due."""
    await _lose_a_reply(db, scene, sandbox)
    clock = SystemClock()
    await hire(db, clock, (None, "ben", "cleo", "dan"))
    await put_person(db, "ana", {"email": ["ana@example.com"]}, clock=clock, actor="test")
    monday = clock.now().date() - timedelta(days=clock.now().weekday())
    await rotate(db, clock, Layer.PRIMARY, "ana", "ben", starts_on=monday - timedelta(weeks=2))
    where = {"backup_url": scene.env["ANCLORA_BACKUP_URL"], "backup_key_file": folder / "backup.key"}
    house = open_house(load_settings(database_url=scene.env["DATABASE_URL"], data_dir=folder, **where), clock)
    await keep_good(db, house, await make(house, Kind.CONFIG, Tier.MANUAL))
    for query in _DUE:
        await db.execute(query, counted=_COUNTED)
    row = await db.fetch_one("select epoch from queue_epoch")
    scene.epoch = row["epoch"] if row else 0


async def _lose_a_reply(db: Database, scene: Scene, sandbox: Sandbox) -> None:
    """Somebody answered while nobody listened; the gap in which that was is to be looked up."""
    clock = SystemClock()
    providers = build(load_settings(evolution_api_url=sandbox.url, evolution_api_key=sandbox.api_key), clock)
    provider = providers["evolution"]
    try:
        headers = {"apikey": sandbox.api_key}
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=30)) as session:
            letter = {"number": "34600111222", "text": "hola"}
            async with session.post(f"{sandbox.url}/message/sendText/{NUMBER}", json=letter) as answer:
                assert answer.status == 201, await answer.text()

        async def answered() -> bool:
            now = clock.now()
            scene.lost = len((await provider.find_heard(NUMBER, since=now - _GAP, until=now)).events)
            return scene.lost > 0

        await eventually(answered)
        found = await register(db, "evolution", provider)
        await connect_webhooks(db, found, provider, public_url=scene.env["ANCLORA_PUBLIC_URL"])
        async with db.transaction() as conn:
            await open_gap(conn, NUMBER, clock.now() - _GAP, clock.now(), "asked")
    finally:
        await providers.close()

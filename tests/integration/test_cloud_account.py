"""An account of Meta's through the whole house: numbers and limits, templates, webhooks, all against the simulator."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api_harness import HandClock, House, house

from anclora.inbound.apply import Applier
from anclora.inbound.receive import Inbound
from anclora.inbound.replay import Replay
from anclora.instances import connect_webhooks, register
from anclora.instances.account import AccountNotices
from anclora.instances.limits import LimitsWatch
from anclora.instances.pacing import PacingChange, PacingView, change_pacing, limits_of, read_pacing
from anclora.kit.clock import SystemClock, business_date
from anclora.kit.errors import UnavailableError
from anclora.kit.settings import load_settings
from anclora.notify import Channels
from anclora.providers.cloud import signature_of
from anclora.providers.contract import Sent, Text
from anclora.providers.registry import CLOUD, Providers, build
from anclora.providers.sandbox.graph import Graph, running_graph
from anclora.providers.sandbox.graph_script import GraphNumber, GraphScript, GraphTemplate
from anclora.providers.sandbox.script import Receipts
from anclora.storage.database import Database
from anclora.templates import TemplateSync, listing, sync
from tests.waiting import eventually

FIRST, SECOND = "109876543210001", "109876543210002"
SCRIPT = GraphScript(
    numbers=(GraphNumber(tier="TIER_250"), GraphNumber(id=SECOND, display="+34 911 222 444", throughput="HIGH")),
    templates=(GraphTemplate(name="visit"), GraphTemplate(name="offer", category="MARKETING")),
    receipts=Receipts(server_ack_ms=(1, 2), delivery_ms=(3, 4), read_ms=(5, 6)),
)


@dataclass
class Account:
    """The simulator, the providers that speak to it, the doors and the ledger."""

    graph: Graph
    providers: Providers
    doors: House
    inbound: Inbound

    @property
    def db(self) -> Database:
        return self.doors.deps.db

    async def pacing(self, name: str) -> PacingView:
        """How fast a number goes."""
        return (await read_pacing(self.db, **_today()))[name]

    async def post(self, *changes: dict[str, Any]) -> int:
        """A signed webhook of the account."""
        entry = {"id": SCRIPT.account, "changes": list(changes)}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        proof = signature_of(body, SCRIPT.app_secret)
        answered = await self.doors.ask("POST", "/webhooks/meta", data=body, key=None, X_Hub_Signature_256=proof)
        await self.inbound.close()
        return answered.status

    async def told(self) -> list[tuple[str, dict[str, Any]]]:
        """What integrators hear."""
        rows = await self.db.fetch_all("select subject, data from events where type = 'template.status' order by id")
        return [(row["subject"], row["data"]) for row in rows]


def _today() -> dict[str, Any]:
    return {"default": "qr", "today": business_date(SystemClock().now(), "Europe/Madrid")}


@pytest.fixture
async def account(db: Database, redis: Any, tmp_path: Path) -> AsyncGenerator[Account, None]:
    async with running_graph(SCRIPT, tmp_path / "witness.jsonl") as graph:
        values: dict[str, Any] = {
            "cloud_graph_url": graph.url,
            "cloud_account_id": SCRIPT.account,
            "cloud_token": SCRIPT.token,
            "cloud_app_secret": SCRIPT.app_secret,
            "cloud_verify_token": "v",
        }
        providers = build(load_settings(**values), SystemClock())
        await register(db, CLOUD, providers[CLOUD])
        inbound = Inbound(db, providers, Applier(db))
        async with house(db, redis, inbound=inbound, providers=providers, **values) as doors:
            yield Account(graph, providers, doors, inbound)
        await inbound.close()
        await providers.close()


def template_told(name: str, status: str, reason: str | None = None) -> dict[str, Any]:
    value = {"event": status, "message_template_name": name, "message_template_language": "es", "reason": reason}
    return {"field": "message_template_status_update", "value": value}


async def test_a_message_goes_out_and_its_statuses_come_back_through_the_door(account: Account) -> None:
    rows = [each for each in await register(account.db, CLOUD, account.providers[CLOUD]) if each.provider == CLOUD]
    failures = await connect_webhooks(account.db, rows, account.providers[CLOUD], public_url=account.doors.address)
    assert failures == {}
    assert account.graph.world.callback == f"{account.doors.address}/webhooks/meta"
    reference = "019aac5e-7a00-7000-8000-000000000001"
    outcome = await account.providers[CLOUD].send(SECOND, "34600111222", Text(text="hola"), reference=reference)
    assert isinstance(outcome, Sent)

    async def read() -> bool:
        await account.inbound.close()
        row = await account.db.fetch_one(
            "select instance, rank, reference from provider_messages where provider_id = %(id)s",
            id=outcome.provider_id,
        )
        return row == {"instance": SECOND, "rank": 3, "reference": reference}

    await eventually(read)


async def test_a_number_is_known_by_its_id_and_goes_as_fast_as_meta_lets_it(account: Account) -> None:
    before = await account.pacing(FIRST)
    assert (before.preset, before.provider, before.limits.new_recipients_per_day) == ("cloud", None, 0)
    await LimitsWatch(account.db, account.providers).run_once()
    first, second = await account.pacing(FIRST), await account.pacing(SECOND)
    assert first.provider is not None
    assert (first.provider.tier, first.provider.quality) == ("TIER_250", "GREEN")
    assert (first.limits.new_recipients_per_day, first.limits.per_minute) == (250, 4_800)
    assert (second.limits.new_recipients_per_day, second.limits.per_minute) == (0, 4_800)
    lane = limits_of(first)
    assert (lane.new_keys_per_day, lane.per_second) == (250, 80)


async def test_nobody_can_pace_a_number_above_what_meta_allows(account: Account) -> None:
    await LimitsWatch(account.db, account.providers).run_once()
    wish = PacingChange(per_minute=60_000, new_recipients_per_day=100_000)
    for name, fastest in ((FIRST, 4_800), (SECOND, 60_000)):
        view = await change_pacing(account.db, name, wish, actor="test", **_today())
        assert (view.preset, view.limits.per_minute) == ("cloud", fastest)
    assert (await account.pacing(FIRST)).limits.new_recipients_per_day == 250
    slow = await change_pacing(account.db, FIRST, PacingChange(per_minute=10), actor="test", **_today())
    assert slow.limits.per_minute == 10


async def test_a_new_tier_counts_from_its_event_on(account: Account) -> None:
    await LimitsWatch(account.db, account.providers).run_once()
    value = {"display_phone_number": "34911222333", "event": "UPGRADE", "current_limit": "TIER_10K"}
    assert await account.post({"field": "phone_number_quality_update", "value": value}) == 200
    first, second = await account.pacing(FIRST), await account.pacing(SECOND)
    assert (first.limits.new_recipients_per_day, second.limits.new_recipients_per_day) == (10_000, 0)
    both = {"max_daily_conversations_per_business": "TIER_2K"}
    assert await account.post({"field": "business_capability_update", "value": both}) == 200
    assert [(await account.pacing(name)).limits.new_recipients_per_day for name in (FIRST, SECOND)] == [2_000, 2_000]


async def test_a_provider_that_is_away_leaves_its_last_word(account: Account) -> None:
    await LimitsWatch(account.db, account.providers).run_once()

    class Away:
        async def read_limits(self) -> Any:
            raise UnavailableError("away")

        async def list_templates(self) -> Any:
            raise UnavailableError("away")

    away: Any = {"cloud": Away()}
    assert await LimitsWatch(account.db, away).run_once() is False
    assert await TemplateSync(account.db, away).run_once() is False
    assert (await account.pacing(FIRST)).limits.new_recipients_per_day == 250


async def test_templates_are_read_and_one_that_is_gone_stays_by_its_name(account: Account) -> None:
    synced = await sync(account.db, account.providers)
    assert (synced.count, synced.gone) == (2, [])
    assert [(t.name, t.status, t.category) for t in await listing(account.db)] == [
        ("offer", "APPROVED", "MARKETING"),
        ("visit", "APPROVED", "UTILITY"),
    ]
    account.graph.world.templates.pop()
    assert (await sync(account.db, account.providers)).gone == ["offer (es)"]
    assert [t.name for t in await listing(account.db)] == ["visit"]
    (gone,) = await listing(account.db, name="offer")
    assert gone.gone_at is not None
    account.graph.world.templates.append(GraphTemplate(name="offer"))
    assert (await sync(account.db, account.providers)).gone == []
    assert len(await listing(account.db)) == 2
    assert await account.told() == []  # nothing changed its status


async def test_a_change_of_status_is_told_once_whoever_hears_it_first(account: Account) -> None:
    await sync(account.db, account.providers)
    for _ in range(2):  # Meta repeats itself
        assert await account.post(template_told("visit", "PAUSED")) == 200
    assert [(t.status, t.category) for t in await listing(account.db, name="visit")] == [("PAUSED", "UTILITY")]
    assert await account.post(template_told("new", "REJECTED", "SCAM"), template_told("visit", "APPROVED")) == 200
    account.graph.world.templates[0] = GraphTemplate(name="visit", status="DISABLED")
    await sync(account.db, account.providers)
    changes = [(subject, each["before"], each["status"], each["reason"]) for subject, each in await account.told()]
    assert sorted(changes, key=str) == sorted(
        [
            ("template:visit", "APPROVED", "PAUSED", None),
            ("template:visit", "PAUSED", "APPROVED", None),
            ("template:visit", "APPROVED", "DISABLED", None),
            ("template:new", None, "REJECTED", "SCAM"),
        ],
        key=str,
    )


async def test_the_templates_have_doors(account: Account) -> None:
    doors = account.doors
    synced = await doors.ask("POST", "/api/v1/templates/sync")
    assert (synced.status, synced.json) == (200, {"count": 2, "gone": []})
    found = await doors.ask("GET", "/api/v1/templates?status=APPROVED&name=visit")
    assert [(each["name"], each["provider"]) for each in found.json["templates"]] == [("visit", "cloud")]
    assert (await doors.ask("GET", "/api/v1/templates?status=PAUSED")).json == {"templates": []}
    reader = await doors.make_key("templates:read")
    assert (await doors.ask("POST", "/api/v1/templates/sync", key=reader)).status == 403
    audited = await doors.deps.db.fetch_all("select action, detail from audit where action = 'templates.sync'")
    assert [row["detail"] for row in audited] == [{"count": 2}]


def restriction() -> dict[str, Any]:
    until = [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": "1767139200"}]
    value = {"phone_number": "15550000002", "event": "ACCOUNT_RESTRICTION", "restriction_info": until}
    return {"field": "account_update", "value": value}


async def account_events(account: Account) -> list[dict[str, Any]]:
    rows = await account.db.fetch_all("select id, subject, data from events where type = 'account.changed' order by id")
    unread = await account.db.fetch_all("select event_ids from events_unread")
    assert {row["id"] for row in rows} <= {each for row in unread for each in row["event_ids"]}
    return [{"subject": row["subject"], **row["data"]} for row in rows]


async def test_a_restriction_is_an_event_and_a_notice_once(account: Account) -> None:
    assert await account.post(restriction()) == 200
    clock = HandClock()
    clock.pass_seconds(60)
    replay = Replay(account.db, account.providers, clock, keep_groups=False)
    await replay.span(clock.now() - timedelta(hours=1), clock.now())
    [event] = await account_events(account)
    assert (event["subject"], event["word"], event["severity"]) == ("account:cloud", "ACCOUNT_RESTRICTION", "critical")
    assert "RESTRICTED_BIZ_INITIATED_MESSAGING" in event["text"]
    notices = AccountNotices(account.db, Channels(), load_settings(report_language="en"), clock)
    for _ in range(2):
        await notices.run_once()
    [notice] = await account.db.fetch_all("select severity, title, text from notices")
    assert notice["severity"] == "critical"
    assert notice["title"] == "Meta changes what +15550000002 may do: ACCOUNT_RESTRICTION"
    assert "RESTRICTED_BIZ_INITIATED_MESSAGING" in notice["text"]


async def test_a_better_tier_is_an_event_and_wakes_nobody(account: Account) -> None:
    value = {"display_phone_number": "15550000002", "event": "UPGRADE", "current_limit": "TIER_2K"}
    assert await account.post({"field": "phone_number_quality_update", "value": value}) == 200
    [event] = await account_events(account)
    assert (event["tier"], event["people"], event["severity"]) == ("TIER_2K", 2_000, "info")
    await AccountNotices(account.db, Channels(), load_settings(), HandClock()).run_once()
    assert await account.db.fetch_all("select from notices") == []


async def test_integrators_hear_of_a_templates_status(account: Account) -> None:
    await sync(account.db, account.providers)
    assert await account.post(template_told("visit", "PAUSED")) == 200
    [event] = await account.db.fetch_all("select id from events where type = 'template.status'")
    unread = await account.db.fetch_all("select event_ids from events_unread")
    assert event["id"] in {each for row in unread for each in row["event_ids"]}

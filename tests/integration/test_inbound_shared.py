"""A webhook that speaks of several numbers: stored once, and each event counts for the number it is about."""

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import pytest
from messages_harness import DIGITS, Stage, metric, stage

from anclora.inbound.apply import Applier
from anclora.inbound.receive import Inbound
from anclora.inbound.sweep import InboundSweep
from anclora.kit.errors import InvalidError, SetupError
from anclora.kit.settings import Settings, load_settings
from anclora.providers.contract import Sent
from anclora.providers.registry import Providers, build
from anclora.storage.database import Database

CLOUD: dict[str, Any] = {
    "cloud_account_id": "209",
    "cloud_token": "t",
    "cloud_app_secret": "s",
    "cloud_verify_token": "v",
    "cloud_graph_url": "http://127.0.0.1:1",
    "evolution_api_url": "http://127.0.0.1:1",
    "evolution_api_key": "k",
    "outbox_after_seconds": 0.001,
}


@pytest.fixture
def configured() -> Settings:
    return load_settings(**CLOUD)


@pytest.fixture
async def here(db: Database, redis: Any) -> AsyncGenerator[Stage, None]:
    async with stage(db, redis) as running:
        yield running


@pytest.fixture
async def providers(here: Stage, configured: Settings) -> AsyncGenerator[Providers, None]:
    built = build(configured, here.clock)
    yield built
    await built.close()


def change(number: str, *, statuses: Any = (), messages: Any = ()) -> dict[str, Any]:
    value = {"metadata": {"phone_number_id": number}, "statuses": list(statuses), "messages": list(messages)}
    return {"field": "messages", "value": value}


def body(*changes: dict[str, Any]) -> bytes:
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "209", "changes": changes}]}).encode()


def status(provider_id: str, word: str, **more: Any) -> dict[str, Any]:
    return {"id": provider_id, "status": word, "timestamp": "1767225700", **more}


def words(sender: str) -> dict[str, Any]:
    stamp = str(int(datetime.now(UTC).timestamp()))
    return {"from": sender, "id": f"IN-{sender}", "timestamp": stamp, "type": "text", "text": {"body": "hola"}}


async def sent(here: Stage, provider_id: str, to: str = "+34600111222") -> Any:
    message_id = await here.accept(provider_id, to=to)
    await here.finish(await here.attempt(message_id), Sent(provider_id=provider_id))
    return message_id


async def stored(here: Stage) -> list[dict[str, Any]]:
    return list(await here.db.fetch_all("select instance, kind, body, error from inbound_events order by id"))


async def test_one_body_is_one_row_and_each_event_counts_for_its_number(here: Stage, providers: Providers) -> None:
    ours = await sent(here, "P1")
    raw = body(
        change("other", statuses=[status("P1", "read")]),  # the same id at another number is another message
        change("sales", statuses=[status("P1", "delivered")], messages=[words(DIGITS)]),
    )
    inbound = Inbound(here.db, providers, Applier(here.db))
    assert await inbound.accept_shared("cloud", raw) == {"sales", "other"}
    await inbound.close()
    assert await here.state(ours) == "delivered"
    (row,) = await stored(here)
    assert (row["instance"], row["kind"], bytes(row["body"]), row["error"]) == ("@cloud", "receipt", raw, None)
    known = await here.db.fetch_all("select instance, rank from provider_messages where provider_id = 'P1' order by 1")
    assert [(each["instance"], each["rank"]) for each in known] == [("other", 3), ("sales", 2)]
    heard = await here.db.fetch_one(
        "select last_inbound_at is not null as heard from contacts where phone = %(p)s", p=DIGITS
    )
    assert heard == {"heard": True}


async def test_the_sweep_reads_the_row_again_under_every_number(
    here: Stage, providers: Providers, configured: Settings
) -> None:
    ours = await sent(here, "P1")
    inbound = Inbound(here.db, providers, _Deaf(here.db))
    await inbound.accept_shared("cloud", body(change("sales", statuses=[status("P1", "read")]), change("other")))
    await inbound.close()
    assert await here.state(ours) == "sent"
    await here.db.execute("update inbound_unapplied set created_at = now() - interval '1 minute'")
    await InboundSweep(here.db, providers, configured).run_once()
    assert await here.state(ours) == "read"
    assert await here.db.fetch_all("select id from inbound_unapplied") == []


class _Deaf(Applier):
    """A process that dies between the two commits."""

    def put(self, stored: Any) -> None:
        del stored


async def test_a_failed_status_says_why_in_plain_words(here: Stage, providers: Providers) -> None:
    ours = await sent(here, "P1")
    inbound = Inbound(here.db, providers, Applier(here.db))
    late = status("P1", "failed", errors=[{"code": 131047, "title": "Re-engagement message"}])
    await inbound.accept_shared("cloud", body(change("sales", statuses=[late])))
    await inbound.close()
    row = await here.row(ours)
    assert row["state"] == "failed"
    assert row["reason_text"].startswith("131047: This person's last message is older than 24 hours")


async def test_one_event_that_cannot_be_applied_costs_no_other(here: Stage, providers: Providers) -> None:
    ours = await sent(here, "P1")
    await here.db.execute("alter table provider_messages add constraint no_poison check (not (provider_id = 'POISON'))")
    poisoned = metric("anclora_inbound_poisoned_total")
    inbound = Inbound(here.db, providers, Applier(here.db))
    both = [status("POISON", "read"), status("P1", "read")]
    await inbound.accept_shared("cloud", body(change("sales", statuses=both)))
    await inbound.close()
    assert await here.state(ours) == "read"
    assert poisoned() == 1
    assert [row["error"] for row in await stored(here)] == ["CheckViolation"]


async def test_our_reference_in_a_status_ends_a_doubt(here: Stage, providers: Providers) -> None:
    message_id = await here.accept("unsure")
    intent = await here.attempt(message_id)
    inbound = Inbound(here.db, providers, Applier(here.db))
    told = status("P9", "sent", biz_opaque_callback_data=str(message_id))
    await inbound.accept_shared("cloud", body(change("sales", statuses=[told])))
    await inbound.close()
    row = await here.db.fetch_one("select reference from provider_messages where provider_id = 'P9'")
    assert row == {"reference": str(intent.id)}


async def test_what_is_no_webhook_is_refused_and_not_stored(here: Stage, providers: Providers) -> None:
    inbound = Inbound(here.db, providers, Applier(here.db))
    for junk in (b"", b"{", b"[]", b"7", b"\xff"):
        with pytest.raises(InvalidError):
            await inbound.accept_shared("cloud", junk)
    await inbound.close()
    assert await stored(here) == []


def test_a_provider_that_is_not_configured_names_its_own_settings() -> None:
    with pytest.raises(SetupError, match="ANCLORA_CLOUD_TOKEN") as cloud:
        Providers({})["cloud"]
    assert "EVOLUTION" not in str(cloud.value)
    with pytest.raises(SetupError, match="EVOLUTION_API_URL"):
        Providers({})["evolution"]
    with pytest.raises(SetupError, match=r"ANCLORA_CLOUD_APP_SECRET, ANCLORA_CLOUD_VERIFY_TOKEN"):
        build(load_settings(cloud_token="t", cloud_account_id="1"), Any)  # pyright: ignore[reportArgumentType]


async def test_fifty_thousand_items_in_one_body_are_all_applied(here: Stage, providers: Providers) -> None:
    ours = await sent(here, "P1")
    crowd = [{"id": f"W{number}", "status": "sent"} for number in range(49_999)]
    inbound = Inbound(here.db, providers, Applier(here.db))
    await inbound.accept_shared("cloud", body(change("sales", statuses=[*crowd, status("P1", "read")])))
    await inbound.close()
    assert await here.state(ours) == "read"
    row = await here.db.fetch_one("select count(*)::integer as n from provider_messages where provider_id like 'W%%'")
    assert row == {"n": 49_999}
    assert [each["error"] for each in await stored(here)] == [None]


async def test_deep_json_is_refused_and_costs_nobody_the_door(here: Stage, providers: Providers) -> None:
    inbound = Inbound(here.db, providers, Applier(here.db))
    deep = b'{"object": "whatsapp_business_account", "entry": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    with pytest.raises(InvalidError):
        await inbound.accept_shared("cloud", deep)
    assert await stored(here) == []
    ours = await sent(here, "P1")
    await inbound.accept_shared("cloud", body(change("sales", statuses=[status("P1", "read")])))
    await inbound.close()
    assert await here.state(ours) == "read"

"""Stored webhooks are read again with better eyes; to do it twice changes nothing; what failed can be tried again."""

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from messages_harness import DIGITS, Stage, metric

from anclora.inbound import replay as replaying
from anclora.inbound.apply import Applier
from anclora.inbound.drift import DriftWatch
from anclora.inbound.read import count_failed, find, find_failed
from anclora.inbound.receive import Inbound
from anclora.inbound.replay import Replay
from anclora.kit.errors import InvalidError, NotFoundError
from anclora.kit.ids import new_id
from anclora.kit.settings import load_settings
from anclora.providers.registry import Providers, build


@pytest.fixture
async def evolution(here: Stage) -> AsyncGenerator[Providers, None]:
    providers = build(load_settings(evolution_api_url="http://127.0.0.1:1", evolution_api_key="k"), here.clock)
    yield providers
    await providers.close()


@pytest.fixture
def replay(here: Stage, evolution: Providers) -> Replay:
    here.clock.pass_seconds(1)  # ids of the same millisecond count as stored
    return Replay(here.db, evolution, here.clock, keep_groups=False)


def said(n: int) -> bytes:
    key = {"id": f"3A{n:03}", "remoteJid": f"{DIGITS}@s.whatsapp.net", "fromMe": False}
    data = {"key": key, "message": {"conversation": f"#{n}"}, "messageTimestamp": 1_760_000_000 + n}
    return json.dumps({"event": "messages.upsert", "instance": "sales", "data": data}).encode()


async def store(here: Stage, *bodies: bytes, kind: str = "inbound") -> list[Any]:
    """As an older version left them: stored, and read by nobody."""
    ids = [new_id() for _ in bodies]
    for event_id, body in zip(ids, bodies, strict=True):
        await here.db.execute(
            "insert into inbound_events (id, instance, kind, body) values (%(id)s, 'sales', %(kind)s, %(body)s)",
            id=event_id,
            kind=kind,
            body=body,
        )
    return ids


def span(hours: float = 1) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return now - timedelta(hours=hours), now + timedelta(hours=hours)


async def test_a_span_is_read_in_pages_and_twice_changes_nothing(
    here: Stage, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "_ROUND", 4)
    await store(here, *(said(n) for n in range(10)))
    for heard in (10, 0):
        done = await replay.span(*span())
        total, after, calls = done.heard, done.next, 1
        while after is not None:
            done = await replay.span(*span(), after=after)
            total, after, calls = total + done.heard, done.next, calls + 1
        assert (total, calls) == (heard, 3)
    assert len(await find(here.db)) == 10


async def test_a_call_reads_no_more_than_fits_in_memory(
    here: Stage, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "_ROUND_BYTES", 2 * len(said(0)))
    await store(here, *(said(n) for n in range(5)))
    done = await replay.span(*span())
    assert (done.read, done.next is not None) == (2, True)


async def test_only_the_kind_and_the_number_asked_for_are_read(here: Stage, replay: Replay) -> None:
    await store(here, said(1), kind="messages.upsert")
    assert (await replay.span(*span(), kind="inbound")).read == 0
    assert (await replay.span(*span(), instance="other")).read == 0
    assert (await replay.span(*span(), kind="messages.upsert", instance="sales")).heard == 1


async def test_a_span_that_ends_before_it_begins_is_refused(replay: Replay) -> None:
    since, until = span()
    with pytest.raises(InvalidError):
        await replay.span(until, since)


async def test_what_failed_is_listed_with_its_reason_and_leaves_the_list_once_it_can_be_applied(
    here: Stage, evolution: Providers, replay: Replay
) -> None:
    await here.db.execute("alter table heard add constraint no_poison check (provider_id <> '3A001')")
    inbound = Inbound(here.db, evolution, Applier(here.db))
    for n in range(3):
        await inbound.accept("sales", "evolution", said(n))
    await inbound.close()
    [failed] = await find_failed(here.db)
    assert (failed.error, failed.kind, failed.instance) == ("CheckViolation", "inbound", "sales")
    assert (await replay.failed()).failed == 1
    assert await count_failed(here.db) == 1
    await here.db.execute("alter table heard drop constraint no_poison")
    done = await replay.failed([failed.id])
    assert (done.read, done.heard, done.failed) == (1, 1, 0)
    assert await count_failed(here.db) == 0
    assert len(await find(here.db)) == 3


async def test_a_webhook_nobody_can_read_keeps_its_reason(here: Stage, replay: Replay) -> None:
    await store(here, b"{", said(1))
    done = await replay.span(*span())
    assert (done.read, done.heard, done.failed) == (2, 1, 1)
    [failed] = await find_failed(here.db)
    assert failed.error == "not_an_event"


async def test_unknown_ids_are_an_error_and_nothing_to_do_is_none(replay: Replay) -> None:
    with pytest.raises(NotFoundError):
        await replay.failed([new_id()])
    assert (await replay.failed()).read == 0


async def test_a_member_nobody_knows_is_reported_once_whoever_sees_it(here: Stage, evolution: Providers) -> None:
    drifted = metric("anclora_inbound_drift_total", event="messages.upsert")
    strange = json.loads(said(1))
    strange["data"]["fromTheFuture"] = {"x": 1}
    strange["data"]["message"] = {"holographicMessage": {}}
    receipt = {"event": "messages.update", "data": {"keyId": "A", "status": "READ", "novelty": 1}}
    for _ in range(2):  # two processes
        drift = DriftWatch(here.db, evolution)
        inbound = Inbound(here.db, evolution, Applier(here.db), drift=drift)
        for body in (strange, strange, receipt, receipt):
            await inbound.accept("sales", "evolution", json.dumps(body).encode())
        await inbound.close()
        await drift.run_once()
    rows = await here.db.fetch_all("select event, member from drift order by event, member")
    assert [(row["event"], row["member"]) for row in rows] == [
        ("messages.update", "data.novelty"),
        ("messages.upsert", "data.fromTheFuture"),
        ("messages.upsert", "data.message.holographicMessage"),
    ]
    assert drifted() == 2


async def test_receipts_are_looked_into_one_in_a_thousand(here: Stage, evolution: Providers) -> None:
    drift = DriftWatch(here.db, evolution)
    inbound = Inbound(here.db, evolution, Applier(here.db), drift=drift)
    receipt = json.dumps({"event": "messages.update", "data": {"keyId": "A", "status": "READ"}}).encode()
    for _ in range(1_500):
        inbound.offer("sales", "evolution", receipt)
    await inbound.close()
    assert len(drift._waiting) == 2

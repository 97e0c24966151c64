"""Receipt and result meet on one row: whichever comes first, the message ends where the receipt says."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from anclora.kit.ids import new_id
from anclora.messages import receipts
from anclora.messages.attempt import Result
from anclora.messages.intent import Intent
from anclora.messages.model import MessageClass, State
from anclora.messages.results import store
from anclora.messages.rules import Trial, Verdict
from anclora.providers.contract import ReceiptEvent, Sent, Text
from anclora.queue import Claimed
from anclora.storage.database import Database

NOW = datetime.now(UTC)


async def sending(db: Database) -> dict[str, Any]:
    message: dict[str, Any] = {"id": new_id(), "contact": new_id(), "worker": uuid4()}
    await db.execute(
        "insert into messages (id, account, instance, contact_id, recipient, content, kind, class, priority, state,"
        " ordinal, attempt, worker_id, intent_at) values (%(id)s, 'main', 'one', %(contact)s, '34600111222', '{}',"
        " 'text', 'utility', 2, 'sending', 1, 1, %(worker)s, now())",
        **message,
    )
    return message


async def store_result(db: Database, message: dict[str, Any]) -> None:
    intent = Intent(
        id=message["id"],
        attempt=1,
        instance="one",
        recipient="34600111222",
        content=Text(text="hola"),
        trial=Trial(kind=MessageClass.UTILITY, tries=0, lane_refusals=0, due_since=NOW),
        intent_at=NOW,
        began_boot_seconds=0.0,
        claimed=Claimed(id=str(message["id"]), lane="send:one", token="1", probe=False, order_key="", priority=2),
    )
    result = Result(intent=intent, outcome=Sent(provider_id="X"), verdict=Verdict(state=State.SENT), at=NOW)
    await store(db, [result], message["worker"])


async def store_receipt(db: Database, rank: int) -> None:
    async with db.transaction() as connection:
        facts = receipts.gather([("one", ReceiptEvent(provider_id="X", rank=rank))], NOW)
        await receipts.apply(connection, facts, NOW)


async def state(db: Database) -> str:
    row = await db.fetch_one("select state from messages")
    return str(row["state"]) if row else ""


@pytest.mark.parametrize("receipt_first", [True, False])
async def test_whichever_comes_first_the_rank_arrives(db: Database, *, receipt_first: bool) -> None:
    message = await sending(db)
    if receipt_first:
        await store_receipt(db, 3)
        assert await state(db) == "sending"
        await store_result(db, message)
    else:
        await store_result(db, message)
        assert await state(db) == "sent"
        await store_receipt(db, 3)
    assert await state(db) == "read"


async def test_a_late_lower_receipt_changes_nothing_and_an_error_loses_against_a_delivery(db: Database) -> None:
    await store_result(db, await sending(db))
    await store_receipt(db, 2)
    for late in (1, 0, 2):
        await store_receipt(db, late)
        assert await state(db) == "delivered"


async def test_a_late_nack_fails_a_message_that_is_only_sent(db: Database) -> None:
    await store_result(db, await sending(db))
    await store_receipt(db, 0)
    assert await state(db) == "failed"

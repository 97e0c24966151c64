"""Contacts become one by evidence or by hand, and part again: nothing said of a person gets lost on the way."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api_harness import HandClock, House, house
from messages_harness import Stage, send_round, stage

from anclora.contacts import Evidence, merge, opt_in, opt_out, resolve, show, split
from anclora.kit.errors import InvalidError, NotFoundError
from anclora.kit.settings import load_settings
from anclora.providers.registry import EVOLUTION, build
from anclora.providers.sandbox import Script, running_sandbox
from anclora.providers.sandbox.script import Number
from anclora.storage.database import Database

A, B, LID = "34600111222", "34600333444", "lid:9988"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


async def told(db: Database, *addresses: str) -> None:
    async with db.transaction() as conn:
        await resolve(conn, [Evidence(addresses=addresses, at=NOW, why="test")])


async def refused(db: Database, phone: str) -> bool:
    """Whether the dispatcher's statement would block a message to this number."""
    row = await db.fetch_one("select opted_out_at is not null as out from contacts where phone = %(p)s", p=phone)
    assert row is not None
    return bool(row["out"])


async def test_an_opt_out_under_one_address_counts_under_all(db: Database) -> None:
    await told(db, f"phone:{A}", LID)
    await told(db, f"phone:{B}")
    await opt_out(db, B, "asked", actor="test")
    assert not await refused(db, A)
    await told(db, f"phone:{B}", LID)  # they turn out to be one person
    assert await refused(db, A)
    assert (await show(db, A)).id == (await show(db, B)).id == (await show(db, LID)).id
    await opt_in(db, A, actor="test")
    assert not await refused(db, A)
    assert not await refused(db, B)
    await opt_out(db, A, "again", actor="test")
    assert await refused(db, B)


async def test_a_merge_by_hand_is_taken_back_whole(db: Database) -> None:
    await told(db, f"phone:{A}")
    await told(db, f"phone:{B}", LID)
    await opt_out(db, B, "asked", actor="test")
    before = await show(db, A), await show(db, B)
    whole = await merge(db, A, LID, actor="test")
    assert {each.value for each in whole.addresses} == {A, B, "9988"}
    assert await refused(db, A)
    assert (await split(db, LID, actor="test")).phone == B
    assert (await show(db, A), await show(db, B)) == before
    rows = await db.fetch_all("select action from audit order by id")
    assert [row["action"] for row in rows] == ["contact.opt_out", "contact.merge", "contact.split"]


async def test_what_was_said_since_a_merge_survives_its_end(db: Database) -> None:
    await told(db, f"phone:{A}")
    await told(db, f"phone:{B}")
    await merge(db, A, B, actor="test")
    await opt_out(db, B, "now", actor="test")
    await split(db, B, actor="test")
    assert await refused(db, A)
    assert await refused(db, B)


async def test_no_evidence_joins_again_what_a_person_parted(db: Database) -> None:
    await told(db, f"phone:{A}", LID)
    alone = await split(db, LID, actor="test")
    assert (alone.phone, [each.value for each in alone.addresses]) == (None, ["9988"])
    await told(db, f"phone:{A}", LID)
    await told(db, LID, f"phone:{A}", "cloud:x")
    assert (await show(db, LID)).id != (await show(db, A)).id
    assert (await merge(db, A, LID, actor="test")).id == (await show(db, A)).id  # but a person may


async def test_merges_of_merges_part_one_after_the_other(db: Database) -> None:
    for each in (f"phone:{A}", f"phone:{B}", LID):
        await told(db, each)
    await merge(db, B, LID, actor="test")
    await merge(db, A, B, actor="test")
    assert len({(await show(db, each)).id for each in (A, B, LID)}) == 1
    await split(db, B, actor="test")
    assert (await show(db, B)).id == (await show(db, LID)).id != (await show(db, A)).id
    await split(db, LID, actor="test")
    assert len({(await show(db, each)).id for each in (A, B, LID)}) == 3


async def test_what_cannot_be_done_says_so(db: Database) -> None:
    await told(db, f"phone:{A}")
    for call, error in (
        (merge(db, A, f"phone:{A}", actor="test"), InvalidError),
        (merge(db, A, B, actor="test"), NotFoundError),
        (split(db, A, actor="test"), InvalidError),
        (split(db, "lid:1", actor="test"), NotFoundError),
    ):
        with pytest.raises(error):
            await call
    await told(db, f"phone:{A}", LID)
    with pytest.raises(InvalidError):
        await split(db, A, actor="test")


async def test_a_message_keeps_the_number_asked_for_and_its_person_gets_the_other(
    db: Database, redis: Any, tmp_path: Path
) -> None:
    asked, found = "5511999990001", "551199990001"
    script = Script(instances=(Number(name="sales"),), aliases={asked: found})
    clock = HandClock()
    async with running_sandbox(script, tmp_path / "w") as sandbox:
        given = {"evolution_api_url": sandbox.url, "evolution_api_key": sandbox.api_key}
        providers = build(load_settings(**given), clock)
        async with stage(db, redis, providers[EVOLUTION], **given) as here:
            message_id = await sent(here, f"+{asked}")
            assert (await here.row(message_id))["recipient"] == asked
            person = await show(db, asked)
            assert {each.value for each in person.addresses} == {asked, found}
            assert (await show(db, found)).id == person.id
            await opt_out(db, found, "asked from there", actor="test")
            assert await refused(db, asked)
        await providers.close()


async def sent(here: Stage, to: str) -> Any:
    message_id = await here.accept("hola", to=to)
    await send_round(await here.dispatcher())
    assert await here.state(message_id) == "sent"
    return message_id


@pytest.fixture
async def doors(db: Database, redis: Any) -> Any:
    async with house(db, redis) as running:
        yield running


async def test_the_doors_take_numbers_as_people_write_them(doors: House, db: Database) -> None:
    await told(db, f"phone:{A}")
    await told(db, LID)
    merged = await doors.ask("POST", "/api/v1/contacts/merge", json={"one": "+34 600 111 222", "other": LID})
    assert (merged.status, merged.json["phone"]) == (200, A)
    shown = await doors.ask("GET", f"/api/v1/contacts/{LID}")
    assert shown.json == merged.json
    parted = await doors.ask("POST", "/api/v1/contacts/split", json={"address": LID})
    assert (parted.status, parted.json["phone"]) == (200, None)
    again = await doors.ask("POST", "/api/v1/contacts/split", json={"address": LID})
    assert (again.status, again.json["code"]) == (422, "only_address")
    reader = await doors.make_key("contacts:read")
    assert (await doors.ask("POST", "/api/v1/contacts/merge", json={"one": A, "other": B}, key=reader)).status == 403

"""Opting out and in on a real ledger."""

import pytest

from anclora.audit import recent
from anclora.contacts import opt_in, opt_out, set_zone, show
from anclora.kit.errors import InvalidError, NotFoundError
from anclora.storage.database import Database

PHONE = "34600111222"


async def test_somebody_nobody_has_written_to_can_opt_out(db: Database) -> None:
    contact = await opt_out(db, PHONE, "asked on the phone", actor="cli")
    assert contact.opted_out_at is not None
    assert contact == await show(db, PHONE)


async def test_the_first_opt_out_stands_and_is_audited_once(db: Database) -> None:
    first = await opt_out(db, PHONE, "first", actor="cli")
    assert await opt_out(db, PHONE, "second", actor="cli") == first
    entries = await recent(db)
    assert [(entry.action, entry.detail) for entry in entries] == [("contact.opt_out", {"reason": "first"})]
    assert entries[0].subject == f"contact:{first.id}"


async def test_opting_in_again_takes_it_back_once(db: Database) -> None:
    await opt_out(db, PHONE, actor="cli")
    for _ in range(2):
        contact = await opt_in(db, PHONE, actor="ana")
        assert (contact.opted_out_at, contact.opt_out_reason) == (None, None)
    assert [entry.action for entry in await recent(db)] == ["contact.opt_in", "contact.opt_out"]


async def test_an_unknown_number_has_nothing_to_show_or_to_take_back(db: Database) -> None:
    with pytest.raises(NotFoundError):
        await show(db, PHONE)
    with pytest.raises(NotFoundError):
        await opt_in(db, PHONE, actor="cli")


@pytest.mark.parametrize("reason", ["a" * 201, "a\x00b", "half \ud800", "two\nlines"])
async def test_a_reason_that_cannot_be_stored_stores_nothing(db: Database, reason: str) -> None:
    with pytest.raises(InvalidError):
        await opt_out(db, PHONE, reason, actor="cli")
    with pytest.raises(NotFoundError):
        await show(db, PHONE)


async def test_where_a_person_is_can_be_said_and_taken_back_and_is_audited_once(db: Database) -> None:
    for _ in range(2):
        assert (await set_zone(db, PHONE, "Atlantic/Canary", actor="ana")).zone == "Atlantic/Canary"
    assert (await set_zone(db, PHONE, None, actor="ana")).zone is None
    with pytest.raises(InvalidError, match="no IANA time zone"):
        await set_zone(db, PHONE, "Madrid", actor="ana")
    assert [entry.detail for entry in await recent(db)] == [{"zone": None}, {"zone": "Atlantic/Canary"}]

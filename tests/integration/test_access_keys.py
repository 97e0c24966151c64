"""API keys on a real ledger: shown once, stored hashed, checked in constant time, gone within five seconds."""

import pytest
from api_harness import HandClock

from anclora.access import Access, create, list_keys, revoke
from anclora.audit import recent, record
from anclora.kit.errors import ForbiddenError, InvalidError, NotFoundError, UnauthorizedError
from anclora.storage.database import Database


async def test_a_key_is_shown_once_and_stored_as_a_hash(db: Database) -> None:
    made = await create(db, account="main", name="crm", scopes=["messages:send"])
    assert made.text.startswith(f"ak_{made.key.prefix}")
    assert len(made.text) == 56
    rows = await db.fetch_all("select api_keys::text as all from api_keys")
    assert made.text not in rows[0]["all"]
    assert made.text not in repr(made)
    assert [key.id for key in await list_keys(db)] == [made.key.id]


async def test_the_caller_behind_a_key_has_its_account_and_scopes(db: Database) -> None:
    made = await create(db, account="main", name="crm", scopes=["messages:send", "messages:send"])
    caller = await Access(db, HandClock()).check(made.text)
    assert (caller.account, caller.key_id, caller.name) == ("main", made.key.id, "crm")
    assert caller.scopes == {"messages:send"}
    caller.require("messages:send")
    with pytest.raises(ForbiddenError, match=r"anclora keys create .*--scope messages:read") as refused:
        caller.require("messages:read")
    assert refused.value.code == "missing_scope"


@pytest.mark.parametrize("given", [None, "", "ak_", "nonsense", "ak_" + "a" * 53, "ak_" + "é" * 53, "ak_\x00"])
async def test_what_is_no_key_is_refused(db: Database, given: str | None) -> None:
    with pytest.raises(UnauthorizedError):
        await Access(db, HandClock()).check(given)


async def test_the_right_prefix_with_another_secret_is_refused_from_memory_too(db: Database) -> None:
    made = await create(db, account="main", name="crm", scopes=["messages:send"])
    access = Access(db, HandClock())
    wrong = made.text[:-1] + ("a" if made.text[-1] != "a" else "b")
    for _ in range(2):
        with pytest.raises(UnauthorizedError):
            await access.check(wrong)
        await access.check(made.text)


async def test_a_revoked_key_works_for_five_seconds_at_most(db: Database) -> None:
    clock = HandClock()
    access = Access(db, clock)
    made = await create(db, account="main", name="crm", scopes=["messages:send"])
    await access.check(made.text)
    assert (await revoke(db, made.text[:13])).revoked_at is not None
    await access.check(made.text)
    clock.pass_seconds(5)
    with pytest.raises(UnauthorizedError):
        await access.check(made.text)


async def test_a_checked_key_costs_no_query_for_five_seconds(db: Database) -> None:
    access = Access(db, HandClock())
    made = await create(db, account="main", name="crm", scopes=["messages:send"])
    await access.check(made.text)
    await db.close()
    assert (await access.check(made.text)).name == "crm"


@pytest.mark.parametrize(
    ("name", "scopes", "code"),
    [
        ("", ["messages:send"], "invalid"),
        ("a" * 101, ["messages:send"], "invalid"),
        ("a\x00", ["messages:send"], "invalid"),
        ("crm", [], "invalid_scope"),
        ("crm", ["everything"], "invalid_scope"),
    ],
)
async def test_a_key_without_a_name_or_a_known_scope_is_not_made(
    db: Database, name: str, scopes: list[str], code: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        await create(db, account="main", name=name, scopes=scopes)
    assert refused.value.code == code
    assert await list_keys(db) == []


async def test_unknown_account_and_unknown_key_are_named(db: Database) -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        await create(db, account="nobody", name="crm", scopes=["messages:send"])
    for which in ("ak_nothing", "\x00"):
        with pytest.raises(NotFoundError, match="anclora keys list"):
            await revoke(db, which)


async def test_changes_are_audited_in_their_own_transaction(db: Database) -> None:
    made = await create(db, account="main", name="crm", scopes=["messages:send"], actor="ana", record=record)
    await revoke(db, str(made.key.id), actor="eva", record=record)
    with pytest.raises(NotFoundError):
        await revoke(db, str(made.key.id), record=record)
    entries = await recent(db)
    assert [(entry.actor, entry.action) for entry in entries] == [("eva", "key.revoke"), ("ana", "key.create")]
    assert {entry.subject for entry in entries} == {f"key:{made.key.id}"}
    assert made.text[13:] not in str(entries)
    assert len(await recent(db, 1)) == 1

"""The chain of the audit trail: what changes a link, and what a head looks like."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from uuid import UUID

import msgspec
import pytest

from anclora.audit import Entry, Head, head_of
from anclora.audit.chain import GENESIS, link
from anclora.kit.errors import InvalidError

FACT = Entry(
    id=UUID(int=7),
    at=datetime(2026, 1, 31, 8, 0, 0, 104, tzinfo=UTC),
    actor="cli",
    action="key.create",
    subject="key:1",
    detail={"b": 1, "a": ["ñ", None, 0.5]},
)


def test_the_link_is_the_documented_one_whatever_the_order_of_keys_and_the_zone() -> None:
    known = (
        '{"action":"key.create","actor":"cli","at":"2026-01-31T08:00:00.000104+00:00",'
        '"detail":{"a":["ñ",null,0.5],"b":1},"id":"00000000-0000-0000-0000-000000000007","subject":"key:1"}'
    )
    same = msgspec.structs.replace(
        FACT, detail={"a": ["ñ", None, 0.5], "b": 1}, at=FACT.at.astimezone(timezone(timedelta(hours=1)))
    )
    assert link(GENESIS, FACT) == link(GENESIS, same)
    assert link(GENESIS, FACT) == sha256(bytes(32) + known.encode()).digest()


@pytest.mark.parametrize(
    "change",
    [
        {"id": UUID(int=8)},
        {"at": FACT.at + timedelta(microseconds=1)},
        {"actor": "key:2"},
        {"action": "key.revoke"},
        {"subject": "key:2"},
        {"detail": {}},
        {"detail": {"b": 1, "a": ["ñ", None, 0.25]}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_is_changed_changes_the_link(change: dict[str, object]) -> None:
    assert link(GENESIS, FACT) != link(GENESIS, msgspec.structs.replace(FACT, **change))


def test_the_fact_before_is_part_of_the_link() -> None:
    assert link(GENESIS, FACT) != link(bytes(31) + b"\1", FACT)


def test_a_head_reads_back_and_nothing_else_does() -> None:
    head = Head(12, "ab" * 32)
    assert head_of(str(head)) == head
    for wrong in ("", "12", "12:", "x:" + "ab" * 32, "12:" + "AB" * 32, "12:" + "ab" * 31):
        with pytest.raises(InvalidError, match="PLACE:HASH"):
            head_of(wrong)

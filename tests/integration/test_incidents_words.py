"""What alerts say becomes words that can be stored and told, or is refused with a sentence."""

from typing import Any

import pytest

from anclora.incidents import Intake, State
from anclora.incidents.read import find_incident, list_incidents
from anclora.kit.errors import InvalidError
from anclora.storage.database import Database
from tests.incidents_stage import at, signal, stage

NIGHT = at("2026-11-25T03:00")  # a Wednesday


async def test_what_is_no_signal_is_refused(db: Database) -> None:
    refused: list[dict[str, Any]] = [
        {"fingerprint": ""},
        {"fingerprint": "x" * 201},
        {"summary": "two\nlines"},
        {"labels": {"a": "\x00"}},
        {"name": " "},
    ]
    async with stage(db, NIGHT, team=(None, None, None, None)) as one:
        for words in refused:
            with pytest.raises(InvalidError):
                await one.wrong(**words)
        assert await list_incidents(db, state=None, severity=None, name=None, before=None, limit=10) == []


async def test_whatever_an_alert_says_it_is_heard(db: Database) -> None:
    async with stage(db, NIGHT) as one:
        odd = signal(NIGHT, labels={"a": "x\x00y\n" * 200}, summary="two\nlines " * 100, fingerprint="f" * 300)
        intake = Intake(one.clock)
        async with db.transaction() as conn:
            await intake.raised(conn, odd)
            await intake.raised(conn, odd)
        [found] = await list_incidents(db, state="open", severity=None, name=None, before=None, limit=10)
        assert (found.signals, found.summary[:9], found.labels["a"][:3]) == (2, "two lines", "x?y")
        await one.tick()
        assert one.mailed() == {"ana": 1}
        async with db.transaction() as conn:
            await intake.cleared(conn, odd)
        assert (await find_incident(db, found.id)).incident.state is State.RESOLVED
